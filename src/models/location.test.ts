import { describe, expect, it } from 'vitest';
import { ancestors, displayName, httpsLink, nameBelow, parentOf, parsePlace } from './location';

describe('parsePlace', () => {
  it.each([
    ['s3://b-1/a/b.csv', { bucket: 'b-1', rest: 'a/b.csv' }],
    ['  s3://b-1  ', { bucket: 'b-1', rest: '' }],
    ['s3://b-1//x//', { bucket: 'b-1', rest: '/x//' }],
    ['s3://b-1/a%20b', { bucket: 'b-1', rest: 'a%20b' }],
    ['arn:aws:s3:::b-1/a', { bucket: 'b-1', rest: 'a' }],
    ['arn:aws-cn:s3:::b-1', { bucket: 'b-1', rest: '' }],
    ['https://b.1.s3.eu-west-1.amazonaws.com/a%20b/c', { bucket: 'b.1', rest: 'a b/c' }],
    ['https://s3.us-east-1.amazonaws.com/b-1/a', { bucket: 'b-1', rest: 'a' }],
    ['http://localhost:9000/b-1/a/', { bucket: 'b-1', rest: 'a/' }],
    ['https://s3.amazonaws.com/b-1/a', { bucket: 'b-1', rest: 'a' }],
    ['https://s3-us-west-2.amazonaws.com/b-1/a/', { bucket: 'b-1', rest: 'a/' }],
    ['https://b-1.s3.amazonaws.com/', { bucket: 'b-1', rest: '' }],
    ['https://b-1.s3-eu-west-1.amazonaws.com/a%2Bb', { bucket: 'b-1', rest: 'a+b' }],
    ['https://s3.b-1.s3.eu-west-1.amazonaws.com/a', { bucket: 's3.b-1', rest: 'a' }],
    ['https://s3.dualstack.us-east-1.amazonaws.com/b-1/a', { bucket: 'b-1', rest: 'a' }],
    ['https://b-1.s3.dualstack.us-east-1.amazonaws.com/a', { bucket: 'b-1', rest: 'a' }],
    ['https://b-1.s3-fips.us-gov-west-1.amazonaws.com/a', { bucket: 'b-1', rest: 'a' }],
    ['https://b-1.s3-accelerate.amazonaws.com/a', { bucket: 'b-1', rest: 'a' }],
    ['https://b-1.s3-accelerate.dualstack.amazonaws.com/a', { bucket: 'b-1', rest: 'a' }],
    ['http://b-1.s3-website-us-east-1.amazonaws.com/a/', { bucket: 'b-1', rest: 'a/' }],
    ['http://b-1.s3-website.eu-central-1.amazonaws.com/a', { bucket: 'b-1', rest: 'a' }],
    ['https://b-1.s3.cn-north-1.amazonaws.com.cn/a', { bucket: 'b-1', rest: 'a' }],
    ['https://b-1.s3.eu-west-1.amazonaws.com/a?X-Amz-Signature=0a&X-Amz-Date=1', { bucket: 'b-1', rest: 'a' }],
    [
      'https://s3.console.aws.amazon.com/s3/buckets/b-1?region=eu-west-1&prefix=a/b%20c/',
      { bucket: 'b-1', rest: 'a/b c/' }
    ],
    ['https://eu-west-1.console.aws.amazon.com/s3/buckets/b-1?tab=objects', { bucket: 'b-1', rest: '' }],
    ['https://us-east-1.console.aws.amazon.com/s3/object/b-1?prefix=a/key.csv', { bucket: 'b-1', rest: 'a/key.csv' }],
    ['https://s3.console.aws.amazon.com/s3/buckets/b-1/a/b/', { bucket: 'b-1', rest: 'a/b/' }],
    ['b-1/x/', { bucket: 'b-1', rest: 'x/' }]
  ])('reads %s', (text, place) => {
    expect(parsePlace(text)).toEqual(place);
  });

  it('knows the buckets before the host of the service in use', () => {
    const endpoint = 'https://objects.example.org:9000';
    expect(parsePlace('https://b-1.objects.example.org:9000/a', endpoint)).toEqual({ bucket: 'b-1', rest: 'a' });
    expect(parsePlace('https://objects.example.org:9000/b-1/a', endpoint)).toEqual({ bucket: 'b-1', rest: 'a' });
  });

  it.each([
    '',
    's3://',
    'https://s3.console.aws.amazon.com/s3/home',
    'https://s3.amazonaws.com/',
    '/a',
    'gs://b/a',
    'https://',
    'a b'
  ])('refuses %j', text => {
    expect(parsePlace(text)).toBeNull();
  });
});

describe('httpsLink', () => {
  it('is what parsePlace reads', () => {
    const key = 'a b/ü+?#%/c.csv';
    for (const [service, bucket] of [
      [{ endpoint_url: null, region: 'eu-west-1' }, 'b-1'],
      [{ endpoint_url: null, region: 'cn-north-1' }, 'dotted.name'],
      [{ endpoint_url: 'http://127.0.0.1:9000/', region: null }, 'b-1']
    ] as const) {
      expect(parsePlace(httpsLink(service, bucket, key))).toEqual({ bucket, rest: key });
    }
  });
});

describe('names', () => {
  it('finds parents and steps', () => {
    expect(['a/b/c', 'a/b/', 'a', 'a//'].map(parentOf)).toEqual(['a/b/', 'a/', '', 'a/']);
    expect(ancestors('a//b/')).toEqual([
      { name: 'a', prefix: 'a/' },
      { name: '', prefix: 'a//' },
      { name: 'b', prefix: 'a//b/' }
    ]);
    expect([nameBelow('a/', 'a/b/'), nameBelow('a/', 'a/b'), nameBelow('a/', 'a/')]).toEqual(['b', 'b', '']);
  });

  it('shows what would hide or turn the text', () => {
    expect(displayName('a\nb')).toBe('a\u240ab');
    expect(displayName('x\u202efdp.exe')).toBe('x\ufffdfdp.exe');
    expect(displayName('<b>ä 🎉')).toBe('<b>ä 🎉');
  });
});

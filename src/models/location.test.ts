import { describe, expect, it } from 'vitest';
import { ancestors, displayName, nameBelow, parentOf, parsePlace } from './location';

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
    ['b-1/x/', { bucket: 'b-1', rest: 'x/' }]
  ])('reads %s', (text, place) => {
    expect(parsePlace(text)).toEqual(place);
  });

  it.each(['', 's3://', '/a', 'gs://b/a', 'https://', 'a b'])('refuses %j', text => {
    expect(parsePlace(text)).toBeNull();
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

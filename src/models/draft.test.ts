import { describe, expect, it } from 'vitest';
import type { ConnectionInfo } from '../api/schema';
import { connection } from '../testing/records';
import { bucketNames, draftOf, emptyDraft, faultsOf, freeName, presetFor, toDraft } from './draft';

const none = { access_key: '', secret_key: '', session_token: '' };
const keys = { access_key: ' AK ', secret_key: 'SK', session_token: '' };
const rules = { needsEndpoint: false, hasKeys: false, taken: ['lab'] };

describe('faultsOf', () => {
  const valid = { ...emptyDraft(), name: 'new' };

  it('finds nothing wrong with a name and keys', () => {
    expect(faultsOf(valid, keys, rules)).toEqual([]);
  });

  it.each([
    ['name', { name: ' ' }, keys, {}],
    ['taken', { name: ' lab ' }, keys, {}],
    ['endpoint', { endpoint_url: null }, keys, { needsEndpoint: true }],
    ['endpoint', { endpoint_url: 'minio:9000' }, keys, { needsEndpoint: true }],
    ['endpoint', { endpoint_url: 'https://<account id>.r2' }, keys, { needsEndpoint: true }],
    ['profile', { credentials: 'profile' as const }, none, {}],
    ['keys', {}, none, {}],
    ['keys', {}, { ...none, access_key: 'AK' }, { hasKeys: true }]
  ])('%s is wrong with %j', (fault, change, secrets, more) => {
    expect(faultsOf({ ...valid, ...change }, secrets, { ...rules, ...more })).toEqual([fault]);
  });

  it('lets saved keys stay', () => {
    expect(faultsOf(valid, none, { ...rules, hasKeys: true })).toEqual([]);
  });
});

describe('toDraft', () => {
  it('sends blanks as nothing, and keys without the blanks around them', () => {
    const entered = { ...emptyDraft(), name: ' lab ', region: ' ', endpoint_url: ' https://s3.example.org ' };
    expect(toDraft(entered, keys)).toMatchObject({
      name: 'lab',
      region: null,
      endpoint_url: 'https://s3.example.org',
      access_key: 'AK',
      secret_key: 'SK',
      session_token: null
    });
  });

  it('sends no keys that were typed before another way was chosen', () => {
    const entered = {
      ...emptyDraft(),
      name: 'a',
      credentials: 'anonymous' as const,
      role_arn: 'arn:aws:iam::1:role/r'
    };
    expect(toDraft(entered, keys)).toMatchObject({ access_key: null, secret_key: null, role_arn: null });
  });
});

describe('where keys are kept', () => {
  it('is a keyring only where the server has one', () => {
    expect(emptyDraft().keep_in).toBe('keyring');
    expect(emptyDraft(false).keep_in).toBe('aws-credentials-file');
    const info = connection('a', { kind: 'custom' }, { secret: 'none' });
    expect(draftOf(info, 'a', false).keep_in).toBe('aws-credentials-file');
    expect(draftOf({ ...info, secret: 'keyring' }, 'a', false).keep_in).toBe('keyring');
  });
});

describe('draftOf', () => {
  it.each([
    ['keys', connection('a', { kind: 'custom' }, { secret: 'keyring' })],
    ['profile', connection('a', { kind: 'profile', profile: 'a' })],
    ['environment', connection('a', { kind: 'environment' })],
    ['anonymous', connection('a', { kind: 'anonymous', anonymous: true })]
  ] as [string, ConnectionInfo][])('of a connection by %s', (credentials, info) => {
    expect(draftOf(info, 'copy')).toMatchObject({ name: 'copy', credentials });
  });
});

it('free names count on', () => {
  expect(freeName('lab', ['lab'])).toBe('lab 2');
  expect(freeName('lab 2', ['lab', 'lab 2', 'lab 3'])).toBe('lab 4');
});

it('buckets are taken as people list them', () => {
  expect(bucketNames('a, s3://b/c/d\n e;;a')).toEqual(['a', 'b', 'e']);
  expect(bucketNames('')).toEqual([]);
});

it.each([
  [null, 'aws'],
  ['https://0123.r2.cloudflarestorage.com', 'r2'],
  ['https://s3.eu-central-1.wasabisys.com', 'wasabi'],
  ['http://localhost:9000', 'other']
])('the preset of %s is %s', (endpoint, id) => {
  expect(presetFor(endpoint).id).toBe(id);
});

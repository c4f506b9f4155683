import { describe, expect, it } from 'vitest';
import { isFresh, openingOf } from './opening';

const said = { uri: 's3://b/a.csv', connection: 'demo', at: '2026-01-01T00:00:00+00:00', nonce: 'n' };

describe('what a notebook wants opened', () => {
  it('is obeyed at once, and never later', () => {
    expect(isFresh(openingOf(said), new Date('2026-01-01T00:00:05Z'))).toBe(true);
    expect(isFresh(openingOf(said), new Date('2026-01-01T00:00:31Z'))).toBe(false);
    expect(isFresh(openingOf(said), new Date('2025-12-31T23:59:00Z'))).toBe(false);
  });

  it('is not obeyed where it cannot be told when it was said', () => {
    const now = new Date('2026-01-01T00:00:05Z');
    expect(isFresh(openingOf({ ...said, at: 'now' }), now)).toBe(false);
    expect(isFresh(openingOf({ ...said, at: undefined }), now)).toBe(false);
    expect(isFresh(openingOf({ ...said, nonce: undefined }), now)).toBe(false);
  });

  it('is understood as far as it goes', () => {
    expect(openingOf({ uri: 7, connection: '' })).toEqual({ uri: null, connection: null, at: '', nonce: '' });
    expect(openingOf('s3://b/')).toEqual({ uri: null, connection: null, at: '', nonce: '' });
  });
});

import { describe, expect, it } from 'vitest';
import type { IEntry } from './browser';
import { isPrefix, looksLikeDataSet } from './dataset';

const entry = (kind: IEntry['kind'], name: string): IEntry => ({ kind, key: name, name, size: 1, modified: null });

describe('looksLikeDataSet', () => {
  it.each(['x.ms/', 'deep/X.MS/', 'a.zarr/'])('knows %s by its name', prefix => {
    expect(looksLikeDataSet(prefix)).toBe(true);
  });

  it.each(['', 'x/', 'x.msg/', 'ms/', 'x.ms'])('takes %j for a folder', prefix => {
    expect(looksLikeDataSet(prefix)).toBe(false);
  });

  it('knows a table by what the listing holds', () => {
    expect(looksLikeDataSet('x/', [entry('object', 'table.f0'), entry('object', 'table.dat')])).toBe(true);
    expect(looksLikeDataSet('x/', [entry('prefix', 'table.dat'), entry('object', 'a.csv')])).toBe(false);
    expect(looksLikeDataSet('', [entry('object', 'table.dat')])).toBe(false);
  });
});

describe('isPrefix', () => {
  it('goes by the last character', () => {
    expect([isPrefix('a/'), isPrefix('a'), isPrefix('')]).toEqual([true, false, false]);
  });
});

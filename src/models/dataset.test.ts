import { describe, expect, it } from 'vitest';
import { listing } from '../testing/records';
import { isPrefix, looksLikeDataSet } from './dataset';
import { EntryTable } from './table';

function holdsMarker(prefix: string, names: string[], prefixes: string[] = []): boolean {
  const table = new EntryTable(prefix);
  const below = (name: string) => prefix + name;
  table.appendListing(listing(prefix, names.map(below), { prefixes: prefixes.map(below) }));
  return table.holdsMarker;
}

describe('looksLikeDataSet', () => {
  it.each(['x.ms/', 'deep/X.MS/', 'a.zarr/'])('knows %s by its name', prefix => {
    expect(looksLikeDataSet(prefix)).toBe(true);
  });

  it.each(['', 'x/', 'x.msg/', 'ms/', 'x.ms'])('takes %j for a folder', prefix => {
    expect(looksLikeDataSet(prefix)).toBe(false);
  });

  it('knows a table by what the listing holds', () => {
    expect(looksLikeDataSet('x/', holdsMarker('x/', ['table.f0', 'table.dat']))).toBe(true);
    expect(looksLikeDataSet('x/', holdsMarker('x/', ['a.csv'], ['table.dat/']))).toBe(false);
    expect(looksLikeDataSet('', holdsMarker('', ['table.dat']))).toBe(false);
  });
});

describe('isPrefix', () => {
  it('goes by the last character', () => {
    expect([isPrefix('a/'), isPrefix('a'), isPrefix('')]).toEqual([true, false, false]);
  });
});

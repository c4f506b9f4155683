import { describe, expect, it } from 'vitest';
import { comparing, merged, natural, placeOf, sorting } from './order';
import { EntryTable } from './table';

/** Numbers that look random and are the same in each run. */
function scattered(count: number): Uint32Array {
  let state = 7;
  return Uint32Array.from({ length: count }, () => (state = (state * 1103515245 + 12345) % 2147483648));
}

describe('natural', () => {
  it('counts as people do', () => {
    const names = ['run10', 'run2', 'Run1', 'run02', 'run2b', 'run', 'zebra', 'Äpfel', '10', '9'];
    expect([...names].sort((a, b) => natural(a, b))).toEqual([
      '9',
      '10',
      'run',
      'Run1',
      'run02',
      'run2',
      'run2b',
      'run10',
      'zebra',
      'Äpfel'
    ]);
  });

  it('is an order: never both ways, and only the same is equal', () => {
    const names = ['a1', 'A1', 'a01', 'a1b', 'a', '', 'a 1', 'a001x', 'a1X', 'é'];
    for (const a of names) {
      for (const b of names) {
        expect(Math.sign(natural(a, b)) + Math.sign(natural(b, a))).toBe(0);
        expect(natural(a, b) === 0).toBe(a === b);
      }
    }
  });
});

describe('sorting', () => {
  it.each([0, 1, 31, 32, 33, 5000])('sorts %i rows as Array.sort does, in steps', count => {
    const values = scattered(count);
    const compare = (a: number, b: number) => values[a] - values[b] || a - b;
    const rows = Uint32Array.from({ length: count }, (_, row) => row);
    const steps = [...sorting(rows, compare)].length;
    expect([...rows]).toEqual([...Array(count).keys()].sort(compare));
    expect(steps).toBeGreaterThanOrEqual(count > 4000 ? 10 : 0);
  });

  it('merges new rows into sorted ones', () => {
    const values = scattered(300);
    const compare = (a: number, b: number) => values[a] - values[b] || a - b;
    const sorted = (from: number, to: number) =>
      Uint32Array.from({ length: to - from }, (_, at) => from + at).sort(compare);
    let rows = sorted(0, 100);
    rows = merged(rows, 100, sorted(100, 250), compare);
    rows = merged(rows, 250, sorted(250, 300), compare);
    expect([...rows.subarray(0, 300)]).toEqual([...sorted(0, 300)]);
    expect(rows[placeOf(123, rows, 300, compare)]).toBe(123);
  });
});

describe('comparing', () => {
  it('keeps folders first in both directions, and what has no value before what has', () => {
    const table = new EntryTable();
    const object = (key: string, size: number) => ({ key, size, last_modified: '', etag: '', storage_class: null });
    table.appendListing({
      bucket: 'b',
      prefix: '',
      prefixes: ['m/', 'n/'],
      objects: [object('a', 5), object('b', 10), object('c', 5)],
      next_token: null
    });
    const by = (descending: boolean) => [4, 3, 2, 1, 0].sort(comparing(table, { column: 'size', descending }));
    expect(by(false)).toEqual([0, 1, 2, 4, 3]);
    expect(by(true)).toEqual([0, 1, 3, 2, 4]);
  });
});

import { describe, expect, it } from 'vitest';
import { EtagColumn } from './etags';
import { EntryTable } from './table';

const object = (key: string, size = 1, etag = '', storage_class: string | null = null) => ({
  key,
  size,
  last_modified: '2026-01-01T00:00:00Z',
  etag,
  storage_class
});

describe('EtagColumn', () => {
  it.each([
    '',
    'd41d8cd98f00b204e9800998ecf8427e',
    '00000000000000000000000000000000-1',
    'ffffffffffffffffffffffffffffffff-10000',
    'ffffffffffffffffffffffffffffffff-65535',
    'ffffffffffffffffffffffffffffffff-65534',
    'd41d8cd98f00b204e9800998ecf8427e-0',
    'd41d8cd98f00b204e9800998ecf8427e-007',
    'D41D8CD98F00B204E9800998ECF8427E',
    'anything "else"'
  ])('gives back %j', etag => {
    const column = new EtagColumn();
    column.set(0, 'before');
    column.set(0, etag);
    column.set(200, etag);
    expect([column.get(0), column.get(1), column.get(200)]).toEqual([etag, '', etag]);
  });

  it('makes room and moves', () => {
    const column = new EtagColumn();
    const etags = ['0123456789abcdef0123456789abcdef-3', 'odd', ''];
    etags.forEach((etag, row) => column.set(row, etag));
    column.insert(1, 3);
    expect([0, 1, 2, 3].map(row => column.get(row))).toEqual([etags[0], '', etags[1], etags[2]]);
    column.move(1, 4, 0);
    expect([0, 1, 2].map(row => column.get(row))).toEqual(['', 'odd', '']);
  });
});

describe('EntryTable', () => {
  it('gives back what it was given, a thousand rows on', () => {
    const table = new EntryTable('p/');
    for (let row = 0; row < 1000; row += 1) {
      table.appendObject(object(`p/${row}`, row, '', row % 2 ? 'GLACIER' : null));
    }
    expect(table.entry(999)).toEqual({
      kind: 'object',
      key: 'p/999',
      name: '999',
      size: 999,
      modified: '2026-01-01T00:00:00.000Z',
      etag: '',
      storageClass: 'GLACIER'
    });
    expect(table.entry(998).storageClass).toBeNull();
  });

  it('inserts and removes rows with all that they say', () => {
    const table = new EntryTable();
    table.appendListing({
      bucket: 'b',
      prefix: '',
      prefixes: ['x/'],
      objects: [object('a', 1, 'e1', 'GLACIER'), object('c', 3, 'e3')],
      next_token: null
    });
    table.insert(2, 'object', 'b', 2, 0);
    expect(table.keys).toEqual(['x/', 'a', 'b', 'c']);
    expect([1, 2, 3].map(row => [table.sizes[row], table.etag(row), table.storageClass(row)])).toEqual([
      [1, 'e1', 'GLACIER'],
      [2, '', null],
      [3, 'e3', null]
    ]);
    expect(table.entry(0).size).toBeNull();
    expect([...table.remove(row => row === 1)]).toEqual([0, -1, 1, 2]);
    expect(table.entry(2)).toMatchObject({ key: 'c', size: 3, etag: 'e3', storageClass: null });
  });

  it('removes many rows here and there', () => {
    const table = new EntryTable();
    const etag = (row: number) => (row % 3 ? `odd-${row}` : String(row).padStart(32, '0'));
    for (let row = 0; row < 500; row += 1) {
      table.appendObject(object(`k${row}`, row, etag(row), row % 2 ? 'GLACIER' : null));
    }
    const stays = (row: number) => row % 5 === 1 || row % 7 < 3;
    table.remove(row => !stays(row));
    const left = [...Array(500).keys()].filter(stays);
    const told = left.map((_, row) => table.entry(row));
    expect(told.map(({ key, size, etag, storageClass }) => [key, size, etag, storageClass])).toEqual(
      left.map(row => [`k${row}`, row, etag(row), row % 2 ? 'GLACIER' : null])
    );
  });
});

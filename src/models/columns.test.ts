import { describe, expect, it } from 'vitest';
import type { FormatInfo } from '../api/schema';
import { readingCode } from './code';
import { ColumnsModel } from './columns';
import { FavouritesModel } from './favourites';

describe('ColumnsModel', () => {
  it('shows what fits beside the name, from the left', () => {
    const columns = new ColumnsModel();
    columns.toggle('class');
    expect(columns.chosen).toEqual(['size', 'date', 'class']);
    expect([240, 320, 420, 600].map(width => columns.fitting(width))).toEqual([
      ['size'],
      ['size', 'date'],
      ['size', 'date'],
      ['size', 'date', 'class']
    ]);
    columns.setWidth('size', 1);
    expect(columns.width('size')).toBe(40);
  });

  it('sorts by a column up, down, and not at all', () => {
    const columns = new ColumnsModel();
    expect([1, 2, 3].map(() => columns.cycle('size'))).toEqual([
      { column: 'size', descending: false },
      { column: 'size', descending: true },
      null
    ]);
  });

  it('brings back what it gave, and passes over what makes no sense', () => {
    const columns = new ColumnsModel();
    columns.toggle('etag');
    columns.setWidth('etag', 222);
    columns.cycle('date');
    const again = new ColumnsModel();
    again.restore(JSON.parse(JSON.stringify(columns.toJSON())));
    expect([again.chosen, again.width('etag'), again.sort]).toEqual([columns.chosen, 222, columns.sort]);
    again.restore({ chosen: ['size', 'nonsense'], widths: { size: -5, odd: 3 }, sort: { column: 'odd' } });
    expect([again.chosen, again.width('size'), again.sort]).toEqual([['size'], 68, null]);
    again.restore('nonsense');
    expect(again.chosen).toEqual(['size']);
  });
});

describe('FavouritesModel', () => {
  it('pins, lets go, and is brought back', () => {
    const favourites = new FavouritesModel();
    const place = { connection: 'demo', bucket: 'b', prefix: 'x/' };
    favourites.toggle(place);
    favourites.toggle({ ...place, prefix: '' });
    favourites.toggle(place);
    expect([favourites.has(place), favourites.has({ ...place, prefix: '' })]).toEqual([false, true]);
    const again = new FavouritesModel();
    again.restore({ places: [...favourites.list.map(known => ({ ...known })), { bucket: 3 }] });
    expect(again.list).toEqual(favourites.list);
  });
});

describe('readingCode', () => {
  const csv = { extensions: ['.csv'] } as FormatInfo;
  const selection = { connection: 'demo', bucket: 'b', keys: ['a"\u2028.csv'], prefixes: [] };

  it('cuts what a format knows, and opens other bytes', () => {
    expect(readingCode(selection, [csv])).toBe(
      'from cloud_data_cockpit import partition\nslices = partition("s3://b/a\\"\\u2028.csv", connection="demo")'
    );
    expect(readingCode({ ...selection, keys: ['a.png'] }, [csv])).toContain('open_source("s3://b/a.png", "demo")');
  });

  it('loops over several', () => {
    const code = readingCode({ ...selection, keys: ['a.csv'], prefixes: ['x.ms/'] }, [csv]);
    expect(code.split('\n')).toContain('    "s3://b/x.ms/",');
    expect(code).toContain('[partition(uri, connection="demo") for uri in uris]');
  });
});

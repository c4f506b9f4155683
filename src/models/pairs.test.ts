import { describe, expect, it } from 'vitest';
import { missingCompanions } from './pairs';

describe('missingCompanions', () => {
  it('finds a file that came alone, whatever the case of its ending', () => {
    expect(missingCompanions(['p/a.imzML', 'p/b.imzml', 'p/b.IBD', 'p/c.csv', 'noending'])).toEqual([
      { key: 'p/a.imzML', companion: 'p/a.ibd' }
    ]);
  });

  it('is content with one that is there already', () => {
    expect(missingCompanions(['p/a.ibd'], key => key === 'p/a.imzML')).toEqual([]);
    expect(missingCompanions(['p/a.ibd'], key => key === 'q/a.imzML')).toHaveLength(1);
  });

  it('wants all of several', () => {
    expect(missingCompanions(['a.shp', 'a.dbf'])).toEqual([{ key: 'a.shp', companion: 'a.shx' }]);
  });
});

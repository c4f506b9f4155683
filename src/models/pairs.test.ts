import { describe, expect, it } from 'vitest';
import { missingCompanions } from './pairs';

const rules = [
  { suffix: '.imzml', companions: ['.ibd'], required: true },
  { suffix: '.bam', companions: ['.bam.bai', '.bai'], required: false }
];

describe('missingCompanions', () => {
  it('finds a file that came alone, whatever the case of its ending', () => {
    expect(missingCompanions(['p/a.imzML', 'p/b.imzml', 'p/b.IBD', 'p/c.csv', 'noending'], rules)).toEqual([
      { key: 'p/a.imzML', companion: 'p/a.ibd' }
    ]);
    expect(missingCompanions(['p/a.ibd'], rules)).toEqual([{ key: 'p/a.ibd', companion: 'p/a.imzml' }]);
  });

  it('is content with one that is there already', () => {
    expect(missingCompanions(['p/a.imzML'], rules, key => key === 'p/a.ibd')).toEqual([]);
    expect(missingCompanions(['p/a.imzML'], rules, key => key === 'q/a.ibd')).toHaveLength(1);
  });

  it('says nothing of an index that can be made anew', () => {
    expect(missingCompanions(['a.bam'], rules)).toEqual([]);
  });
});

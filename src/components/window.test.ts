import { describe, expect, it } from 'vitest';
import { scrollFor, scrollKept, windowOf } from './window';

describe('windowOf', () => {
  it('draws what is in view and a little more', () => {
    expect(windowOf(0, 240, 1000, 24, 2)).toEqual({ first: 0, end: 12, top: 0, height: 24000 });
    expect(windowOf(2400, 240, 1000, 24, 2)).toEqual({ first: 98, end: 112, top: 98 * 24, height: 24000 });
  });

  it('ends at the last row', () => {
    expect(windowOf(1e9, 240, 1000, 24, 2)).toMatchObject({ first: 988, end: 1000 });
    expect(windowOf(0, 240, 3, 24)).toMatchObject({ first: 0, end: 3 });
    expect(windowOf(0, 240, 0, 24)).toMatchObject({ first: 0, end: 0, height: 0 });
  });

  it('scales a list that is too high for a browser, and reaches both ends', () => {
    const last = windowOf(100_000 - 240, 240, 1_000_000, 24, 0, 100_000);
    expect(last).toMatchObject({ end: 1_000_000, height: 100_000 });
    // The last row ends at the lower edge of the content.
    expect(last.top + (last.end - last.first) * 24).toBeCloseTo(100_000, 3);
    expect(windowOf(0, 240, 1_000_000, 24, 0, 100_000)).toMatchObject({ first: 0, top: 0 });
  });
});

describe('scrollFor', () => {
  it('moves no further than needed', () => {
    expect(scrollFor(5, 0, 240, 1000, 24)).toBe(0);
    expect(scrollFor(10, 0, 240, 1000, 24)).toBe(24);
    expect(scrollFor(5, 480, 240, 1000, 24)).toBe(120);
  });

  it('brings any row of a scaled list into view', () => {
    for (const index of [0, 1, 499_999, 999_998, 999_999]) {
      const top = scrollFor(index, 50_000, 240, 1_000_000, 24, 100_000);
      const view = windowOf(top, 240, 1_000_000, 24, 0, 100_000);
      expect(view.first).toBeLessThanOrEqual(index);
      expect(view.end).toBeGreaterThan(index);
    }
  });

  it('shows the same rows after a list too long for its height has grown', () => {
    const before = windowOf(4000, 500, 1000, 20, 0, 5000);
    const kept = scrollKept(4000, 500, 1000, 2000, 20, 5000);
    expect(windowOf(kept, 500, 2000, 20, 0, 5000).first).toBe(before.first);
    expect(scrollKept(4000, 500, 200, 240, 20, 5000)).toBe(4000);
  });
});

import { describe, expect, it } from 'vitest';
import { benchmark } from '../testing/records';
import type { IChartLook, IChartWords } from './chart';
import { chartOf } from './chart';

const look: IChartLook = {
  width: 400,
  text: 'black',
  quiet: 'grey',
  grid: 'silver',
  background: 'white',
  series: ['blue', 'orange'],
  font: 'sans'
};
const words = (series: string[]): IChartWords => ({
  parameter: 'Number of slices',
  throughput: 'Throughput',
  perSlice: 'Time per slice',
  best: 'best',
  median: 'Median',
  title: 'a.csv',
  shown: String,
  series
});

interface ISpec {
  data: { values: { value: number; series: string; throughput: number; low: number; high: number; best: boolean }[] };
  vconcat: { encoding: { color: { legend: unknown } }; layer: { encoding: { x: IAxis; y: { title: string } } }[] }[];
}

interface IAxis {
  scale: { type: string };
  axis: { values: number[]; labelExpr: string };
}

const MIB = 1 << 20;
const draw = (...results: ReturnType<typeof benchmark>[]) =>
  chartOf(results, words(results.map(({ id }) => id)), look) as unknown as ISpec;

describe('the chart of a benchmark', () => {
  it('draws throughput in a unit that suits, with its interval, the best one marked', () => {
    const { data, vconcat } = draw(benchmark('a', { 1: 10 * MIB, 4: 30 * MIB }));
    expect(data.values.map(({ value, throughput, best }) => [value, throughput, best])).toEqual([
      [1, 10, false],
      [4, 30, true]
    ]);
    expect(data.values[1].low).toBeCloseTo(27);
    expect(data.values[1].high).toBeCloseTo(33);
    expect(vconcat[0].layer[0].encoding.y.title).toBe('Throughput (MiB/s)');
    expect(vconcat[1].layer[0].encoding.y.title).toBe('Time per slice (ms)');
  });

  it('spreads far values on a logarithmic axis and names those that were measured', () => {
    const near = draw(benchmark('a', { 4: 1, 8: 2, 12: 3 })).vconcat[0].layer[0].encoding.x;
    expect(near.scale.type).toBe('linear');
    const far = draw(benchmark('a', { 1: 1, 8: 2, 64: 3 })).vconcat[0].layer[0].encoding.x;
    expect(far.scale.type).toBe('log');
    expect(far.axis.values).toEqual([1, 8, 64]);
    const bytes = draw(benchmark('a', { 1024: 1 }, { parameter: 'slice_bytes' })).vconcat[0].layer[0].encoding.x;
    expect(bytes.axis.labelExpr).toContain('KiB');
  });

  it('lays two results over each other, told apart by a legend', () => {
    const one = draw(benchmark('a', { 1: 1 }));
    expect(one.vconcat[0].encoding.color.legend).toBeNull();
    const two = draw(benchmark('a', { 1: 1, 2: 2 }), benchmark('b', { 2: 2, 3: 3 }));
    expect(two.data.values.map(({ series, value }) => `${series}${value}`)).toEqual(['a1', 'a2', 'b2', 'b3']);
    expect(two.vconcat[0].encoding.color.legend).not.toBeNull();
    expect(two.vconcat[0].layer[0].encoding.x.axis.values).toEqual([1, 2, 3]);
  });

  it('leaves out what failed and what nobody timed', () => {
    const result = benchmark('a', { 1: 1, 2: 2 });
    result.points[0] = { ...result.points[0], throughput: null, problem: 'it failed' };
    result.points[1] = { ...result.points[1], slice_median: null, slice_p95: null };
    const { data, vconcat } = draw(result);
    expect(data.values.map(({ value }) => value)).toEqual([2]);
    expect(vconcat).toHaveLength(1);
  });
});

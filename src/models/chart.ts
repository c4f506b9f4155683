/* A benchmark as a chart: Vega-Lite for JupyterLab's own renderer. Throughput above, the time of a slice below. */
import type { JSONObject } from '@lumino/coreutils';
import type { BenchmarkPoint, BenchmarkResult } from '../api/schema';
import { isBytes } from './amount';

export const CHART_TYPE = 'application/vnd.vegalite.v5+json';

/** A dashed line and another mark as well: colours alone do not tell two results apart for everybody. */
export interface IChartLook {
  width: number;
  text: string;
  quiet: string;
  grid: string;
  background: string;
  series: [string, string];
  font: string;
}

export interface IChartWords {
  /** The way to cut, as the title of the axis. */
  parameter: string;
  throughput: string;
  perSlice: string;
  best: string;
  median: string;
  /** What was measured: an exported chart says so by itself. */
  title: string;
  /** A value, for people. */
  shown: (value: number) => string;
  /** The results, by name. */
  series: string[];
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
/** Values that lie further apart than this are drawn on a logarithmic axis. */
const FAR = 8;

export function chartOf(results: BenchmarkResult[], words: IChartWords, look: IChartLook): JSONObject {
  const drawn = results.flatMap((result, index) => result.points.map(point => ({ point, result, index })));
  const good = drawn.filter(({ point }) => point.throughput !== null);
  const power = powerOf(good.map(({ point }) => point.throughput ?? 0));
  const rows = good.map(({ point, result, index }) =>
    rowOf(point, result, { label: words.shown(point.value), series: words.series[index] }, 1024 ** power)
  );
  const longest = Math.max(0, ...good.map(({ point }) => point.slice_p95 ?? point.slice_median ?? 0));
  const inMs = longest < 1;
  const timed = rows.filter(row => row.median !== null);
  const x = axisOf(
    good.map(({ point }) => point.value),
    results[0]?.parameter ?? '',
    words
  );
  const untitled = timed.length ? { ...x, title: null } : x;
  const throughput = throughputOf(untitled, `${words.throughput} (${UNITS[power]}/s)`, words, look);
  const perSlice = perSliceOf(x, `${words.perSlice} (${inMs ? 'ms' : 's'})`, words, look, inMs ? 1000 : 1);
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v5.json',
    background: look.background,
    config: configOf(look),
    title: { text: words.title, anchor: 'start', fontSize: 12, fontWeight: 400, color: look.quiet, limit: look.width },
    data: { values: rows },
    resolve: { scale: { x: 'shared', color: 'shared' } },
    spacing: 12,
    vconcat: timed.length ? [throughput, perSlice] : [throughput]
  } as unknown as JSONObject;
}

function powerOf(values: number[]): number {
  const most = Math.max(0, ...values);
  return most < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(most) / 10));
}

function rowOf(point: BenchmarkPoint, result: BenchmarkResult, names: { label: string; series: string }, unit: number) {
  const scaled = (value: number | null) => (value === null ? null : value / unit);
  return {
    ...names,
    value: point.value,
    throughput: scaled(point.throughput),
    low: scaled(point.throughput_low ?? point.throughput),
    high: scaled(point.throughput_high ?? point.throughput),
    median: point.slice_median,
    p95: point.slice_p95 ?? point.slice_median,
    slices: point.num_slices,
    best: result.recommendation?.value === point.value
  };
}

function axisOf(values: number[], parameter: string, { parameter: title }: IChartWords): JSONObject {
  const [first, last] = [Math.min(...values), Math.max(...values)];
  const far = values.length > 0 && last / first >= FAR;
  const ticks = [...new Set(values)].sort((a, b) => a - b);
  return {
    field: 'value',
    type: 'quantitative',
    title,
    scale: { type: far ? 'log' : 'linear', zero: false, nice: false, padding: 16 },
    axis: { values: ticks, labelOverlap: 'greedy', labelExpr: labelOf(parameter), grid: false, labelPadding: 6 }
  };
}

/** The label of a tick as Vega's expression language has it. */
function labelOf(parameter: string): string {
  if (!isBytes(parameter)) {
    return "format(datum.value, ',')";
  }
  const steps = UNITS.map(
    (unit, power) =>
      `datum.value < ${1024 ** (power + 1)} ? format(datum.value / ${1024 ** power}, '.3~r') + ' ${unit}'`
  );
  return `${steps.join(' : ')} : format(datum.value, '.3~e') + ' B'`;
}

function throughputOf(x: JSONObject, title: string, words: IChartWords, look: IChartLook): JSONObject {
  const y = (field: string) => ({ field, type: 'quantitative', title, scale: { zero: true, nice: true } });
  const tooltip = [
    { field: 'series', title: ' ' },
    { field: 'label', title: words.parameter },
    { field: 'throughput', title, format: '.4~r' },
    { field: 'low', title: '≥', format: '.4~r' },
    { field: 'high', title: '≤', format: '.4~r' }
  ];
  const label = { type: 'text', text: words.best, dy: -18, fontWeight: 600, fontSize: 12, clip: false };
  const best = {
    transform: [{ filter: 'datum.best' }],
    encoding: { x, y: y('throughput'), color: { value: look.text } }
  };
  const layer = [
    { mark: { type: 'rule', strokeWidth: 2, opacity: 0.45 }, encoding: { x, y: y('low'), y2: { field: 'high' } } },
    { mark: { type: 'line', strokeWidth: 1.5 }, encoding: { x, y: y('throughput') } },
    {
      mark: { type: 'point', size: 50, filled: true, opacity: 1 },
      encoding: { x, y: y('throughput'), shape: shapeOf(words), tooltip }
    },
    {
      transform: [{ filter: 'datum.best' }],
      mark: { type: 'point', shape: 'circle', size: 260, strokeWidth: 2, filled: false, opacity: 1 },
      encoding: { x, y: y('throughput'), tooltip, color: { value: look.text } }
    },
    // Twice: first as a halo, for what runs behind it.
    { ...best, mark: { ...label, stroke: look.background, strokeWidth: 4 } },
    { ...best, mark: label }
  ];
  return { width: look.width, height: 240, encoding: seriesOf(words, look), layer } as unknown as JSONObject;
}

function perSliceOf(x: JSONObject, title: string, words: IChartWords, look: IChartLook, scale: number): JSONObject {
  const y = (field: string) => ({ field, type: 'quantitative', title, scale: { zero: true } });
  const tooltip = [
    { field: 'series', title: ' ' },
    { field: 'label', title: words.parameter },
    { field: 'middle', title: words.median, format: '.4~r' },
    { field: 'most', title: '95 %', format: '.4~r' }
  ];
  const layer = [
    { mark: { type: 'rule', strokeWidth: 2, opacity: 0.45 }, encoding: { x, y: y('middle'), y2: { field: 'most' } } },
    { mark: { type: 'line', strokeWidth: 1.5 }, encoding: { x, y: y('middle') } },
    {
      mark: { type: 'point', size: 40, filled: true, opacity: 1 },
      encoding: { x, y: y('middle'), shape: shapeOf(words), tooltip }
    }
  ];
  const transform = [
    { filter: 'isValid(datum.median)' },
    { calculate: `datum.median * ${scale}`, as: 'middle' },
    { calculate: `datum.p95 * ${scale}`, as: 'most' }
  ];
  return { width: look.width, height: 110, transform, encoding: seriesOf(words, look), layer } as unknown as JSONObject;
}

function seriesOf({ series }: IChartWords, look: IChartLook): JSONObject {
  const legend = series.length > 1 ? { orient: 'top', title: null, labelLimit: look.width - 40 } : null;
  const shared = { field: 'series', type: 'nominal', sort: null, legend };
  return {
    color: { ...shared, scale: { domain: series, range: look.series.slice(0, series.length) } }
  } as unknown as JSONObject;
}

/** Of points alone: a line or a rule would get points by it. */
function shapeOf({ series }: IChartWords): JSONObject {
  const scale = { domain: series, range: ['circle', 'square'].slice(0, series.length) };
  return { field: 'series', type: 'nominal', sort: null, legend: null, scale } as unknown as JSONObject;
}

function configOf({ text, quiet, grid, font }: IChartLook): JSONObject {
  return {
    font,
    view: { stroke: null },
    axis: {
      labelColor: quiet,
      titleColor: text,
      labelFontSize: 12,
      titleFontSize: 12,
      titleFontWeight: 400,
      titlePadding: 8,
      gridColor: grid,
      domainColor: grid,
      tickColor: grid
    },
    axisY: { tickCount: 5, domain: false, ticks: false, minExtent: 48 },
    legend: { labelColor: text, labelFontSize: 12 },
    text: { font }
  };
}

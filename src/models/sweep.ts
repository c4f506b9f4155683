/* What a benchmark is to try and to time, as it stands in its form: what is missing, and the request to send. */
import type { BenchmarkRequest, FormatInfo } from '../api/schema';
import { isBytes, parseAmount } from './amount';
import type { IEngineRequest } from './engines';
import { formOf } from './form';

/** `best`: a search; `list`: these values; `range`: so many from one to another. */
export type Way = 'best' | 'list' | 'range';

/** What is timed: reading the bytes, the natural object, a view, a function by its import path, one of a notebook. */
export type Timed = 'read' | 'get' | 'view' | 'function' | 'notebook';

export interface ISweep {
  parameter: string;
  way: Way;
  values: string;
  start: string;
  stop: string;
  count: string;
  spacing: 'linear' | 'geometric';
  timed: Timed;
  view: string;
  path: string;
  per: BenchmarkRequest['per'];
  /** Name of a function that the notebook has registered. */
  registered: string;
  repeats: string;
  warmUp: string;
  /** Prices, in dollars: a thousand GETs, and a gigabyte that leaves the region. */
  getPrice: string;
  transferPrice: string;
}

export type SweepField = keyof ISweep;
export type SweepFault = 'values' | 'many' | 'whole' | 'order' | 'bounds' | 'path' | 'view' | 'registered' | 'price';

export interface IParameter {
  name: string;
  title: string;
}

const MOST_VALUES = 64;
const LIST_PRICES = { currency: 'USD', get_per_thousand: 0.0004, transfer_per_gb: 0.09 };

/** Ways to cut that have a number; bytes can be swept for every format, as so many slices. */
export function parametersOf(format: FormatInfo, bytesTitle: string): IParameter[] {
  const fields = formOf(format.params_schema).cut.filter(({ kind }) => kind === 'integer');
  const found = fields.map(({ name, title }) => ({ name, title }));
  return found.some(({ name }) => name === 'slice_bytes') || !found.length
    ? found
    : [...found, { name: 'slice_bytes', title: bytesTitle }];
}

/** Where the server finds bounds for a search by itself. */
export function findsBounds(parameter: string): boolean {
  return parameter === 'num_slices' || parameter === 'slice_bytes';
}

export function initialSweep(parameter = 'num_slices'): ISweep {
  return {
    parameter,
    way: 'best',
    values: '',
    start: '',
    stop: '',
    count: '8',
    spacing: 'geometric',
    timed: 'read',
    view: '',
    path: '',
    per: 'auto',
    registered: '',
    repeats: '3',
    warmUp: '1',
    getPrice: String(LIST_PRICES.get_per_thousand),
    transferPrice: String(LIST_PRICES.transfer_per_gb)
  };
}

/** The values of a list; null where one of them is none. */
export function listed(text: string): number[] | null {
  // "16 MiB" is one value, "16 32" are two.
  const pieces = text.split(/[,;\n]+|\s+(?=[\d.])/).filter(piece => piece.trim());
  const values = pieces.map(parseAmount);
  return values.includes(null) ? null : (values as number[]);
}

/** What cannot be sent, by field. */
export function sweepFaults(sweep: ISweep): Partial<Record<SweepField, SweepFault>> {
  const faults: Partial<Record<SweepField, SweepFault>> = { ...valueFaults(sweep), ...timedFaults(sweep) };
  const whole = (field: 'repeats' | 'warmUp', least: number, most: number) => {
    const number = Number(sweep[field] || NaN);
    if (!Number.isInteger(number) || number < least || number > most) {
      faults[field] = 'whole';
    }
  };
  whole('repeats', 1, 100);
  whole('warmUp', 0, 10);
  for (const field of ['getPrice', 'transferPrice'] as const) {
    if (sweep[field].trim() === '' || !(Number(sweep[field]) >= 0)) {
      faults[field] = 'price';
    }
  }
  return faults;
}

function valueFaults(sweep: ISweep): Partial<Record<SweepField, SweepFault>> {
  const { way, parameter, start, stop } = sweep;
  if (way === 'list') {
    const values = listed(sweep.values);
    return !values?.length ? { values: 'values' } : values.length > MOST_VALUES ? { values: 'many' } : {};
  }
  const [first, last] = [parseAmount(start), parseAmount(stop)];
  if (way === 'best' && !start.trim() && !stop.trim()) {
    return findsBounds(parameter) ? {} : { start: 'bounds' };
  }
  const count = Number(sweep.count);
  return {
    ...(first === null && { start: 'values' as const }),
    ...(last === null && { stop: 'values' as const }),
    ...(first !== null && last !== null && first > last && { stop: 'order' as const }),
    ...(way === 'range' &&
      !(Number.isInteger(count) && count >= 2 && count <= MOST_VALUES) && { count: 'whole' as const })
  };
}

function timedFaults({ timed, path, view, registered }: ISweep): Partial<Record<SweepField, SweepFault>> {
  if (timed === 'function' && !/^[\w.]+:[\w.]+$/.test(path.trim())) {
    return { path: 'path' };
  }
  if (timed === 'view' && !view.trim()) {
    return { view: 'view' };
  }
  return timed === 'notebook' && !registered ? { registered: 'registered' } : {};
}

interface ISubject {
  connection: string;
  uri: string;
  format: string;
  /** How the object is read; no way to cut among it. */
  params: Record<string, unknown>;
}

export function benchmarkRequest(sweep: ISweep, subject: ISubject, engine: IEngineRequest): BenchmarkRequest {
  const prices = { get_per_thousand: Number(sweep.getPrice), transfer_per_gb: Number(sweep.transferPrice) };
  const listPrices =
    prices.get_per_thousand === LIST_PRICES.get_per_thousand && prices.transfer_per_gb === LIST_PRICES.transfer_per_gb;
  return {
    kind: 'benchmark',
    ...subject,
    parameter: sweep.parameter,
    sweep: valuesOf(sweep),
    timed: timedOf(sweep),
    per: sweep.timed === 'function' ? sweep.per : 'auto',
    repeats: Number(sweep.repeats),
    warm_up: Number(sweep.warmUp),
    ...engine,
    seed: 0,
    prices: {
      currency: LIST_PRICES.currency,
      ...prices,
      note: listPrices ? 'S3 Standard, us-east-1, read over the internet' : 'entered by hand'
    }
  };
}

function valuesOf(sweep: ISweep): BenchmarkRequest['sweep'] {
  const { way, start, stop, count, spacing } = sweep;
  const asked = way !== 'list';
  return {
    values: asked ? [] : [...new Set(listed(sweep.values) ?? [])].sort((a, b) => a - b),
    start: asked ? parseAmount(start) : null,
    stop: asked ? parseAmount(stop) : null,
    count: way === 'range' ? Number(count) : 8,
    spacing: way === 'range' ? spacing : 'geometric',
    search: way === 'best' ? 'best' : 'all'
  };
}

function timedOf({ timed, view, path, registered }: ISweep): string {
  switch (timed) {
    case 'view':
      return view.trim();
    case 'function':
      return path.trim();
    case 'notebook':
      return `notebook:${registered}`;
    default:
      return timed;
  }
}

/** What may stand in an empty input for a value. */
export function exampleOf(parameter: string, which: 'values' | 'start' | 'stop'): string {
  const bytes = isBytes(parameter);
  const examples = bytes
    ? { values: '4 MiB, 16 MiB, 64 MiB', start: '1 MiB', stop: '256 MiB' }
    : { values: '4, 16, 64', start: '1', stop: '256' };
  return examples[which];
}

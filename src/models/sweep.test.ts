import { describe, expect, it } from 'vitest';
import type { FormatInfo } from '../api/schema';
import { parseAmount } from './amount';
import type { ISweep } from './sweep';
import { benchmarkRequest, initialSweep, listed, parametersOf, sweepFaults } from './sweep';

const subject = { connection: 'demo', uri: 's3://b/a.csv', format: 'csv', params: { delimiter: ';' } };
const engine = { executor: 'threads', executor_options: {}, priority: 'normal' as const };
const request = (part: Partial<ISweep>) => benchmarkRequest({ ...initialSweep(), ...part }, subject, engine);
const faults = (part: Partial<ISweep>) => sweepFaults({ ...initialSweep(), ...part });

function format(properties: Record<string, object>): FormatInfo {
  const facts = { name: 'f', title: 'F', version: 1, extensions: [], usable: true, extra: null, problem: null };
  return { ...facts, views: [], params_schema: { properties } };
}

describe('parseAmount', () => {
  it.each([
    ['16', 16],
    ['16 MiB', 16 << 20],
    ['64k', 65536],
    ['64 kB', 64000],
    ['1e6', 1_000_000],
    ['1.5 GiB', 1.5 * 2 ** 30],
    ['10 000', 10_000],
    ['7B', 7]
  ])('understands %s', (text, value) => expect(parseAmount(text)).toBe(value));

  it.each(['', '0', '-3', '0.2', 'many', '3 parsecs', '1,5', '1e400'])('does not take “%s” for an amount', text =>
    expect(parseAmount(text)).toBeNull()
  );
});

describe('the form of a benchmark', () => {
  it('can be sent as it comes: a search', () => {
    expect(faults({})).toEqual({});
    expect(request({}).sweep).toMatchObject({ values: [], start: null, stop: null, search: 'best' });
  });

  it('tells values apart, in any order and each once', () => {
    expect(listed('4 MiB, 1 MiB 64k\n7')).toEqual([4 << 20, 1 << 20, 65536, 7]);
    expect(listed('4, many')).toBeNull();
    expect(request({ way: 'list', values: '8, 2 8' }).sweep).toMatchObject({ values: [2, 8], search: 'all' });
  });

  it('wants values, bounds in their order, and not too many', () => {
    expect(faults({ way: 'list' })).toEqual({ values: 'values' });
    const many = Array.from({ length: 65 }, (_, index) => index + 1).join(',');
    expect(faults({ way: 'list', values: many })).toEqual({ values: 'many' });
    expect(faults({ way: 'range', start: '9', stop: '3' })).toEqual({ stop: 'order' });
    expect(faults({ way: 'range', start: '', stop: '3', count: '1' })).toEqual({ start: 'values', count: 'whole' });
    expect(faults({ start: '4' })).toEqual({ stop: 'values' });
    expect(faults({ parameter: 'rows' })).toEqual({ start: 'bounds' });
  });

  it('sends steps between two values', () => {
    const range = { way: 'range' as const, start: '1 MiB', stop: '64 MiB', count: '7', spacing: 'linear' as const };
    expect(request({ parameter: 'slice_bytes', ...range })).toMatchObject({
      parameter: 'slice_bytes',
      sweep: { start: 1 << 20, stop: 64 << 20, count: 7, spacing: 'linear', search: 'all' }
    });
  });

  it('wants a function where one is to be timed', () => {
    expect(faults({ timed: 'function', path: 'read' })).toEqual({ path: 'path' });
    expect(faults({ timed: 'function', path: 'lab.work:read' })).toEqual({});
    expect(request({ timed: 'function', path: ' lab.work:read ', per: 'slices' })).toMatchObject({
      timed: 'lab.work:read',
      per: 'slices'
    });
    expect(faults({ timed: 'view' })).toEqual({ view: 'view' });
    expect(request({ timed: 'view', view: 'to_arrow', per: 'slices' })).toMatchObject({
      timed: 'to_arrow',
      per: 'auto'
    });
    expect(faults({ timed: 'notebook' })).toEqual({ registered: 'registered' });
    expect(request({ timed: 'notebook', registered: 'read' }).timed).toBe('notebook:read');
  });

  it('wants whole rounds and prices', () => {
    expect(faults({ repeats: '0', warmUp: '', getPrice: 'free', transferPrice: '-1' })).toEqual({
      repeats: 'whole',
      warmUp: 'whole',
      getPrice: 'price',
      transferPrice: 'price'
    });
    expect(request({}).prices.note).toContain('us-east-1');
    expect(request({ transferPrice: '0' }).prices).toMatchObject({ transfer_per_gb: 0, note: 'entered by hand' });
  });

  it('offers ways to cut that have a number, and bytes for every format', () => {
    const integer = { anyOf: [{ type: 'integer' }, { type: 'null' }], cut: true };
    const named = (properties: Record<string, object>) =>
      parametersOf(format(properties), 'Bytes').map(({ name }) => name);
    expect(named({ num_slices: integer, region: { type: 'string', cut: true } })).toEqual([
      'num_slices',
      'slice_bytes'
    ]);
    expect(named({ slice_bytes: integer, rows: integer, skip: { type: 'integer' } })).toEqual(['slice_bytes', 'rows']);
  });
});

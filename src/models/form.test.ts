import { describe, expect, it } from 'vitest';
import { counts, faultsOf, formOf, initialState, paramsOf } from './form';

/** As pydantic prints it. */
const schema = {
  type: 'object',
  properties: {
    num_slices: {
      anyOf: [{ type: 'integer', minimum: 1, maximum: 100 }, { type: 'null' }],
      default: null,
      title: 'Number of slices',
      description: 'As many slices as this.',
      cut: true
    },
    rows: {
      anyOf: [{ type: 'integer', exclusiveMinimum: 0 }, { type: 'null' }],
      default: null,
      title: 'Rows',
      cut: true
    },
    header: { anyOf: [{ type: 'boolean' }, { type: 'null' }], default: null, title: 'Header', reading: true },
    delimiter: {
      anyOf: [{ type: 'string', maxLength: 1 }, { type: 'null' }],
      default: null,
      title: 'D',
      reading: true
    },
    quoting: { enum: ['auto', 'none'], type: 'string', default: 'auto', title: 'Quoting', reading: true },
    strict: { type: 'boolean', default: true, title: 'Strict' },
    encoding: { $ref: '#/$defs/Encoding', default: 'utf-8' },
    remainder: { enum: ['expand', 'merge'], type: 'string', default: 'expand', title: 'Rest', only_with: 'rows' },
    window: { anyOf: [{ type: 'string' }, { type: 'null' }], default: null, title: 'W', examples: ['0,0,5,5'] },
    region: { anyOf: [{ type: 'string' }, { type: 'null' }], default: null, title: 'Regions', cut: true }
  },
  $defs: { Encoding: { enum: ['utf-8', 'latin-1'], type: 'string', title: 'Encoding' } }
};
const form = formOf(schema);
const start = initialState(form);
const withValues = (values: Record<string, string | boolean>, cutBy: string | null = null) => ({
  cutBy,
  values: { ...start.values, ...values }
});

describe('formOf', () => {
  it('parts ways to cut, plain fields and reading options', () => {
    const names = [form.cut, form.plain, form.reading].map(fields => fields.map(field => field.name));
    expect(names).toEqual([
      ['num_slices', 'rows', 'region'],
      ['strict', 'encoding', 'remainder', 'window'],
      ['header', 'delimiter', 'quoting']
    ]);
  });

  it('reads kinds, bounds and what may be null', () => {
    const [slices, rows] = form.cut;
    expect(slices).toMatchObject({ kind: 'integer', nullable: true, minimum: 1, maximum: 100, initial: '' });
    expect(rows).toMatchObject({ minimum: 1, maximum: null });
    const [strict, encoding] = form.plain;
    expect(strict).toMatchObject({ kind: 'boolean', nullable: false, initial: true });
    expect(encoding).toMatchObject({ kind: 'choice', choices: ['utf-8', 'latin-1'], initial: 'utf-8' });
    expect(form.reading[0]).toMatchObject({ kind: 'choice', choices: ['yes', 'no'], nullable: true });
  });

  it('knows an example, and the way to cut that a field belongs to', () => {
    const [strict, , remainder, window] = form.plain;
    expect([strict.example, window.example]).toEqual([null, '0,0,5,5']);
    expect(counts(remainder, withValues({}, 'num_slices'))).toBe(false);
    expect(counts(remainder, withValues({}, 'rows'))).toBe(true);
    expect(counts(window, withValues({}, null))).toBe(true);
  });

  it('stands a schema without properties', () => {
    expect(formOf({})).toEqual({ cut: [], plain: [], reading: [] });
  });
});

describe('paramsOf', () => {
  it('sends nothing that the server takes anyway', () => {
    expect(paramsOf(form, start)).toEqual({});
    expect(paramsOf(form, withValues({ delimiter: '', header: '', strict: true }))).toEqual({});
  });

  it('sends one way to cut, whatever stands in the others', () => {
    expect(paramsOf(form, withValues({ num_slices: '4', rows: '10' }, 'num_slices'))).toEqual({ num_slices: 4 });
    expect(paramsOf(form, withValues({ num_slices: '4', rows: '10' }, 'rows'))).toEqual({ rows: 10 });
    expect(paramsOf(form, withValues({ num_slices: '4', rows: '10' }, null))).toEqual({});
  });

  it('sends what belongs to a way to cut only with that', () => {
    const values = { rows: '10', remainder: 'merge' };
    expect(paramsOf(form, withValues(values, 'num_slices'))).not.toHaveProperty('remainder');
    expect(paramsOf(form, withValues(values, 'rows'))).toEqual({ rows: 10, remainder: 'merge' });
  });

  it('cuts by words as well as by numbers', () => {
    const state = withValues({ region: 'chr1:1-50, chr2' }, 'region');
    expect(faultsOf(form, state)).toEqual({});
    expect(paramsOf(form, state)).toEqual({ region: 'chr1:1-50, chr2' });
    expect(faultsOf(form, withValues({ region: ' ' }, 'region'))).toEqual({ region: 'missing' });
  });

  it('sends booleans, choices of three and white space as they are', () => {
    const state = withValues({ strict: false, header: 'no', delimiter: '\t', quoting: 'none', encoding: 'latin-1' });
    expect(paramsOf(form, state)).toEqual({
      strict: false,
      header: false,
      delimiter: '\t',
      quoting: 'none',
      encoding: 'latin-1'
    });
  });
});

describe('faultsOf', () => {
  it('wants a number for the chosen way to cut, and only for that', () => {
    expect(faultsOf(form, withValues({}, 'num_slices'))).toEqual({ num_slices: 'missing' });
    expect(faultsOf(form, withValues({ rows: '-1' }, null))).toEqual({});
  });

  it.each([
    ['0', 'minimum'],
    ['101', 'maximum'],
    ['1.5', 'integer'],
    ['four', 'number'],
    ['1e999', 'number']
  ])('finds what is wrong with %s', (typed, fault) => {
    expect(faultsOf(form, withValues({ num_slices: typed }, 'num_slices'))).toEqual({ num_slices: fault });
  });

  it('counts characters', () => {
    expect(faultsOf(form, withValues({ delimiter: ';;' }))).toEqual({ delimiter: 'length' });
  });
});

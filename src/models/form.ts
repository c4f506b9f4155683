/* A form over a format's JSON schema: which fields there are, what may be typed, what is sent. */

export type FieldKind = 'integer' | 'number' | 'boolean' | 'choice' | 'text';
export type FieldValue = string | boolean;

export interface IField {
  name: string;
  title: string;
  description: string;
  kind: FieldKind;
  /** null may be sent, and is what an empty input stands for. */
  nullable: boolean;
  choices: string[];
  minimum: number | null;
  maximum: number | null;
  maxLength: number | null;
  /** What may be typed, to be shown where nothing is. */
  example: string | null;
  /** The way to cut without which it has no meaning. */
  onlyWith: string | null;
  initial: FieldValue;
  /** What the server takes where nothing is sent. */
  preset: unknown;
}

export interface IForm {
  /** Ways to cut: at most one of them is sent. */
  cut: IField[];
  plain: IField[];
  /** How the bytes are to be understood. */
  reading: IField[];
}

export interface IFormState {
  /** Name of the field that says how to cut; null leaves it to the format. */
  cutBy: string | null;
  /** What stands in the inputs, by name of the field. */
  values: Record<string, FieldValue>;
}

type Schema = Record<string, unknown>;

export function formOf(schema: Schema): IForm {
  const form: IForm = { cut: [], plain: [], reading: [] };
  const properties = isSchema(schema.properties) ? schema.properties : {};
  for (const [name, property] of Object.entries(properties)) {
    if (isSchema(property)) {
      const place = property.cut ? form.cut : property.reading ? form.reading : form.plain;
      place.push(fieldOf(name, property, schema));
    }
  }
  return form;
}

export function initialState(form: IForm): IFormState {
  const fields = [...form.cut, ...form.plain, ...form.reading];
  const cutBy = form.cut.find(field => field.preset !== null && field.preset !== undefined);
  return {
    cutBy: cutBy?.name ?? null,
    values: Object.fromEntries(fields.map(field => [field.name, field.initial]))
  };
}

/** What to say about a value that cannot be sent, or null. `words` are the caller's, so that they can be translated. */
export type FormFault = 'missing' | 'number' | 'integer' | 'minimum' | 'maximum' | 'length';

export function faultOf(field: IField, value: FieldValue): FormFault | null {
  if (typeof value === 'boolean') {
    return null;
  }
  if (field.kind === 'text') {
    return field.maxLength !== null && value.length > field.maxLength ? 'length' : null;
  }
  if (field.kind === 'choice') {
    return null;
  }
  if (value.trim() === '') {
    return field.nullable || field.preset !== undefined ? null : 'missing';
  }
  const number = Number(value);
  if (!Number.isFinite(number)) {
    return 'number';
  }
  if (field.kind === 'integer' && !Number.isSafeInteger(number)) {
    return 'integer';
  }
  if (field.minimum !== null && number < field.minimum) {
    return 'minimum';
  }
  return field.maximum !== null && number > field.maximum ? 'maximum' : null;
}

/** Fields whose values cannot be sent, by name. A chosen way to cut needs a number. */
export function faultsOf(form: IForm, state: IFormState): Record<string, FormFault> {
  const faults: Record<string, FormFault> = {};
  for (const field of sent(form, state)) {
    const value = state.values[field.name];
    const fault = form.cut.includes(field) && String(value).trim() === '' ? 'missing' : faultOf(field, value);
    if (fault) {
      faults[field.name] = fault;
    }
  }
  return faults;
}

/** The parameters to send: only what differs from what the server takes anyway. */
export function paramsOf(form: IForm, state: IFormState): Record<string, unknown> {
  const params: Record<string, unknown> = {};
  for (const field of sent(form, state)) {
    const value = jsonOf(field, state.values[field.name]);
    if (value !== undefined && value !== field.preset) {
      params[field.name] = value;
    }
  }
  return params;
}

/** Whether a field has a meaning beside the chosen way to cut. */
export function counts(field: IField, { cutBy }: IFormState): boolean {
  return field.onlyWith === null || field.onlyWith === cutBy;
}

function sent(form: IForm, state: IFormState): IField[] {
  const others = [...form.plain, ...form.reading].filter(field => counts(field, state));
  return [...form.cut.filter(field => field.name === state.cutBy), ...others];
}

/** undefined: leave it out, the server's own value counts. */
function jsonOf(field: IField, value: FieldValue): unknown {
  if (typeof value === 'boolean') {
    return value;
  }
  if (field.kind === 'text') {
    return value === '' && field.nullable ? null : value;
  }
  if (value.trim() === '') {
    return field.nullable ? null : undefined;
  }
  if (field.kind === 'choice') {
    return TRISTATE[value] ?? value;
  }
  return Number(value);
}

/** A boolean that may be null is a choice of three. */
const TRISTATE: Record<string, boolean> = { yes: true, no: false };

function fieldOf(name: string, property: Schema, root: Schema): IField {
  const options = variants(property, root);
  const nullable = options.some(option => option.type === 'null');
  const facts: Schema = Object.assign({}, ...options.filter(option => option.type !== 'null'), property);
  const choices = Array.isArray(facts.enum) ? facts.enum.filter(choice => choice !== null).map(String) : [];
  const type = options.find(option => option.type !== 'null')?.type;
  const tristate = type === 'boolean' && nullable;
  const kind = choices.length || tristate ? 'choice' : kindOf(type);
  return {
    name,
    title: typeof property.title === 'string' ? property.title : name,
    description: typeof property.description === 'string' ? property.description : '',
    kind,
    nullable,
    choices: tristate ? Object.keys(TRISTATE) : choices,
    minimum: bound(facts.minimum, facts.exclusiveMinimum, kind === 'integer' ? 1 : 0),
    maximum: bound(facts.maximum, facts.exclusiveMaximum, kind === 'integer' ? -1 : 0),
    maxLength: typeof facts.maxLength === 'number' ? facts.maxLength : null,
    example: Array.isArray(facts.examples) && facts.examples.length ? String(facts.examples[0]) : null,
    onlyWith: typeof property.only_with === 'string' ? property.only_with : null,
    initial: initialOf(kind, property.default, choices, nullable),
    preset: property.default
  };
}

/** The alternatives of a property, references resolved. */
function variants(property: Schema, root: Schema): Schema[] {
  const options = Array.isArray(property.anyOf)
    ? property.anyOf
    : Array.isArray(property.allOf)
      ? property.allOf
      : [property];
  return options.filter(isSchema).map(option => {
    const name = typeof option.$ref === 'string' ? /^#\/\$defs\/(.+)$/.exec(option.$ref)?.[1] : undefined;
    const definition = name !== undefined && isSchema(root.$defs) ? root.$defs[name] : undefined;
    const found = isSchema(definition) ? definition : option;
    return 'const' in found ? { ...found, enum: [found.const] } : found;
  });
}

function kindOf(type: unknown): FieldKind {
  return type === 'integer' || type === 'number' || type === 'boolean' ? type : 'text';
}

function bound(inclusive: unknown, exclusive: unknown, step: number): number | null {
  if (typeof inclusive === 'number') {
    return inclusive;
  }
  return typeof exclusive === 'number' ? exclusive + step : null;
}

function initialOf(kind: FieldKind, preset: unknown, choices: string[], nullable: boolean): FieldValue {
  if (kind === 'boolean') {
    return preset === true;
  }
  if (preset === null || preset === undefined) {
    return kind === 'choice' && !nullable ? (choices[0] ?? '') : '';
  }
  return typeof preset === 'boolean' ? (preset ? 'yes' : 'no') : String(preset);
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/* The fields of a form: one input each with its title, its description and what is wrong with it. */
import * as React from 'react';

export interface IFormField {
  name: string;
  title: string;
  description: string;
  kind: 'integer' | 'number' | 'boolean' | 'choice' | 'text';
  nullable: boolean;
  choices: string[];
  minimum: number | null;
  maximum: number | null;
  maxLength: number | null;
  example: string | null;
  preset: unknown;
}

interface IFieldProps {
  field: IFormField;
  value: string | boolean;
  /** In words, or null. */
  fault: string | null;
  disabled: boolean;
  /** What the empty choice is called, and what stands in an empty input. */
  automatic: string;
  placeholder: string;
  onChange: (value: string | boolean) => void;
}

export function Field(props: IFieldProps): React.JSX.Element {
  const { field, fault } = props;
  const id = React.useId();
  const input = <Input {...props} id={id} describedBy={`${id}-hint`} />;
  const label = (
    <label htmlFor={id} className="cdc-Field-label" title={field.description}>
      {field.title}
    </label>
  );
  return (
    <div className="cdc-Field" data-kind={field.kind} data-field={field.name}>
      {field.kind === 'boolean' ? (
        <div className="cdc-Field-check">
          {input}
          {label}
        </div>
      ) : (
        <>
          {label}
          {input}
        </>
      )}
      <p id={`${id}-hint`} className={fault ? 'cdc-Field-fault' : 'cdc-Field-hint'} role={fault ? 'alert' : undefined}>
        {fault ?? field.description}
      </p>
    </div>
  );
}

function Input(props: IFieldProps & { id: string; describedBy: string }): React.JSX.Element {
  const { field, value, fault, disabled, automatic, placeholder, onChange, id } = props;
  const shared = { id, disabled, 'aria-describedby': props.describedBy, 'aria-invalid': fault !== null };
  if (field.kind === 'boolean') {
    return (
      <input {...shared} type="checkbox" checked={value === true} onChange={event => onChange(event.target.checked)} />
    );
  }
  if (field.kind === 'choice') {
    return (
      <select {...shared} className="cdc-Select" value={String(value)} onChange={event => onChange(event.target.value)}>
        {field.nullable && <option value="">{automatic}</option>}
        {field.choices.map(choice => (
          <option key={choice} value={choice}>
            {choice === 'auto' ? automatic : shown(choice)}
          </option>
        ))}
      </select>
    );
  }
  const numeric = field.kind !== 'text';
  return (
    <input
      {...shared}
      className="cdc-Input"
      type={numeric ? 'number' : 'text'}
      inputMode={numeric ? (field.kind === 'integer' ? 'numeric' : 'decimal') : undefined}
      min={field.minimum ?? undefined}
      max={field.maximum ?? undefined}
      step={field.kind === 'integer' ? 1 : numeric ? 'any' : undefined}
      placeholder={field.nullable && field.preset === null ? placeholder : undefined}
      spellCheck={false}
      autoComplete="off"
      value={String(value)}
      onChange={event => onChange(event.target.value)}
    />
  );
}

/** A choice that is a word begins like a title; one that is only white space is quoted, so that it can be seen. */
function shown(choice: string): string {
  if (/^[a-z][a-z_]*$/.test(choice)) {
    return choice[0].toUpperCase() + choice.slice(1).replace(/_/g, ' ');
  }
  return choice.trim() === '' ? JSON.stringify(choice) : choice;
}

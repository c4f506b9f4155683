/* A labelled input of a dialog, with a hint or with what is wrong below it. */
import * as React from 'react';

interface IFieldProps {
  label: string;
  hint?: React.ReactNode;
  fault?: string | null;
  /** Given the ids by which the input is named and described. */
  children: (props: { id: string; 'aria-describedby'?: string; 'aria-invalid'?: boolean }) => React.ReactNode;
}

export function Field({ label, hint, fault, children }: IFieldProps): React.JSX.Element {
  const id = React.useId();
  const note = fault ?? hint;
  return (
    <div className="cdc-Field">
      <label htmlFor={id}>{label}</label>
      {children({ id, 'aria-describedby': note ? `${id}-note` : undefined, 'aria-invalid': fault ? true : undefined })}
      {note && (
        <p id={`${id}-note`} className={fault ? 'cdc-Field-fault' : 'cdc-Field-hint'}>
          {note}
        </p>
      )}
    </div>
  );
}

interface ITextFieldProps extends Omit<IFieldProps, 'children'> {
  type?: 'url';
  placeholder: string;
  value: string;
  onChange: (value: string) => void;
}

/** A line of text that is no prose: neither corrected nor filled in by the browser. */
export function TextField({ type, placeholder, value, onChange, ...field }: ITextFieldProps): React.JSX.Element {
  return (
    <Field {...field}>
      {named => (
        <input
          {...named}
          className="cdc-Input"
          type={type}
          spellCheck={false}
          autoComplete="off"
          placeholder={placeholder}
          value={value}
          onChange={event => onChange(event.target.value)}
        />
      )}
    </Field>
  );
}

interface ICheckProps {
  label: string;
  checked: boolean;
  onChange: (checked: boolean) => void;
  children?: React.ReactNode;
}

export function Check({ label, checked, onChange, children }: ICheckProps): React.JSX.Element {
  return (
    <div className="cdc-Field" data-kind="boolean">
      <label className="cdc-Field-check">
        <input type="checkbox" checked={checked} onChange={event => onChange(event.target.checked)} />
        {label}
      </label>
      {children}
    </div>
  );
}

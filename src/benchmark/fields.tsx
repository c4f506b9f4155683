/* Fields of the form of a benchmark, bound to its model. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { ISweep, SweepFault, SweepField } from '../models/sweep';
import { useCockpit } from '../sections/context';
import { useBenchmark } from './context';

interface ILabelledProps {
  label: string;
  name: string;
  hint?: React.ReactNode;
  fault?: string | null;
  children: (id: string) => React.ReactNode;
}

export function Labelled({ label, name, hint, fault, children }: ILabelledProps): React.JSX.Element {
  const id = React.useId();
  return (
    <div className="cdc-Field" data-field={name}>
      <label htmlFor={id} className="cdc-Field-label">
        {label}
      </label>
      {children(id)}
      <p id={`${id}-hint`} className={fault ? 'cdc-Field-fault' : 'cdc-Field-hint'} role={fault ? 'alert' : undefined}>
        {fault ?? hint}
      </p>
    </div>
  );
}

interface ITextProps {
  field: { [Name in SweepField]: ISweep[Name] extends string ? Name : never }[SweepField];
  label: string;
  hint?: React.ReactNode;
  placeholder?: string;
  numeric?: boolean;
  list?: string;
}

/** An empty input says what it wants when it is left, not before anything was typed. */
export function Text({ field, label, hint, placeholder, numeric, list }: ITextProps): React.JSX.Element {
  const { trans } = useCockpit();
  const { model } = useBenchmark();
  const [touched, setTouched] = React.useState(false);
  const fault = model.faults[field] as SweepFault | undefined;
  const told = fault && (touched || model.sweep[field] !== '') ? faultWords(fault, trans) : null;
  return (
    <Labelled label={label} name={field} hint={hint} fault={told}>
      {id => (
        <input
          id={id}
          className="cdc-Input"
          type="text"
          inputMode={numeric ? 'decimal' : undefined}
          list={list}
          aria-describedby={`${id}-hint`}
          aria-invalid={told !== null}
          placeholder={placeholder}
          spellCheck={false}
          autoComplete="off"
          value={model.sweep[field]}
          onBlur={() => setTouched(true)}
          onChange={event => model.change({ [field]: event.target.value })}
        />
      )}
    </Labelled>
  );
}

export function faultWords(fault: SweepFault, trans: TranslationBundle): string {
  switch (fault) {
    case 'values':
      return trans.__('Whole numbers of at least 1; 16 MiB or 64k will do');
    case 'many':
      return trans.__('At most 64 values: choose a range');
    case 'order':
      return trans.__('Below where it starts');
    case 'bounds':
      return trans.__('Say between which values the best is to be found');
    case 'path':
      return trans.__('Its import path: package.module:function');
    case 'view':
      return trans.__('Choose one');
    case 'registered':
      return trans.__('No function to be chosen');
    case 'price':
      return trans.__('A price in dollars');
    default:
      return trans.__('A whole number');
  }
}

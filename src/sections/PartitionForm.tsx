/* How to cut: the fields of the format's schema, the button, and the progress of the job. */
import * as React from 'react';
import { ErrorNotice } from '../components/notices';
import { Field } from '../components/SchemaForm';
import type { IField } from '../models/form';
import { counts, faultOf, faultsOf } from '../models/form';
import { isActive } from '../models/jobs';
import { CommandIDs } from '../tokens';
import { useCockpit, useModel } from './context';
import { EngineChoice } from './EngineChoice';
import { faultText } from './faults';
import { JobProgress } from './JobProgress';

export function PartitionForm(): React.JSX.Element | null {
  const { cockpit, trans, execute } = useCockpit();
  const object = useModel(cockpit.object);
  const jobs = useModel(cockpit.jobs);
  const engines = useModel(cockpit.engines);
  const { form, detail } = object;
  const own = jobs.get(object.jobId);
  const foot = React.useRef<HTMLDivElement>(null);
  const fault = (object.submitError ?? (own?.state === 'failed' ? own.error : null))?.message;
  React.useEffect(() => {
    if (fault) {
      // The words stand above the foot, which hides them as long as there is more to scroll.
      foot.current?.closest('.cdc-Section-body')?.scrollTo({ top: 1e6 });
    }
  }, [fault]);
  if (!form || !detail) {
    return null;
  }
  const job =
    own ?? jobs.active.find(candidate => candidate.kind === 'partition' && candidate.uri === detail.uri) ?? null;
  const running = job !== null && isActive(job);
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    execute(CommandIDs.partition);
  };
  return (
    <form className="cdc-Form" onSubmit={submit} noValidate>
      <CutFields disabled={running} />
      {form.plain
        .filter(field => counts(field, object.state))
        .map(field => (
          <BoundField key={field.name} field={field} disabled={running} />
        ))}
      {form.reading.length > 0 && (
        <details className="cdc-Details">
          <summary>{trans.__('Reading options')}</summary>
          {form.reading.map(field => (
            <BoundField key={field.name} field={field} disabled={running} />
          ))}
        </details>
      )}
      <EngineChoice disabled={running} />
      {object.submitError && <ErrorNotice message={object.submitError.message} />}
      {own && own.state === 'failed' && own.error && <ErrorNotice message={own.error.message} />}
      {own && own.state === 'cancelled' && <p className="cdc-quiet">{trans.__('Cancelled. No slices were made.')}</p>}
      <div className="cdc-Form-foot" ref={foot}>
        {job && running ? (
          <JobProgress job={job} />
        ) : (
          <div className="cdc-Form-buttons">
            <button
              type="submit"
              className="cdc-Button cdc-mod-primary"
              disabled={!object.canPartition || engines.hasFaults}
            >
              {object.submitting ? trans.__('Starting…') : trans.__('Partition')}
            </button>
            <button
              type="button"
              className="cdc-Button"
              title={trans.__('Which batch size is fastest?')}
              disabled={object.loading}
              onClick={() => execute(CommandIDs.benchmark)}
            >
              {trans.__('Benchmark…')}
            </button>
          </div>
        )}
      </div>
    </form>
  );
}

/** One of several ways to cut is chosen; only then its number is asked for. */
function CutFields({ disabled }: { disabled: boolean }): React.JSX.Element | null {
  const { cockpit, trans } = useCockpit();
  const object = useModel(cockpit.object);
  const id = React.useId();
  const { form, state } = object;
  if (!form || !form.cut.length) {
    return null;
  }
  const field = form.cut.find(candidate => candidate.name === state.cutBy);
  return (
    <div className="cdc-Field" data-field="cut-by">
      <label htmlFor={id} className="cdc-Field-label">
        {trans.__('Cut by')}
      </label>
      <div className="cdc-Field-pair">
        <select
          id={id}
          className="cdc-Select"
          disabled={disabled}
          aria-describedby={`${id}-hint`}
          value={state.cutBy ?? ''}
          onChange={event => object.cutBy(event.target.value || null)}
        >
          <option value="">{trans.__('Automatic size')}</option>
          {form.cut.map(({ name, title }) => (
            <option key={name} value={name}>
              {title}
            </option>
          ))}
        </select>
        {field && <CutInput key={field.name} field={field} disabled={disabled} describedBy={`${id}-hint`} />}
      </div>
      <CutHint id={`${id}-hint`} field={field} />
    </div>
  );
}

interface ICutInputProps {
  field: IField;
  disabled: boolean;
  describedBy: string;
}

function CutInput({ field, disabled, describedBy }: ICutInputProps): React.JSX.Element {
  const { cockpit, trans } = useCockpit();
  const object = useModel(cockpit.object);
  const isText = field.kind === 'text';
  return (
    <input
      className="cdc-Input"
      type={isText ? 'text' : 'number'}
      inputMode={isText ? undefined : field.kind === 'integer' ? 'numeric' : 'decimal'}
      data-field={field.name}
      data-kind={field.kind}
      aria-label={field.title}
      aria-describedby={describedBy}
      aria-invalid={faultOf(field, object.state.values[field.name]) !== null}
      autoFocus
      disabled={disabled}
      min={field.minimum ?? undefined}
      max={field.maximum ?? undefined}
      step={isText ? undefined : field.kind === 'integer' ? 1 : 'any'}
      placeholder={field.example === null ? undefined : trans.__('e.g. %1', field.example)}
      spellCheck={false}
      autoComplete="off"
      value={String(object.state.values[field.name])}
      onChange={event => object.setValue(field.name, event.target.value)}
    />
  );
}

function CutHint({ id, field }: { id: string; field?: IField }): React.JSX.Element {
  const { cockpit, trans } = useCockpit();
  const object = useModel(cockpit.object);
  const fault = field && faultOf(field, object.state.values[field.name]);
  return (
    <p id={id} className={fault ? 'cdc-Field-fault' : 'cdc-Field-hint'} role={fault ? 'alert' : undefined}>
      {field ? (fault ? faultText(fault, field, trans) : field.description) : trans.__('Slices of about 64 MiB.')}
    </p>
  );
}

function BoundField({ field, disabled }: { field: IField; disabled: boolean }): React.JSX.Element {
  const { cockpit, trans } = useCockpit();
  const object = useModel(cockpit.object);
  const fault = object.form ? faultsOf(object.form, object.state)[field.name] : undefined;
  return (
    <Field
      field={field}
      value={object.state.values[field.name] ?? field.initial}
      fault={fault ? faultText(fault, field, trans) : null}
      disabled={disabled}
      automatic={trans.__('Automatic')}
      placeholder={field.example === null ? trans.__('Automatic') : trans.__('e.g. %1', field.example)}
      onChange={value => object.setValue(field.name, value)}
    />
  );
}

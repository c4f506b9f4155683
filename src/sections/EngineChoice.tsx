/* Where the work is done: an engine, its options, and the Dask clusters that are there. Folded, since few need it. */
import * as React from 'react';
import type { ExecutorInfo } from '../api/schema';
import { ErrorNotice, WarningNotice } from '../components/notices';
import { Field } from '../components/SchemaForm';
import type { Priority } from '../models/engines';
import { ADDRESS } from '../models/engines';
import type { IField } from '../models/form';
import type { ICockpitContext } from './context';
import { useCockpit, useModel } from './context';
import { faultText } from './faults';

interface IProps {
  disabled: boolean;
  /** Further fields that few need. */
  children?: React.ReactNode;
}

export function EngineChoice({ disabled, children }: IProps): React.JSX.Element {
  const { cockpit, trans } = useCockpit();
  const engines = useModel(cockpit.engines);
  React.useEffect(() => void engines.load(), [engines]);
  const { engine } = engines;
  const away = engines.loaded && engine !== null && engine.name !== engines.chosen;
  const [open, setOpen] = React.useState(false);
  const badge = engine && !engines.isOwn ? engine.title : '';
  return (
    <details
      className="cdc-Details cdc-Engine"
      data-engine={engine?.name}
      // What keeps the button from being pressed has to be seen.
      open={open || engines.hasFaults}
      onToggle={event => setOpen(event.currentTarget.open)}
    >
      <summary>
        {trans.__('Advanced')}
        {badge && <span className="cdc-Badge">{badge}</span>}
      </summary>
      {engines.error && (
        <ErrorNotice
          message={engines.error.message}
          retry={{ label: trans.__('Retry'), run: () => void engines.load() }}
        />
      )}
      {engines.loaded && <EngineSelect disabled={disabled} />}
      {away && (
        <WarningNotice>
          {trans.__('“%1” cannot be used here now. The work is done by: %2.', engines.chosen, engine.title)}
        </WarningNotice>
      )}
      {engines.form.plain.map(field => (
        <Option key={field.name} field={field} disabled={disabled} />
      ))}
      <PrioritySelect disabled={disabled} />
      {children}
    </details>
  );
}

function EngineSelect({ disabled }: { disabled: boolean }): React.JSX.Element {
  const { cockpit, trans } = useCockpit();
  const engines = useModel(cockpit.engines);
  const id = React.useId();
  const missing = engines.list.filter(({ usable }) => !usable);
  return (
    <div className="cdc-Field" data-field="engine">
      <label htmlFor={id} className="cdc-Field-label">
        {trans.__('Engine')}
      </label>
      <select
        id={id}
        className="cdc-Select"
        aria-describedby={`${id}-hint`}
        disabled={disabled}
        value={engines.engine?.name ?? ''}
        onChange={event => engines.choose(event.target.value)}
      >
        {engines.list.map(info => (
          <option key={info.name} value={info.name} disabled={!info.usable} title={info.problem ?? undefined}>
            {optionText(info, trans)}
          </option>
        ))}
      </select>
      <p id={`${id}-hint`} className="cdc-Field-hint">
        {missing.length ? trans.__('A grey one needs the extra that it names on the Jupyter server.') : ''}
      </p>
    </div>
  );
}

function PrioritySelect({ disabled }: { disabled: boolean }): React.JSX.Element {
  const { cockpit, trans } = useCockpit();
  const engines = useModel(cockpit.engines);
  const id = React.useId();
  return (
    <div className="cdc-Field" data-field="priority">
      <label htmlFor={id} className="cdc-Field-label">
        {trans.__('Priority')}
      </label>
      <select
        id={id}
        className="cdc-Select"
        disabled={disabled}
        value={engines.priority}
        aria-describedby={`${id}-hint`}
        onChange={event => engines.setPriority(event.target.value as Priority)}
      >
        <option value="high">{trans.__('High: first')}</option>
        <option value="normal">{trans.__('Normal')}</option>
        <option value="low">{trans.__('Low: last')}</option>
      </select>
      <p id={`${id}-hint`} className="cdc-Field-hint">
        {trans.__('Every eighth to begin is one that waits at a lower priority.')}
      </p>
    </div>
  );
}

function optionText({ title, usable, extra }: ExecutorInfo, trans: ICockpitContext['trans']): string {
  if (usable) {
    return title;
  }
  return extra ? trans.__('%1 – install cloud-data-cockpit[%2]', title, extra) : trans.__('%1 (not installed)', title);
}

function Option({ field, disabled }: { field: IField; disabled: boolean }): React.JSX.Element {
  const { cockpit, trans } = useCockpit();
  const engines = useModel(cockpit.engines);
  const fault = engines.faults[field.name];
  return (
    <>
      <Field
        field={field}
        value={engines.state.values[field.name] ?? field.initial}
        fault={fault ? faultText(fault, field, trans) : null}
        disabled={disabled}
        automatic={trans.__('Automatic')}
        placeholder={field.example === null ? trans.__('Automatic') : trans.__('e.g. %1', field.example)}
        onChange={value => engines.setValue(field.name, value)}
      />
      {field.name === ADDRESS && engines.engine?.name === 'dask' && <Clusters disabled={disabled} />}
    </>
  );
}

/** The clusters of dask-labextension: one click instead of an address to be typed. */
function Clusters({ disabled }: { disabled: boolean }): React.JSX.Element | null {
  const { cockpit, trans } = useCockpit();
  const engines = useModel(cockpit.engines);
  if (!engines.clusters.length) {
    return null;
  }
  const current = engines.state.values[ADDRESS];
  return (
    <div className="cdc-Choices cdc-Clusters" role="group" aria-label={trans.__('Clusters of this JupyterLab')}>
      {engines.clusters.map(({ name, scheduler_address, workers }) => (
        <button
          key={scheduler_address}
          type="button"
          className="cdc-Choice"
          disabled={disabled}
          aria-pressed={current === scheduler_address}
          title={scheduler_address}
          onClick={() => engines.setValue(ADDRESS, current === scheduler_address ? '' : scheduler_address)}
        >
          {trans._n('%2, %1 worker', '%2, %1 workers', workers, name)}
        </button>
      ))}
    </div>
  );
}

/* Names with values, to be changed: user metadata, tags. */
import { addIcon, deleteIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import { IconButton } from '../components/buttons';
import { useAction, useProperties } from './context';

interface IProps {
  pairs: Record<string, string>;
  /** What one of them is called. */
  name: string;
  empty: string;
  most?: number;
  onSave: (pairs: Record<string, string>) => Promise<void>;
}

export function PairsEditor({ pairs, name, empty, most = Infinity, onSave }: IProps): React.JSX.Element {
  const { trans } = useProperties();
  const [rows, setRows] = React.useState<[string, string][]>(() => Object.entries(pairs));
  const { busy, fault, run } = useAction();
  const names = rows.map(([key]) => key.trim());
  const changed = JSON.stringify(rows) !== JSON.stringify(Object.entries(pairs));
  const sound = names.every(key => key !== '') && new Set(names).size === names.length;
  const set = (index: number, row: [string, string]) => setRows(rows.map((old, at) => (at === index ? row : old)));
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    run(() => onSave(Object.fromEntries(rows.map(([key, value]) => [key.trim(), value]))));
  };
  return (
    <form className="cdc-Pairs" onSubmit={submit}>
      {!rows.length && <p className="cdc-quiet">{empty}</p>}
      {rows.map(([key, value], index) => (
        <div key={index} className="cdc-Pairs-row">
          <input
            className="cdc-Input"
            aria-label={trans.__('%1 %2: name', name, index + 1)}
            aria-invalid={key.trim() === '' || names.indexOf(key.trim()) !== index}
            placeholder={trans.__('Name')}
            spellCheck={false}
            value={key}
            onChange={event => set(index, [event.target.value, value])}
          />
          <input
            className="cdc-Input"
            aria-label={trans.__('%1 %2: value', name, index + 1)}
            placeholder={trans.__('Value')}
            spellCheck={false}
            value={value}
            onChange={event => set(index, [key, event.target.value])}
          />
          <IconButton
            icon={deleteIcon}
            label={trans.__('Remove %1 %2', name, key)}
            onClick={() => setRows(rows.filter((_, at) => at !== index))}
          />
        </div>
      ))}
      <div className="cdc-Pairs-foot">
        <IconButton
          icon={addIcon}
          label={trans.__('Add: %1', name)}
          disabled={rows.length >= most}
          onClick={() => setRows([...rows, ['', '']])}
        />
        <button type="submit" className="cdc-Button" disabled={!changed || !sound || busy}>
          {busy ? trans.__('Saving…') : trans.__('Save')}
        </button>
        {changed && !busy && (
          <button type="button" className="cdc-LinkButton" onClick={() => setRows(Object.entries(pairs))}>
            {trans.__('Undo')}
          </button>
        )}
      </div>
      {fault && (
        <p className="cdc-Field-fault" role="alert">
          {fault}
        </p>
      )}
    </form>
  );
}

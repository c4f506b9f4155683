/* The connection in use, and what stands there while there is none. */
import * as React from 'react';
import { EmptyState } from '../components/notices';
import { useCockpit, useModel } from './context';

export function NoConnection(): React.JSX.Element {
  const { cockpit, trans } = useCockpit();
  return (
    <EmptyState
      title={trans.__('No connection to S3 yet')}
      hint={trans.__(
        'Run “cloud-data-cockpit demo” in a terminal for a service on this machine, or set up a profile with “aws configure”.'
      )}
    >
      <button type="button" className="cdc-Button" onClick={() => void cockpit.connect()}>
        {trans.__('Look again')}
      </button>
    </EmptyState>
  );
}

export function ConnectionBar(): React.JSX.Element {
  const { cockpit, trans } = useCockpit();
  const connections = useModel(cockpit.connections);
  const id = React.useId();
  const { ref } = connections;
  return (
    <div className="cdc-Bar">
      <label htmlFor={id} className="cdc-Bar-label">
        {trans.__('Connection')}
      </label>
      <select
        id={id}
        className="cdc-Select cdc-mod-grow"
        title={ref?.endpoint_url ?? ref?.region ?? undefined}
        value={connections.current ?? ''}
        onChange={event => void cockpit.useConnection(event.target.value)}
      >
        {connections.list.map(({ name, kind }) => (
          <option key={name} value={name}>
            {kind === 'profile' ? trans.__('%1 (profile)', name) : name}
          </option>
        ))}
      </select>
    </div>
  );
}

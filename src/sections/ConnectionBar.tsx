/* The connection in use: which one, what to know of it, what can be done with it; and what stands there without one. */
import { ellipsesIcon } from '@jupyterlab/ui-components';
import { Menu } from '@lumino/widgets';
import * as React from 'react';
import { IconButton } from '../components/buttons';
import { ConnectionReportNotice } from '../components/ConnectionReport';
import { EmptyState } from '../components/notices';
import { RelativeDate } from '../components/values';
import { Words } from '../components/Words';
import type { ConnectionInfo } from '../api/schema';
import { CommandIDs } from '../tokens';
import type { ICockpitContext } from './context';
import { useCockpit, useModel } from './context';

export function NoConnection(): React.JSX.Element {
  const { cockpit, trans, execute } = useCockpit();
  return (
    <EmptyState
      title={trans.__('No connection to S3 yet')}
      hint={trans.__(
        'Run “cloud-data-cockpit demo” in a terminal for a service on this machine, set up a profile with “aws configure”, or add a connection here.'
      )}
    >
      <div className="cdc-EmptyState-actions">
        <button type="button" className="cdc-Button cdc-mod-primary" onClick={() => execute(CommandIDs.addConnection)}>
          {trans.__('Add a connection')}
        </button>
        <button type="button" className="cdc-Button" onClick={() => void cockpit.connect()}>
          {trans.__('Look again')}
        </button>
      </div>
    </EmptyState>
  );
}

export function ConnectionBar(): React.JSX.Element {
  const { cockpit, trans, commands } = useCockpit();
  const connections = useModel(cockpit.connections);
  const id = React.useId();
  const { chosen } = connections;
  const saved = connections.infos.filter(info => info.saved);
  const found = connections.infos.filter(info => !info.saved);
  const option = (info: ConnectionInfo) => (
    <option key={info.ref.name} value={info.ref.name}>
      {info.ref.kind === 'profile' ? trans.__('%1 (profile)', info.ref.name) : info.ref.name}
      {info.problem ? ' ⚠' : ''}
    </option>
  );
  return (
    <div className="cdc-ConnectionBar">
      <div className="cdc-Bar">
        <label htmlFor={id} className="cdc-Bar-label">
          {trans.__('Connection')}
        </label>
        <select
          id={id}
          className="cdc-Select cdc-mod-grow"
          title={chosen ? aboutConnection(chosen, trans) : undefined}
          value={connections.current ?? ''}
          onChange={event => void cockpit.useConnection(event.target.value)}
        >
          {saved.length > 0 && found.length > 0 ? (
            <>
              <optgroup label={trans.__('Yours')}>{saved.map(option)}</optgroup>
              <optgroup label={trans.__('Found on the server')}>{found.map(option)}</optgroup>
            </>
          ) : (
            connections.infos.map(option)
          )}
        </select>
        <IconButton
          icon={ellipsesIcon}
          label={trans.__('Connection menu')}
          popup="menu"
          onClick={event => openMenu(commands, event.currentTarget)}
        />
      </div>
      {chosen && <Badges info={chosen} />}
      {chosen && <State />}
    </div>
  );
}

function openMenu(commands: ICockpitContext['commands'], anchor: HTMLElement): void {
  const menu = new Menu({ commands });
  menu.addItem({ command: CommandIDs.addConnection });
  menu.addItem({ type: 'separator' });
  for (const command of [
    CommandIDs.testConnection,
    CommandIDs.editConnection,
    CommandIDs.duplicateConnection,
    CommandIDs.removeConnection
  ]) {
    menu.addItem({ command });
  }
  menu.addItem({ type: 'separator' });
  menu.addItem({ command: CommandIDs.unfinishedUploads });
  const { left, bottom } = anchor.getBoundingClientRect();
  // The menu sends the focus nowhere when it closes; a keyboard goes on where it was.
  menu.aboutToClose.connect(() =>
    requestAnimationFrame(() => document.activeElement === document.body && anchor.focus())
  );
  menu.open(left, bottom);
}

/** For the tooltip: all that would be too long for a badge. */
function aboutConnection({ ref, source }: ConnectionInfo, trans: ICockpitContext['trans']): string {
  const lines = [
    ref.endpoint_url ?? trans.__('Amazon S3'),
    ref.region ? trans.__('Region: %1', ref.region) : '',
    ref.profile ? trans.__('Profile: %1', ref.profile) : '',
    ref.role_arn ? trans.__('Role: %1', ref.role_arn) : '',
    source ? trans.__('From: %1', source) : ''
  ];
  return lines.filter(Boolean).join('\n');
}

function Badges({ info }: { info: ConnectionInfo }): React.JSX.Element | null {
  const { trans } = useCockpit();
  const { ref, secret, expires } = info;
  const now = Date.now();
  const badges: React.ReactNode[] = [];
  const add = (text: string, title: string, tone = '') =>
    badges.push(
      <li key={text} className={`cdc-Tag${tone ? ` cdc-mod-${tone}` : ''}`} title={title}>
        {text}
      </li>
    );
  if (expires && Date.parse(expires) <= now) {
    add(trans.__('expired'), trans.__('The credentials have expired.'), 'error');
  }
  if (ref.anonymous) {
    add(trans.__('anonymous'), trans.__('Requests are not signed: public data only.'));
  }
  if (ref.requester_pays) {
    add(trans.__('requester pays'), trans.__('Your account pays for requests and traffic.'), 'warning');
  }
  if (ref.role_arn) {
    add(trans.__('role'), ref.role_arn);
  }
  if (!ref.verify_tls) {
    add(trans.__('TLS unchecked'), trans.__('The certificate of the service is not checked.'), 'warning');
  }
  if (secret === 'process') {
    add(trans.__('this session only'), trans.__('The keys are gone when the server stops.'));
  }
  const soon = expires && Date.parse(expires) > now && Date.parse(expires) - now < 24 * 3600_000;
  if (soon) {
    badges.push(
      <li key="expires" className="cdc-Tag">
        {trans.__('expires')} <RelativeDate date={expires} />
      </li>
    );
  }
  return badges.length ? (
    <ul className="cdc-Tags" aria-label={trans.__('About this connection')}>
      {badges}
    </ul>
  ) : null;
}

/** Why it cannot be used, or what its test has found. */
function State(): React.JSX.Element | null {
  const { cockpit, trans, execute } = useCockpit();
  const { connections } = cockpit;
  const { chosen, report, testing } = connections;
  if (report) {
    return (
      <ConnectionReportNotice report={report} trans={trans}>
        <button type="button" className="cdc-LinkButton" onClick={() => connections.dismissReport()}>
          {trans.__('Dismiss')}
        </button>
      </ConnectionReportNotice>
    );
  }
  if (!chosen?.problem) {
    return null;
  }
  return (
    <div className="cdc-Notice cdc-mod-warning" role="status">
      <p className="cdc-Notice-text">
        <Words text={chosen.problem} copyLabel={trans.__('Copy')} />
      </p>
      <button
        type="button"
        className="cdc-Button"
        disabled={testing}
        onClick={() => execute(CommandIDs.testConnection)}
      >
        {testing ? trans.__('Testing…') : trans.__('Try again')}
      </button>
    </div>
  );
}

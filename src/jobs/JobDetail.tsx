/* All that is known of one job: what it does where, what went wrong, notes, its log, and what can be done with it. */
import { closeIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import type { Job, LogLine } from '../api/schema';
import { IconButton } from '../components/buttons';
import { formatDateTime, formatSeconds } from '../components/format';
import { Loading } from '../components/notices';
import { Words } from '../components/Words';
import { isActive } from '../models/jobs';
import type { JobTable } from '../models/jobTable';
import { displayName } from '../models/location';
import type { ICockpitContext } from '../sections/context';
import { useCockpit } from '../sections/context';
import { doneText, paceText } from '../sections/JobProgress';
import { stateText } from '../sections/jobWords';
import { CommandIDs } from '../tokens';
import { jobActions } from './actions';

export function JobDetail({ job, table }: { job: Job; table: JobTable }): React.JSX.Element {
  const { cockpit, trans } = useCockpit();
  return (
    <section className="cdc-JobDetail" aria-label={displayName(job.title)} data-id={job.id} data-state={job.state}>
      <div className="cdc-Card-head">
        <h3 className="cdc-Card-title" title={displayName(job.title)}>
          <bdi>{displayName(job.title)}</bdi>
        </h3>
        <IconButton icon={closeIcon} label={trans.__('Close')} onClick={() => table.focus(null)} />
      </div>
      <Buttons job={job} />
      {job.error && job.state !== 'cancelled' && (
        <p className="cdc-Field-fault" role="alert">
          <Words text={job.error.message} copyLabel={trans.__('Copy')} />
        </p>
      )}
      <dl className="cdc-JobDetail-facts">
        {factsOf(job, cockpit.jobs, trans).map(([name, value]) => (
          <React.Fragment key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </React.Fragment>
        ))}
      </dl>
      {job.notes.length > 0 && (
        <details className="cdc-Details" open>
          <summary>{trans._n('%1 note', '%1 notes', job.notes.length)}</summary>
          <ul className="cdc-Notes">
            {job.notes.map((note, index) => (
              <li key={index}>{displayName(note)}</li>
            ))}
          </ul>
        </details>
      )}
      <details
        className="cdc-Details"
        open={table.showsLog}
        onToggle={event => {
          if (event.currentTarget.open !== table.showsLog) {
            table.unfoldLog(event.currentTarget.open);
          }
        }}
      >
        <summary>{trans.__('Log')}</summary>
        {table.showsLog && <Log table={table} />}
      </details>
    </section>
  );
}

function Buttons({ job }: { job: Job }): React.JSX.Element {
  const { cockpit, trans, execute } = useCockpit();
  const made = job.benchmark_id ?? (job.state === 'succeeded' ? job.manifest_id : null);
  return (
    <div className="cdc-Bar cdc-mod-flush">
      {jobActions(job, cockpit.uploads, trans).map(({ id, label, command, args }) => (
        <button key={id} type="button" className="cdc-Button" onClick={() => execute(command, args)}>
          {label}
        </button>
      ))}
      {made !== null && (
        <button type="button" className="cdc-Button" onClick={() => execute(CommandIDs.openResult, { id: job.id })}>
          {job.benchmark_id !== null ? trans.__('Show the chart') : trans.__('Show slices')}
        </button>
      )}
      <button
        type="button"
        className="cdc-Button"
        onClick={() => {
          execute(CommandIDs.show);
          void cockpit.showAt(job.connection, job.uri);
        }}
      >
        {trans.__('Go to its place')}
      </button>
    </div>
  );
}

type Fact = [string, React.ReactNode];

function factsOf(job: Job, jobs: ICockpitContext['cockpit']['jobs'], trans: ICockpitContext['trans']): Fact[] {
  const moment = (date: string) => formatDateTime(new Date(date));
  const active = isActive(job);
  const took = job.started === null ? 0 : (Date.parse(job.updated) - Date.parse(job.started)) / 1000;
  const facts: Fact[] = [
    [trans.__('State'), [stateText(job, trans), active ? job.phase : ''].filter(Boolean).join(', ')],
    [trans.__('Done'), [doneText(job, trans), active ? paceText(job, jobs, trans) : ''].filter(Boolean).join(', ')],
    [trans.__('Place'), <bdi key="place">{displayName(job.uri)}</bdi>],
    [trans.__('Connection'), job.connection],
    [trans.__('Engine'), job.executor],
    [trans.__('Priority'), job.priority === 'normal' ? '' : job.priority],
    [trans.__('User'), job.user],
    [trans.__('Asked for'), moment(job.created)],
    [trans.__('Started'), job.started === null ? '' : moment(job.started)],
    [trans.__('Ended'), active ? '' : moment(job.updated) + (took > 0 ? `, ${formatSeconds(took)}` : '')]
  ];
  return facts.filter(([, value]) => value);
}

function Log({ table }: { table: JobTable }): React.JSX.Element {
  const { trans } = useCockpit();
  const { log, logError } = table;
  if (logError) {
    return <p className="cdc-Field-fault">{logError.message}</p>;
  }
  if (!log) {
    return <Loading label={trans.__('Loading…')} />;
  }
  if (!log.lines.length) {
    return <p className="cdc-quiet">{trans.__('Nothing has been written down.')}</p>;
  }
  const gone = log.total - log.lines.length;
  return (
    // What scrolls has to be reachable by the keyboard.
    <div className="cdc-JobLog" tabIndex={0} role="log" aria-label={trans.__('Log')}>
      {gone > 0 && (
        <p className="cdc-quiet">{trans._n('%1 older line is not kept.', '%1 older lines are not kept.', gone)}</p>
      )}
      {log.lines.map((line, index) => (
        <Line key={log.total - log.lines.length + index} line={line} />
      ))}
    </div>
  );
}

function Line({ line }: { line: LogLine }): React.JSX.Element {
  const at = new Date(line.at);
  return (
    <p data-level={line.level}>
      <time dateTime={line.at} title={formatDateTime(at)}>
        {at.toLocaleTimeString()}
      </time>{' '}
      {displayName(line.text)}
    </p>
  );
}

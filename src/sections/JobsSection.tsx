/* What runs and what ran, newest first: how it goes, what went wrong and what to do, a way to its place. */
import { closeIcon, launchIcon, refreshIcon, runIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import type { Job } from '../api/schema';
import { IconButton } from '../components/buttons';
import { EmptyState, ErrorNotice, Loading } from '../components/notices';
import { RelativeDate } from '../components/values';
import { Words } from '../components/Words';
import { isActive } from '../models/jobs';
import { displayName } from '../models/location';
import { CommandIDs } from '../tokens';
import { useCockpit, useModel } from './context';
import { JobProgress } from './JobProgress';
import { doneSummary, iconOf, stateText } from './jobWords';

const MOST = 100;

type Filter = 'all' | 'active' | 'ended';

export function JobsSection(): React.JSX.Element {
  const { cockpit, trans } = useCockpit();
  const jobs = useModel(cockpit.jobs);
  const [filter, setFilter] = React.useState<Filter>('all');
  const { shown } = jobs;
  if (jobs.error && !shown.length) {
    const retry = { label: trans.__('Retry'), run: () => void jobs.refresh() };
    return <ErrorNotice message={jobs.error.message} retry={retry} />;
  }
  if (!jobs.loaded && !shown.length) {
    return <Loading label={trans.__('Loading…')} />;
  }
  if (!shown.length) {
    return (
      <EmptyState
        title={trans.__('No jobs yet')}
        hint={trans.__('Uploads, downloads, copies, deletions and partitions are listed here.')}
      />
    );
  }
  const wanted = shown.filter(job => filter === 'all' || isActive(job) === (filter === 'active'));
  return (
    <>
      <Bar filter={filter} onFilter={setFilter} />
      {wanted.length === 0 && (
        <p className="cdc-Jobs-none cdc-quiet">
          {filter === 'active' ? trans.__('Nothing runs.') : trans.__('Nothing has ended.')}
        </p>
      )}
      {/* A list that scrolls has to be reachable by the keyboard. */}
      <ul className="cdc-Jobs" tabIndex={0} aria-label={trans.__('Jobs')}>
        {wanted.slice(0, MOST).map(job => (
          <JobRow key={job.id} job={job} />
        ))}
      </ul>
    </>
  );
}

function Bar({ filter, onFilter }: { filter: Filter; onFilter: (filter: Filter) => void }): React.JSX.Element {
  const { cockpit, trans, execute } = useCockpit();
  const { shown } = cockpit.jobs;
  const running = shown.filter(isActive).length;
  const choice = (value: Filter, label: string) => (
    <button type="button" className="cdc-Choice" aria-pressed={filter === value} onClick={() => onFilter(value)}>
      {label}
    </button>
  );
  return (
    <div className="cdc-Bar cdc-Jobs-bar">
      <div className="cdc-Choices" role="group" aria-label={trans.__('Which jobs')}>
        {choice('all', trans.__('All'))}
        {choice('active', running ? trans.__('Running (%1)', running) : trans.__('Running'))}
        {choice('ended', trans.__('Ended'))}
      </div>
      {running < shown.length && (
        <button
          type="button"
          className="cdc-LinkButton cdc-Jobs-clear"
          title={trans.__('Take ended jobs off the list')}
          onClick={() => execute(CommandIDs.clearJobs)}
        >
          {trans.__('Clear')}
        </button>
      )}
      <OpenAll />
    </div>
  );
}

function OpenAll(): React.JSX.Element {
  const { trans, execute } = useCockpit();
  return (
    <IconButton icon={launchIcon} label={trans.__('Open in a tab')} onClick={() => execute(CommandIDs.openJobs)} />
  );
}

function JobRow({ job }: { job: Job }): React.JSX.Element {
  const { cockpit, trans } = useCockpit();
  const Icon = iconOf(job);
  const title = displayName(job.title);
  return (
    <li className="cdc-Job" data-state={job.state} data-kind={job.kind} data-id={job.id}>
      <div className="cdc-Job-line">
        <Icon.react tag="span" className="cdc-Icon" />
        <button
          type="button"
          className="cdc-Job-title"
          title={trans.__('Go to %1', displayName(job.uri))}
          onClick={() => void cockpit.showAt(job.connection, job.uri)}
        >
          <bdi>{title}</bdi>
        </button>
        <span className="cdc-State" data-state={job.state} data-resumable={job.resumable}>
          {stateText(job, trans)}
        </span>
      </div>
      {isActive(job) ? <JobProgress job={job} /> : <Ended job={job} title={title} />}
      {job.error && job.state !== 'cancelled' && (
        <p className="cdc-Field-fault">
          <Words text={job.error.message} copyLabel={trans.__('Copy')} />
        </p>
      )}
      {job.notes.length > 0 && <Notes notes={job.notes} />}
    </li>
  );
}

function Ended({ job, title }: { job: Job; title: string }): React.JSX.Element {
  const { cockpit, trans, execute } = useCockpit();
  const { slices, uploads } = cockpit;
  useModel(slices);
  const manifest = slices.manifests.find(candidate => candidate.id === job.manifest_id);
  const upload = uploads.byJob(job.id);
  const summary = doneSummary(job, trans);
  // An upload from a browser has no request that could be repeated: its file is there, in the list of uploads.
  const mayRetry = job.state === 'failed' || job.state === 'cancelled' || job.state === 'interrupted';
  return (
    <div className="cdc-Job-line cdc-quiet">
      <span className="cdc-ellipsis">
        <RelativeDate date={job.updated} />
        {summary && ` · ${summary}`}
      </span>
      {manifest && (
        <button type="button" className="cdc-LinkButton" onClick={() => slices.choose(manifest.id)}>
          {trans.__('Show slices')}
        </button>
      )}
      {job.benchmark_id !== null && (
        <button type="button" className="cdc-LinkButton" onClick={() => execute(CommandIDs.openResult, { id: job.id })}>
          {trans.__('Show the chart')}
        </button>
      )}
      {job.resumable && (upload || job.kind !== 'upload') && (
        <IconButton
          icon={runIcon}
          label={trans.__('Go on with %1', title)}
          onClick={() =>
            upload ? execute(CommandIDs.resumeUpload, { id: upload.id }) : execute(CommandIDs.resumeJob, { id: job.id })
          }
        />
      )}
      {job.resumable && (
        <IconButton
          icon={closeIcon}
          label={trans.__('Cancel %1', title)}
          onClick={() => execute(CommandIDs.cancelJob, { id: job.id })}
        />
      )}
      {mayRetry && !upload && (
        <IconButton
          icon={refreshIcon}
          label={trans.__('Start “%1” anew', title)}
          onClick={() => execute(CommandIDs.retryJob, { id: job.id })}
        />
      )}
    </div>
  );
}

function Notes({ notes }: { notes: string[] }): React.JSX.Element {
  const { trans } = useCockpit();
  return (
    <details className="cdc-Details cdc-Job-notes" open={notes.length <= 2 || undefined}>
      <summary>{trans._n('%1 note', '%1 notes', notes.length)}</summary>
      <ul className="cdc-Notes">
        {notes.map((note, index) => (
          <li key={index}>{displayName(note)}</li>
        ))}
      </ul>
    </details>
  );
}

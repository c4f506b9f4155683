/* What runs and what ran, newest first: how it goes, what went wrong and what to do, a way to its place. */
import type { LabIcon } from '@jupyterlab/ui-components';
import {
  deleteIcon,
  downloadIcon,
  editIcon,
  fileUploadIcon,
  refreshIcon,
  runIcon,
  searchIcon,
  closeIcon
} from '@jupyterlab/ui-components';
import * as React from 'react';
import type { Job } from '../api/schema';
import { IconButton } from '../components/buttons';
import { formatBytes, formatCount } from '../components/format';
import { benchmarkIcon, copyObjectIcon, indexIcon, moveObjectIcon, sliceIcon } from '../components/icons';
import { EmptyState, ErrorNotice, Loading } from '../components/notices';
import { RelativeDate } from '../components/values';
import { Words } from '../components/Words';
import { isActive } from '../models/jobs';
import { displayName } from '../models/location';
import { CommandIDs } from '../tokens';
import type { ICockpitContext } from './context';
import { useCockpit, useModel } from './context';
import { JobProgress } from './JobProgress';

const MOST = 100;

type Filter = 'all' | 'active' | 'ended';

const ICONS: Record<Job['kind'], LabIcon> = {
  partition: sliceIcon,
  index: indexIcon,
  benchmark: benchmarkIcon,
  upload: fileUploadIcon,
  copy: copyObjectIcon,
  move: moveObjectIcon,
  delete: deleteIcon,
  download: downloadIcon,
  change: editIcon,
  search: searchIcon
};

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
          className="cdc-LinkButton"
          title={trans.__('Take ended jobs off the list')}
          onClick={() => execute(CommandIDs.clearJobs)}
        >
          {trans.__('Clear')}
        </button>
      )}
    </div>
  );
}

function JobRow({ job }: { job: Job }): React.JSX.Element {
  const { cockpit, trans } = useCockpit();
  const Icon = ICONS[job.kind] ?? sliceIcon;
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
  // An upload from a browser has no request that could be repeated: its file is there, in the list of uploads.
  const mayRetry = job.state === 'failed' || job.state === 'cancelled' || job.state === 'interrupted';
  return (
    <div className="cdc-Job-line cdc-quiet">
      <span className="cdc-ellipsis">
        <RelativeDate date={job.updated} />
        {doneSummary(job, trans)}
      </span>
      {manifest && (
        <button type="button" className="cdc-LinkButton" onClick={() => slices.choose(manifest.id)}>
          {trans.__('Show slices')}
        </button>
      )}
      {job.resumable && upload && (
        <IconButton
          icon={runIcon}
          label={trans.__('Go on with %1', title)}
          onClick={() => execute(CommandIDs.resumeUpload, { id: upload.id })}
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

/** " · 1.2 GiB · 34 objects": what a job that is over has done. */
function doneSummary(job: Job, trans: ICockpitContext['trans']): string {
  const parts: string[] = [];
  if (job.items > 0) {
    parts.push(trans._n('%1 object', '%1 objects', job.items));
  }
  if (job.done > 0 && job.unit === 'bytes') {
    parts.push(formatBytes(job.done));
  } else if (job.done > 0 && job.unit === 'records') {
    parts.push(trans.__('%1 records', formatCount(job.done)));
  }
  return parts.map(part => ` · ${part}`).join('');
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

function stateText({ state, resumable }: Job, trans: ICockpitContext['trans']): string {
  switch (state) {
    case 'queued':
      return trans.__('Queued');
    case 'running':
      return trans.__('Running');
    case 'succeeded':
      return trans.__('Done');
    case 'failed':
      return trans.__('Failed');
    case 'cancelled':
      return trans.__('Cancelled');
    default:
      return resumable ? trans.__('Paused') : trans.__('Interrupted');
  }
}

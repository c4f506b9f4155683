/* What runs and what ran, newest first. */
import { fileUploadIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import type { Job } from '../api/schema';
import { sliceIcon } from '../components/icons';
import { EmptyState, ErrorNotice, Loading } from '../components/notices';
import { RelativeDate } from '../components/values';
import { isActive } from '../models/jobs';
import { displayName } from '../models/location';
import type { ICockpitContext } from './context';
import { useCockpit, useModel } from './context';
import { JobProgress } from './JobProgress';

const MOST = 50;

export function JobsSection(): React.JSX.Element {
  const { cockpit, trans } = useCockpit();
  const jobs = useModel(cockpit.jobs);
  const { list } = jobs;
  if (jobs.error && !list.length) {
    const retry = { label: trans.__('Retry'), run: () => void jobs.refresh() };
    return <ErrorNotice message={jobs.error.message} retry={retry} />;
  }
  if (!jobs.loaded && !list.length) {
    return <Loading label={trans.__('Loading…')} />;
  }
  if (!list.length) {
    return <EmptyState title={trans.__('No jobs yet')} hint={trans.__('Uploads and partitions are listed here.')} />;
  }
  return (
    // A list that scrolls has to be reachable by the keyboard.
    <ul className="cdc-Jobs" tabIndex={0} aria-label={trans.__('Jobs')}>
      {list.slice(0, MOST).map(job => (
        <JobRow key={job.id} job={job} />
      ))}
    </ul>
  );
}

function JobRow({ job }: { job: Job }): React.JSX.Element {
  const { cockpit, trans } = useCockpit();
  const slices = useModel(cockpit.slices);
  const Icon = job.kind === 'upload' ? fileUploadIcon : sliceIcon;
  const manifest = slices.manifests.find(candidate => candidate.id === job.manifest_id);
  return (
    <li className="cdc-Job" data-state={job.state}>
      <div className="cdc-Job-line">
        <Icon.react tag="span" className="cdc-Icon" />
        <span className="cdc-ellipsis" title={displayName(job.uri)}>
          <bdi>{displayName(job.title)}</bdi>
        </span>
        <span className="cdc-State" data-state={job.state}>
          {stateText(job.state, trans)}
        </span>
      </div>
      {isActive(job) ? (
        <JobProgress job={job} />
      ) : (
        <div className="cdc-Job-line cdc-quiet">
          <RelativeDate date={job.updated} />
          {manifest && (
            <button type="button" className="cdc-LinkButton" onClick={() => slices.choose(manifest.id)}>
              {trans.__('Show slices')}
            </button>
          )}
        </div>
      )}
      {job.error && job.state !== 'cancelled' && <p className="cdc-Field-fault">{job.error.message}</p>}
    </li>
  );
}

function stateText(state: Job['state'], trans: ICockpitContext['trans']): string {
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
      return trans.__('Interrupted');
  }
}

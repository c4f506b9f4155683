/* A running job: phase, bar, what is done at which rate, the time left, and a way to stop it. */
import { stopIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import type { Job } from '../api/schema';
import { IconButton } from '../components/buttons';
import { formatBytes, formatCount, formatSeconds } from '../components/format';
import { ProgressBar } from '../components/ProgressBar';
import type { JobsModel } from '../models/jobs';
import { CommandIDs } from '../tokens';
import type { ICockpitContext } from './context';
import { useCockpit } from './context';

export function JobProgress({ job }: { job: Job }): React.JSX.Element {
  const { cockpit, trans, execute } = useCockpit();
  const phase = job.state === 'queued' ? trans.__('queued') : job.phase || trans.__('running');
  const pace = paceText(job, cockpit.jobs, trans);
  return (
    <div className="cdc-JobProgress">
      <div className="cdc-JobProgress-line">
        <span className="cdc-ellipsis">{phase}</span>
        <span className="cdc-quiet cdc-nowrap">{doneText(job, trans)}</span>
        <IconButton
          icon={stopIcon}
          label={trans.__('Cancel %1', job.title)}
          onClick={() => execute(CommandIDs.cancelJob, { id: job.id })}
        />
      </div>
      <ProgressBar {...fractionOf(job)} label={job.title} />
      {pace && <p className="cdc-quiet cdc-JobProgress-pace">{pace}</p>}
    </div>
  );
}

/** "12 MiB/s · 3 min left", as far as anybody can say. */
export function paceText(job: Job, jobs: JobsModel, trans: ICockpitContext['trans']): string {
  const rate = jobs.rateOf(job.id);
  const left = jobs.secondsLeft(job);
  // A measurement takes seconds or minutes: a number of them a second tells nobody anything.
  const told = rate > 0 && job.unit !== 'measurements';
  const pace = [
    told ? trans.__('%1/s', amountOf(job, rate)) : '',
    left !== null ? trans.__('%1 left', formatSeconds(left)) : ''
  ];
  return pace.filter(Boolean).join(' · ');
}

function amountOf(job: Job, value: number): string {
  return job.unit === 'bytes' ? formatBytes(value) : formatCount(Math.round(value));
}

/** By bytes or records where their number is known, else by objects. */
export function fractionOf(job: Job): { done: number; total: number } {
  return job.total > 0 ? { done: job.done, total: job.total } : { done: job.items, total: job.items_total };
}

/** "1 MiB of 3 MiB", "2 of 5 objects", or both. */
export function doneText(job: Job, trans: ICockpitContext['trans']): string {
  const amounts: string[] = [];
  if (job.items_total > 1 || (job.items > 0 && job.unit !== 'objects')) {
    amounts.push(
      job.items_total > 0
        ? trans.__('%1 of %2 objects', formatCount(job.items), formatCount(job.items_total))
        : trans._n('%1 object', '%1 objects', job.items)
    );
  }
  if (job.total > 0) {
    amounts.push(trans.__('%1 of %2', amountOf(job, job.done), amountOf(job, job.total)));
  } else if (job.done > 0) {
    amounts.push(amountOf(job, job.done));
  }
  return amounts.join(' · ');
}

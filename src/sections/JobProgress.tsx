/* A running job: phase, bar, what is done, and a way to stop it. */
import { stopIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import type { Job } from '../api/schema';
import { IconButton } from '../components/buttons';
import { formatBytes, formatCount } from '../components/format';
import { ProgressBar } from '../components/ProgressBar';
import { CommandIDs } from '../tokens';
import { useCockpit } from './context';

export function JobProgress({ job }: { job: Job }): React.JSX.Element {
  const { trans, execute } = useCockpit();
  const amount = (value: number) => (job.unit === 'bytes' ? formatBytes(value) : formatCount(value));
  const phase = job.state === 'queued' ? trans.__('queued') : job.phase || trans.__('running');
  return (
    <div className="cdc-JobProgress">
      <div className="cdc-JobProgress-line">
        <span className="cdc-ellipsis">{phase}</span>
        {job.total > 0 && (
          <span className="cdc-quiet cdc-nowrap">{trans.__('%1 of %2', amount(job.done), amount(job.total))}</span>
        )}
        <IconButton
          icon={stopIcon}
          label={trans.__('Cancel %1', job.title)}
          onClick={() => execute(CommandIDs.cancelJob, { id: job.id })}
        />
      </div>
      <ProgressBar done={job.done} total={job.total} label={job.title} />
    </div>
  );
}

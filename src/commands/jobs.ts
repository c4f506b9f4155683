/* Commands for jobs: show them, cancel, start the same anew, clear what has ended. */
import { clearIcon, refreshIcon, stopIcon } from '@jupyterlab/ui-components';
import { isActive } from '../models/jobs';
import { PANEL_ID } from '../panel';
import { CommandIDs } from '../tokens';
import type { ICommandsOptions } from './options';
import { shown } from './options';

export function addJobCommands({ app: { commands, shell }, cockpit, trans }: ICommandsOptions): void {
  const { jobs, uploads } = cockpit;
  const wanted = (args: { id?: unknown }) => jobs.get(typeof args.id === 'string' ? args.id : null);
  commands.addCommand(CommandIDs.showJobs, {
    label: trans.__('Show Jobs'),
    execute: () => {
      shell.activateById(PANEL_ID);
      cockpit.reveal('jobs');
    }
  });
  commands.addCommand(CommandIDs.cancelJob, {
    label: trans.__('Cancel the Job'),
    icon: stopIcon,
    isEnabled: args => {
      const job = wanted(args);
      return job !== null && (isActive(job) || job.resumable);
    },
    execute: shown(async args => {
      if (typeof args.id === 'string') {
        const upload = uploads.byJob(args.id);
        await (upload ? uploads.cancel(upload.id) : jobs.cancel(args.id));
      }
    })
  });
  commands.addCommand(CommandIDs.retryJob, {
    label: trans.__('Start the Job Anew'),
    icon: refreshIcon,
    isEnabled: args => {
      const job = wanted(args);
      return job !== null && !isActive(job);
    },
    execute: shown(async args => {
      if (typeof args.id === 'string') {
        await jobs.retry(args.id);
      }
    })
  });
  commands.addCommand(CommandIDs.clearJobs, {
    label: trans.__('Clear Ended Jobs'),
    icon: clearIcon,
    isEnabled: () => jobs.shown.some(job => !isActive(job)),
    execute: () => jobs.clear()
  });
}

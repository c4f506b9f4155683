/* Commands for jobs. */
import { stopIcon } from '@jupyterlab/ui-components';
import { isActive } from '../models/jobs';
import { CommandIDs } from '../tokens';
import type { ICommandsOptions } from './options';
import { shown } from './options';

export function addJobCommands({ app: { commands }, cockpit, trans }: ICommandsOptions): void {
  const { jobs, uploads } = cockpit;
  commands.addCommand(CommandIDs.cancelJob, {
    label: trans.__('Cancel the Job'),
    icon: stopIcon,
    isEnabled: args => {
      const job = jobs.get(typeof args.id === 'string' ? args.id : null);
      return job !== null && isActive(job);
    },
    execute: shown(async args => {
      if (typeof args.id === 'string') {
        const upload = uploads.active.find(item => item.jobId === args.id);
        await (upload ? uploads.cancel(upload.id) : jobs.cancel(args.id));
      }
    })
  });
}

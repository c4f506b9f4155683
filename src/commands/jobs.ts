/* Commands for jobs: show them, cancel, start the same anew, clear what has ended. */
import { MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import { clearIcon, refreshIcon, runIcon, stopIcon } from '@jupyterlab/ui-components';
import type { Job } from '../api/schema';
import { jobsIcon } from '../components/icons';
import { JobsWidget } from '../jobs/widget';
import { isActive } from '../models/jobs';
import { parsePlace } from '../models/location';
import { PANEL_ID } from '../panel';
import { contextOf } from '../sections/context';
import { CommandIDs } from '../tokens';
import type { ICommandsOptions } from './options';
import { shown } from './options';

export function addJobCommands(options: ICommandsOptions): void {
  const { app, cockpit, trans } = options;
  const { commands, shell } = app;
  const { jobs, uploads } = cockpit;
  const wanted = (args: { id?: unknown }) => jobs.get(typeof args.id === 'string' ? args.id : null);
  commands.addCommand(CommandIDs.showJobs, {
    label: trans.__('Show Jobs'),
    execute: () => {
      shell.activateById(PANEL_ID);
      cockpit.reveal('jobs');
    }
  });
  addJobTab(options);
  commands.addCommand(CommandIDs.resumeJob, {
    label: trans.__('Go On with the Job'),
    icon: runIcon,
    isEnabled: args => wanted(args)?.resumable === true,
    execute: shown(async args => {
      if (typeof args.id === 'string') {
        await jobs.resume(args.id);
      }
    })
  });
  commands.addCommand(CommandIDs.openResult, {
    label: trans.__('Show What the Job Made'),
    isEnabled: args => Boolean(wanted(args)?.benchmark_id ?? wanted(args)?.manifest_id),
    execute: shown(async args => {
      const job = wanted(args);
      if (job && job.benchmark_id !== null) {
        await showBenchmark(options, job, job.benchmark_id);
      } else if (job && job.manifest_id !== null) {
        shell.activateById(PANEL_ID);
        cockpit.slices.choose(job.manifest_id);
        cockpit.reveal('slices');
      }
    })
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

/** The tab of the object, with this result in it. */
async function showBenchmark({ app, cockpit }: ICommandsOptions, job: Job, id: string): Promise<void> {
  const { format, uri } = await cockpit.api.benchmark(id);
  const place = parsePlace(uri);
  if (place) {
    const target = { connection: job.connection, bucket: place.bucket, key: place.rest, format };
    await app.commands.execute(CommandIDs.benchmark, { ...target, result: id });
  }
}

function addJobTab({ app, cockpit, restorer, trans }: ICommandsOptions): void {
  const { commands, shell } = app;
  const tabs = new WidgetTracker<MainAreaWidget<JobsWidget>>({ namespace: 'cloud-data-cockpit-jobs' });
  commands.addCommand(CommandIDs.openJobs, {
    label: trans.__('Open Jobs'),
    caption: trans.__('All that runs and ran, with its log'),
    icon: jobsIcon,
    execute: async () => {
      let tab = tabs.currentWidget;
      if (!tab || tab.isDisposed) {
        tab = new MainAreaWidget({ content: new JobsWidget(contextOf(cockpit, commands, trans)) });
        tab.id = 'cloud-data-cockpit-jobs';
        await tabs.add(tab);
        shell.add(tab, 'main');
      }
      shell.activateById(tab.id);
    }
  });
  void restorer?.restore(tabs, { command: CommandIDs.openJobs, name: () => 'jobs' });
}

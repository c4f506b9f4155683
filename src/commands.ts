/* Every action as a command: what the palette, the menus and the buttons call. */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Clipboard, Dialog, InputDialog, Notification, showDialog } from '@jupyterlab/apputils';
import type { INotebookTracker } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import { addIcon, copyIcon, deleteIcon, fileUploadIcon, refreshIcon, stopIcon } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import { cockpitIcon, dataSetIcon, sliceIcon } from './components/icons';
import type { Cockpit } from './models/cockpit';
import { displayName, makeUri } from './models/location';
import { isActive } from './models/jobs';
import { loadingCode } from './models/slices';
import type { IUploadItem } from './models/uploads';
import { uploadUri } from './models/uploads';
import { insertCode } from './notebook';
import { PANEL_ID } from './panel';
import { CommandIDs } from './tokens';

export interface ICommandsOptions {
  app: JupyterFrontEnd;
  cockpit: Cockpit;
  tracker: INotebookTracker | null;
  trans: TranslationBundle;
}

export function addCommands(options: ICommandsOptions): void {
  addPlaceCommands(options);
  addObjectCommands(options);
  addSliceCommands(options);
  addJobCommands(options);
}

/** Ask before an object is replaced. */
export async function confirmReplace(item: IUploadItem, trans: TranslationBundle): Promise<boolean> {
  const result = await showDialog({
    title: trans.__('Replace this object?'),
    body: trans.__('%1 exists already. Its bytes are lost when it is replaced.', displayName(uploadUri(item))),
    buttons: [
      Dialog.cancelButton({ label: trans.__('Skip') }),
      Dialog.warnButton({ label: trans.__('Replace'), accept: true })
    ]
  });
  return result.button.accept;
}

type Execute = CommandRegistry.ICommandOptions['execute'];

/** What a command throws is shown in the server's words, never lost in the console. */
function shown(execute: (args: Parameters<Execute>[0]) => Promise<void>): Execute {
  return async args => {
    try {
      await execute(args);
    } catch (error) {
      Notification.error(error instanceof Error ? error.message : String(error), { autoClose: false });
    }
  };
}

function addPlaceCommands({ app, cockpit, trans }: ICommandsOptions): void {
  const { commands, shell } = app;
  const { browser, slices, jobs } = cockpit;
  commands.addCommand(CommandIDs.show, {
    label: trans.__('Show Data Cockpit'),
    icon: cockpitIcon,
    execute: () => shell.activateById(PANEL_ID)
  });
  commands.addCommand(CommandIDs.refresh, {
    label: trans.__('Refresh the Listing'),
    icon: refreshIcon,
    execute: shown(async () => {
      await Promise.all([browser.refresh(), slices.refresh(), jobs.refresh()]);
    })
  });
  commands.addCommand(CommandIDs.openUri, {
    label: trans.__('Go to an S3 URI…'),
    execute: shown(async args => {
      const text = typeof args.uri === 'string' ? args.uri : await askForUri(trans);
      if (text === null) {
        return;
      }
      shell.activateById(PANEL_ID);
      if (!(await cockpit.openUri(text))) {
        throw new Error(trans.__('“%1” names no place in S3. Type s3://bucket/prefix.', text));
      }
    })
  });
  commands.addCommand(CommandIDs.createBucket, {
    label: trans.__('Create a Bucket…'),
    icon: addIcon,
    isEnabled: () => cockpit.connections.current !== null,
    execute: shown(async () => {
      const result = await InputDialog.getText({
        title: trans.__('Create a bucket'),
        label: trans.__('3 to 63 characters: lower-case letters, digits, dots and hyphens'),
        okLabel: trans.__('Create')
      });
      const name = result.value?.trim();
      if (result.button.accept && name) {
        await cockpit.createBucket(name);
      }
    })
  });
  commands.addCommand(CommandIDs.upload, {
    label: trans.__('Upload Files to S3…'),
    icon: fileUploadIcon,
    isEnabled: () => browser.location.bucket !== null,
    execute: shown(async () => {
      const { connection, bucket, prefix } = browser.location;
      const files = await pickFiles();
      if (connection !== null && bucket !== null && files.length) {
        await cockpit.uploads.add(
          files.map(file => ({ file })),
          { connection, bucket, prefix }
        );
      }
    })
  });
}

async function askForUri(trans: TranslationBundle): Promise<string | null> {
  const result = await InputDialog.getText({
    title: trans.__('Go to an S3 URI'),
    placeholder: 's3://bucket/prefix',
    okLabel: trans.__('Go')
  });
  return result.button.accept ? result.value : null;
}

/** The files a person picks, none when she changes her mind. */
function pickFiles(): Promise<File[]> {
  return new Promise(resolve => {
    const input = document.createElement('input');
    input.type = 'file';
    input.multiple = true;
    input.onchange = () => resolve(Array.from(input.files ?? []));
    input.oncancel = () => resolve([]);
    input.click();
  });
}

function addObjectCommands({ app: { commands, shell }, cockpit, trans }: ICommandsOptions): void {
  commands.addCommand(CommandIDs.copyUri, {
    label: trans.__('Copy the S3 URI'),
    icon: copyIcon,
    isEnabled: () => selectedUri(cockpit) !== null,
    execute: () => {
      const uri = selectedUri(cockpit);
      if (uri !== null) {
        Clipboard.copyToSystem(uri);
        Notification.info(trans.__('URI copied'), { autoClose: 2000 });
      }
    }
  });
  commands.addCommand(CommandIDs.useDataSet, {
    label: trans.__('Use as Data Set'),
    caption: trans.__('Take all objects below the prefix as one data set'),
    icon: dataSetIcon,
    isEnabled: args => typeof args.prefix === 'string' || cockpit.prefix !== null,
    execute: shown(async args => {
      shell.activateById(PANEL_ID);
      await cockpit.useAsDataSet(typeof args.prefix === 'string' ? args.prefix : cockpit.prefix);
    })
  });
  commands.addCommand(CommandIDs.partition, {
    label: trans.__('Partition the Selected Object'),
    icon: sliceIcon,
    // The selected object may not have been looked at yet: a menu opens faster than S3 answers.
    isEnabled: () => cockpit.object.canPartition || cockpit.browser.selected?.kind === 'object',
    execute: shown(() => cockpit.partition())
  });
}

/** URI of the selected row, else of the place. */
function selectedUri({ browser }: Cockpit): string | null {
  const { bucket, prefix } = browser.location;
  const { selected } = browser;
  if (bucket === null) {
    return selected ? makeUri(selected.key, '') : null;
  }
  return makeUri(bucket, selected?.key ?? prefix);
}

function addSliceCommands({ app, cockpit, tracker, trans }: ICommandsOptions): void {
  const { commands } = app;
  const { slices } = cockpit;
  const wanted = (args: { id?: unknown }) => (typeof args.id === 'string' ? args.id : slices.current);
  const isEnabled = (args: { id?: unknown }) => wanted(args) !== null;
  const copy = (id: string) => {
    Clipboard.copyToSystem(loadingCode(id));
    Notification.info(trans.__('Code copied'), { autoClose: 2000 });
  };
  commands.addCommand(CommandIDs.insertSlices, {
    label: trans.__('Insert Slices into the Notebook'),
    icon: sliceIcon,
    isEnabled,
    execute: shown(async args => {
      const id = wanted(args);
      if (id !== null && !(await insertCode(app, tracker, loadingCode(id)))) {
        copy(id);
      }
    })
  });
  commands.addCommand(CommandIDs.copyCode, {
    label: trans.__('Copy the Code That Loads the Slices'),
    icon: copyIcon,
    isEnabled,
    execute: args => {
      const id = wanted(args);
      if (id !== null) {
        copy(id);
      }
    }
  });
  commands.addCommand(CommandIDs.deleteManifest, {
    label: trans.__('Delete the Manifest…'),
    icon: deleteIcon,
    isEnabled,
    execute: shown(async args => {
      const manifest = slices.manifests.find(candidate => candidate.id === wanted(args));
      if (manifest && (await confirmDelete(manifest.id, manifest.num_slices, trans))) {
        await slices.remove(manifest.id);
      }
    })
  });
}

async function confirmDelete(id: string, count: number, trans: TranslationBundle): Promise<boolean> {
  const result = await showDialog({
    title: trans.__('Delete this manifest?'),
    body: trans._n(
      'Its %1 slice can no longer be loaded by “%2”. The object itself stays as it is.',
      'Its %1 slices can no longer be loaded by “%2”. The object itself stays as it is.',
      count,
      id
    ),
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.warnButton({ label: trans.__('Delete'), accept: true })
    ]
  });
  return result.button.accept;
}

function addJobCommands({ app: { commands }, cockpit, trans }: ICommandsOptions): void {
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
  commands.addCommand(CommandIDs.cancelUploads, {
    label: trans.__('Cancel All Uploads'),
    icon: stopIcon,
    isEnabled: () => uploads.active.length > 0,
    execute: shown(() => uploads.cancelAll())
  });
}

/* Commands for uploads: from this computer, from the Jupyter server, from URLs; pause, go on, stop; what was left open. */
import { Dialog, InputDialog, Notification, showDialog } from '@jupyterlab/apputils';
import type { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import type { TranslationBundle } from '@jupyterlab/translation';
import { fileUploadIcon, folderIcon, linkIcon, stopIcon } from '@jupyterlab/ui-components';
import { settledUpload } from '../dialogs/settled';
import { showUnfinished } from '../dialogs/UnfinishedDialog';
import type { IDroppedFile } from '../files/dropped';
import { openHandle, pickFiles, pickFolder } from '../files/picked';
import type { Cockpit } from '../models/cockpit';
import { displayName, makeUri } from '../models/location';
import type { ITarget } from '../models/upload';
import { PANEL_ID } from '../panel';
import { CommandIDs } from '../tokens';
import type { ICommandsOptions } from './options';
import { shown } from './options';

export function addUploadCommands(options: ICommandsOptions): void {
  addPickCommands(options);
  addServerCommands(options);
  addQueueCommands(options);
}

/** Where uploads go: the place that is shown. */
function targetOf({ browser }: Cockpit): ITarget | null {
  const { connection, bucket, prefix } = browser.location;
  return connection !== null && bucket !== null ? { connection, bucket, prefix } : null;
}

function addPickCommands({ app: { commands }, cockpit, trans }: ICommandsOptions): void {
  const { uploads } = cockpit;
  const isEnabled = () => targetOf(cockpit) !== null;
  const add = async (pick: () => Promise<IDroppedFile[]>) => {
    const target = targetOf(cockpit);
    const files = target ? await pick() : [];
    if (target && files.length) {
      await uploads.add(files, target);
    }
  };
  commands.addCommand(CommandIDs.upload, {
    label: trans.__('Upload Files to S3…'),
    icon: fileUploadIcon,
    isEnabled,
    execute: shown(() => add(pickFiles))
  });
  commands.addCommand(CommandIDs.uploadFolder, {
    label: trans.__('Upload a Folder to S3…'),
    icon: folderIcon,
    isEnabled,
    execute: shown(() => add(pickFolder))
  });
  commands.addCommand(CommandIDs.resumeUpload, {
    label: trans.__('Go On With the Upload'),
    execute: shown(async ({ id }) => {
      const item = uploads.items.find(candidate => candidate.id === id);
      if (item?.state !== 'fileless') {
        uploads.resume(Number(id));
        return;
      }
      const kept = item.handle && (await openHandle(item.handle));
      const [picked] = kept ? [{ file: kept, handle: item.handle }] : await pickFiles(false);
      if (picked && !uploads.attach(item.id, picked.file, picked.handle ?? null)) {
        throw new Error(
          trans.__(
            '“%1” is not the file that this upload began with, or it has changed since. Choose “%2” of %3 bytes, or cancel this upload and begin a new one.',
            displayName(picked.file.name),
            displayName(item.name),
            item.size.toLocaleString()
          )
        );
      }
    })
  });
}

function addServerCommands({ app: { commands, shell }, cockpit, files, trans }: ICommandsOptions): void {
  commands.addCommand(CommandIDs.uploadFromServer, {
    label: trans.__('Upload to S3 (Data Cockpit)'),
    icon: fileUploadIcon,
    isVisible: () => selectedPaths(files).length > 0,
    execute: shown(async args => {
      const given = Array.isArray(args.paths) ? args.paths.map(String) : selectedPaths(files);
      const paths = given.map(serverPath).filter(path => path !== null);
      if (paths.length < given.length) {
        throw new Error(
          trans.__('Only files of the Jupyter server can be uploaded from here, not those of other drives.')
        );
      }
      const target = targetOf(cockpit);
      if (!target) {
        shell.activateById(PANEL_ID);
        throw new Error(trans.__('Open the bucket in Data Cockpit to which the files are to go, then upload again.'));
      }
      if (args.ask === false || (await confirmTarget(paths.length, target, trans))) {
        await settledUpload((conflict, after) => cockpit.send({ paths }, target, conflict, after), trans);
      }
    })
  });
  commands.addCommand(CommandIDs.uploadFromUrl, {
    label: trans.__('Upload From a URL…'),
    caption: trans.__('The Jupyter server fetches it and stores it in S3'),
    icon: linkIcon,
    isEnabled: () => targetOf(cockpit) !== null,
    execute: shown(async args => {
      const target = targetOf(cockpit);
      const words = typeof args.url === 'string' ? args.url : target && (await askForUrls(target, trans));
      const urls = words?.split(/\s+/).filter(Boolean) ?? [];
      const wrong = urls.find(url => !/^https?:\/\/[^/]+/i.test(url));
      if (wrong !== undefined) {
        throw new Error(trans.__('“%1” is no address of a file: it has to begin with https:// or http://.', wrong));
      }
      if (target && urls.length) {
        await settledUpload((conflict, after) => cockpit.send({ urls }, target, conflict, after), trans);
      }
    })
  });
}

function selectedPaths(files: IDefaultFileBrowser | null): string[] {
  return files ? Array.from(files.selectedItems(), item => item.path) : [];
}

/** A path below the server's root, without the name of Jupyter's own drive; null for another drive. */
function serverPath(path: string): string | null {
  const plain = path.replace(/^RTC:/, '');
  return /^[^/]*:/.test(plain) ? null : plain;
}

/** From another part of JupyterLab nobody sees where the panel is. */
async function confirmTarget(count: number, target: ITarget, trans: TranslationBundle): Promise<boolean> {
  const uri = displayName(makeUri(target.bucket, target.prefix));
  const result = await showDialog({
    title: trans.__('Upload to S3'),
    body: trans._n('Upload %1 item to %2?', 'Upload %1 items to %2?', count, uri),
    buttons: [Dialog.cancelButton(), Dialog.okButton({ label: trans.__('Upload') })]
  });
  return result.button.accept;
}

async function askForUrls(target: ITarget, trans: TranslationBundle): Promise<string | null> {
  const result = await InputDialog.getText({
    title: trans.__('Upload from a URL'),
    label: trans.__(
      'The Jupyter server fetches the file and stores it in %1. Separate several URLs by spaces.',
      displayName(makeUri(target.bucket, target.prefix))
    ),
    placeholder: 'https://example.org/data.csv',
    okLabel: trans.__('Upload')
  });
  return result.button.accept ? result.value : null;
}

function addQueueCommands({ app: { commands }, cockpit, trans }: ICommandsOptions): void {
  const { uploads } = cockpit;
  commands.addCommand(CommandIDs.pauseUploads, {
    label: trans.__('Pause All Uploads'),
    isEnabled: () => uploads.active.length > 0,
    execute: shown(() => uploads.pauseAll())
  });
  commands.addCommand(CommandIDs.resumeUploads, {
    label: trans.__('Go On With All Paused Uploads'),
    isEnabled: () => uploads.items.some(item => item.state === 'paused'),
    execute: () => uploads.resumeAll()
  });
  commands.addCommand(CommandIDs.cancelUploads, {
    label: trans.__('Cancel All Uploads'),
    icon: stopIcon,
    isEnabled: () => uploads.active.length > 0,
    execute: shown(() => uploads.cancelAll())
  });
  commands.addCommand(CommandIDs.unfinishedUploads, {
    label: trans.__('Unfinished Uploads of the Bucket…'),
    caption: trans.__('Parts that were left behind are paid for until they are aborted'),
    isEnabled: () => targetOf(cockpit) !== null,
    execute: shown(async () => {
      const target = targetOf(cockpit);
      if (target) {
        const swept = await showUnfinished({ api: cockpit.api, target, trans });
        if (swept) {
          Notification.success(trans._n('%1 unfinished upload aborted', '%1 unfinished uploads aborted', swept), {
            autoClose: 5000
          });
          await uploads.refreshPending();
        }
      }
    })
  });
}

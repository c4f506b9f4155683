/* Commands for uploads: pick files, stop all of them; and the question before an object is replaced. */
import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { fileUploadIcon, stopIcon } from '@jupyterlab/ui-components';
import { displayName } from '../models/location';
import type { IUploadItem } from '../models/upload';
import { uploadUri } from '../models/upload';
import { CommandIDs } from '../tokens';
import type { ICommandsOptions } from './options';
import { shown } from './options';

export function addUploadCommands({ app: { commands }, cockpit, trans }: ICommandsOptions): void {
  const { browser, uploads } = cockpit;
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
  commands.addCommand(CommandIDs.cancelUploads, {
    label: trans.__('Cancel All Uploads'),
    icon: stopIcon,
    isEnabled: () => uploads.active.length > 0,
    execute: shown(() => uploads.cancelAll())
  });
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

/* The question before an upload meets an object of its name: replace it, leave it, keep both. */
import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { displayName } from '../models/location';
import type { ConflictChoice, IConflictAnswer, IUploadItem } from '../models/upload';
import { keyBeside, uploadUri } from '../models/upload';

export async function chooseConflict(
  item: IUploadItem,
  others: number,
  trans: TranslationBundle
): Promise<IConflictAnswer> {
  const choices: ConflictChoice[] = ['skip', 'keep', 'replace'];
  const buttons = [
    Dialog.cancelButton({ label: trans.__('Skip'), caption: trans.__('Leave the object as it is') }),
    Dialog.okButton({
      label: trans.__('Keep both'),
      caption: trans.__('Upload as “%1”', displayName(keyBeside(item.name, 1)))
    }),
    Dialog.warnButton({ label: trans.__('Replace'), caption: trans.__('The bytes that are there are lost') })
  ];
  const result = await showDialog({
    title: trans.__('Replace this object?'),
    body: trans.__('%1 exists already. Its bytes are lost when it is replaced.', displayName(uploadUri(item))),
    buttons,
    defaultButton: 1,
    checkbox: others > 0 ? { label: trans._n('The same for %1 more file', 'The same for all %1 others', others) } : null
  });
  const chosen = buttons.findIndex(button => button.label === result.button.label);
  return { choice: choices[chosen] ?? 'skip', all: result.isChecked === true };
}

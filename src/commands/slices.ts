/* Commands for manifests: into a notebook, copy the code, delete. */
import { Clipboard, Dialog, Notification, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { copyIcon, deleteIcon } from '@jupyterlab/ui-components';
import { sliceIcon } from '../components/icons';
import { loadingCode } from '../models/slices';
import { insertCode } from '../notebook';
import { CommandIDs } from '../tokens';
import type { ICommandsOptions } from './options';
import { shown } from './options';

export function addSliceCommands({ app, cockpit, tracker, trans }: ICommandsOptions): void {
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

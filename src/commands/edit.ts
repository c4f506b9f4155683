/* Commands that change what is in S3: new folder, copy, cut, paste, duplicate, rename, delete. */
import { Clipboard, InputDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import {
  copyIcon,
  cutIcon,
  deleteIcon,
  duplicateIcon,
  editIcon,
  newFolderIcon,
  pasteIcon
} from '@jupyterlab/ui-components';
import type { Selection } from '../api/schema';
import { confirmDeletion } from '../dialogs/DeleteDialog';
import { settled } from '../dialogs/settled';
import { MOST_KEYS, MOST_PREFIXES } from '../models/actions';
import type { Cockpit } from '../models/cockpit';
import { displayName, makeUri } from '../models/location';
import { CommandIDs } from '../tokens';
import type { ICommandsOptions } from './options';
import { shown } from './options';

export function addEditCommands(options: ICommandsOptions): void {
  addClipCommands(options);
  addNameCommands(options);
  addDeleteCommand(options);
}

/** What is selected, not more than the server takes at once. */
function selected({ actions }: Cockpit, trans: TranslationBundle): Selection | null {
  const selection = actions.selection();
  if (selection && (selection.keys.length > MOST_KEYS || selection.prefixes.length > MOST_PREFIXES)) {
    const [keys, prefixes] = [MOST_KEYS, MOST_PREFIXES].map(most => most.toLocaleString());
    throw new Error(
      trans.__('At most %1 objects and %2 folders at once. Select their folder instead.', keys, prefixes)
    );
  }
  return selection;
}

function isAny(cockpit: Cockpit): boolean {
  return cockpit.browser.location.bucket !== null && cockpit.rows.selectedCount > 0;
}

function isOne(cockpit: Cockpit): boolean {
  return cockpit.browser.location.bucket !== null && cockpit.rows.selectedCount === 1;
}

function addClipCommands({ app: { commands }, cockpit, trans }: ICommandsOptions): void {
  const { actions } = cockpit;
  const isEnabled = () => isAny(cockpit);
  const take = (mode: 'copy' | 'cut') => async () => {
    const selection = selected(cockpit, trans);
    if (selection) {
      actions.setClip(mode, selection);
      // Elsewhere, in a notebook say, the same keys paste the URIs.
      const uris = [...selection.prefixes, ...selection.keys].slice(0, 1000);
      Clipboard.copyToSystem(uris.map(key => makeUri(selection.bucket, key)).join('\n'));
    }
  };
  commands.addCommand(CommandIDs.copy, {
    label: trans.__('Copy'),
    icon: copyIcon,
    isEnabled,
    execute: shown(take('copy'))
  });
  commands.addCommand(CommandIDs.cut, {
    label: trans.__('Cut'),
    icon: cutIcon,
    isEnabled,
    execute: shown(take('cut'))
  });
  commands.addCommand(CommandIDs.paste, {
    label: () => {
      const selection = actions.clip?.selection;
      const count = selection ? selection.keys.length + selection.prefixes.length : 0;
      return count ? trans._n('Paste %1 Item', 'Paste %1 Items', count) : trans.__('Paste');
    },
    icon: pasteIcon,
    isEnabled: () => actions.canPaste(),
    execute: shown(async () => {
      const to = { ...cockpit.browser.location };
      await settled(conflict => actions.paste(conflict, to), trans);
    })
  });
  commands.addCommand(CommandIDs.duplicate, {
    label: trans.__('Duplicate'),
    icon: duplicateIcon,
    isEnabled,
    execute: shown(async () => {
      const selection = selected(cockpit, trans);
      if (selection) {
        await actions.duplicate(selection);
      }
    })
  });
}

function addNameCommands({ app: { commands }, cockpit, trans }: ICommandsOptions): void {
  const { actions, browser } = cockpit;
  commands.addCommand(CommandIDs.newFolder, {
    label: trans.__('New Folder…'),
    icon: newFolderIcon,
    isEnabled: () => browser.location.bucket !== null,
    execute: shown(async () => {
      const result = await InputDialog.getText({
        title: trans.__('New folder'),
        label: trans.__('In %1', displayName(makeUri(browser.location.bucket ?? '', browser.location.prefix))),
        placeholder: trans.__('Name'),
        okLabel: trans.__('Create'),
        required: true
      });
      const name = result.value?.replace(/\/+$/, '');
      if (result.button.accept && name) {
        await actions.createFolder(name);
      }
    })
  });
  commands.addCommand(CommandIDs.rename, {
    label: trans.__('Rename'),
    icon: editIcon,
    isEnabled: () => isOne(cockpit),
    execute: shown(async args => {
      const entry = cockpit.rows.activeEntry;
      const selection = actions.selection();
      if (entry && typeof args.name !== 'string') {
        actions.setRenaming(entry.key);
      } else if (entry && selection && typeof args.name === 'string') {
        const { name } = args;
        await settled(conflict => actions.rename(selection, name, conflict), trans);
      }
    })
  });
}

function addDeleteCommand({ app: { commands }, cockpit, trans }: ICommandsOptions): void {
  commands.addCommand(CommandIDs.delete, {
    label: trans.__('Delete…'),
    icon: deleteIcon,
    isEnabled: () => isAny(cockpit),
    execute: shown(async () => {
      const selection = selected(cockpit, trans);
      if (!selection) {
        return;
      }
      const answer = await confirmDeletion(cockpit.api, selection, trans);
      if (answer) {
        await cockpit.actions.remove(selection, answer.allVersions);
      }
    })
  });
}

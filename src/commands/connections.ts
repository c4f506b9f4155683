/* Commands for connections: add, change, duplicate, remove, test. */
import { Dialog, Notification, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { addIcon, copyIcon, deleteIcon, editIcon, runIcon } from '@jupyterlab/ui-components';
import { asApiError } from '../api/client';
import type { ConnectionInfo } from '../api/schema';
import { showConnectionDialog } from '../dialogs/ConnectionDialog';
import { PANEL_ID } from '../panel';
import { CommandIDs } from '../tokens';
import type { ICommandsOptions } from './options';
import { shown } from './options';

export function addConnectionCommands({ app: { commands, shell }, cockpit, trans }: ICommandsOptions): void {
  const { connections } = cockpit;
  const wanted = (args: { name?: unknown }) =>
    typeof args.name === 'string' ? connections.get(args.name) : connections.chosen;
  const mayChange = (args: object) => wanted(args)?.saved === true;

  commands.addCommand(CommandIDs.addConnection, {
    label: trans.__('Add a Connection…'),
    icon: addIcon,
    execute: shown(async () => {
      if (connections.info && !connections.info.user_endpoints) {
        await tellForbidden(trans);
        return;
      }
      shell.activateById(PANEL_ID);
      const saved = await showConnectionDialog({ connections, trans });
      if (saved) {
        await cockpit.useConnection(saved.ref.name);
      }
    })
  });
  commands.addCommand(CommandIDs.editConnection, {
    label: trans.__('Change the Connection…'),
    caption: trans.__('Only connections that were added here can be changed'),
    icon: editIcon,
    isEnabled: mayChange,
    execute: shown(async args => {
      const from = wanted(args);
      if (from && (await showConnectionDialog({ connections, trans, from, change: true }))) {
        await cockpit.settle();
      }
    })
  });
  commands.addCommand(CommandIDs.duplicateConnection, {
    label: trans.__('Duplicate the Connection…'),
    icon: copyIcon,
    isEnabled: args => wanted(args) !== null,
    execute: shown(async args => {
      if (connections.info && !connections.info.user_endpoints) {
        await tellForbidden(trans);
        return;
      }
      const from = wanted(args);
      const saved = from && (await showConnectionDialog({ connections, trans, from }));
      if (saved) {
        await cockpit.useConnection(saved.ref.name);
      }
    })
  });
  commands.addCommand(CommandIDs.removeConnection, {
    label: trans.__('Remove the Connection…'),
    icon: deleteIcon,
    isEnabled: mayChange,
    execute: shown(async args => {
      const info = wanted(args);
      if (info && (await confirmRemove(info, trans))) {
        await connections.remove(info.ref.name);
        await cockpit.settle();
      }
    })
  });
  commands.addCommand(CommandIDs.testConnection, {
    label: trans.__('Test the Connection'),
    icon: runIcon,
    isEnabled: () => connections.current !== null && !connections.testing,
    execute: shown(async () => {
      shell.activateById(PANEL_ID);
      try {
        const report = await connections.testCurrent(cockpit.browser.location.bucket);
        if (report?.ok) {
          await cockpit.refreshConnections();
        }
      } catch (error) {
        Notification.error(asApiError(error).message, { autoClose: false });
      }
    })
  });
}

async function tellForbidden(trans: TranslationBundle): Promise<void> {
  await showDialog({
    title: trans.__('Connections of your own are turned off'),
    body: trans.__(
      'The administrator of this Jupyter server allows only the connections that it offers itself (setting CloudDataCockpit.allow_user_endpoints). Ask there for the one that you need, or use a profile of the AWS configuration.'
    ),
    buttons: [Dialog.okButton({ label: trans.__('Close') })]
  });
}

async function confirmRemove({ ref, secret }: ConnectionInfo, trans: TranslationBundle): Promise<boolean> {
  const keys =
    secret === 'none' || secret === 'configured'
      ? ''
      : ' ' + trans.__('Its keys are deleted from where they are kept. They cannot be shown or brought back.');
  const result = await showDialog({
    title: trans.__('Remove the connection “%1”?', ref.name),
    body: trans.__('The data stay as they are. Slices that name this connection cannot be loaded without it.') + keys,
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.warnButton({ label: trans.__('Remove'), accept: true })
    ]
  });
  return result.button.accept;
}

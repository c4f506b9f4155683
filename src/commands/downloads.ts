/* Commands that bring objects here: through the browser, or into Jupyter's own directory. */
import { InputDialog } from '@jupyterlab/apputils';
import { downloadIcon, fileIcon } from '@jupyterlab/ui-components';
import { CommandIDs } from '../tokens';
import type { ICommandsOptions } from './options';
import { shown } from './options';

export function addDownloadCommands({ app: { commands }, cockpit, files, trans }: ICommandsOptions): void {
  const { actions, api } = cockpit;
  const isEnabled = () => actions.count > 0 && cockpit.browser.location.bucket !== null;
  commands.addCommand(CommandIDs.download, {
    label: () => {
      const { activeEntry, selectedCount } = cockpit.rows;
      const single = selectedCount === 1 && activeEntry?.kind === 'object';
      return single || !selectedCount ? trans.__('Download') : trans.__('Download as a Zip');
    },
    caption: trans.__('Through the browser; several objects and folders as a zip'),
    icon: downloadIcon,
    isEnabled,
    execute: shown(async () => {
      const selection = actions.selection();
      if (selection) {
        const ticket = await api.downloadTicket(selection);
        fetchByBrowser(api.addressOf(ticket), ticket.filename);
      }
    })
  });
  commands.addCommand(CommandIDs.downloadHere, {
    label: trans.__('Download into Jupyter’s Files…'),
    icon: fileIcon,
    isEnabled,
    execute: shown(async () => {
      const selection = actions.selection();
      const result = await InputDialog.getText({
        title: trans.__('Download into Jupyter’s files'),
        label: trans.__('Directory below the one that Jupyter shows'),
        text: files?.model.path.replace(/^[^/]*:/, '') ?? '',
        placeholder: trans.__('The top directory'),
        okLabel: trans.__('Download')
      });
      if (selection && result.button.accept) {
        const directory = result.value ?? '';
        await actions.run({ ...selection, kind: 'download', directory, on_conflict: 'fail' });
        await files?.model.refresh();
      }
    })
  });
}

/** Let the browser fetch an address into the person's downloads. */
export function fetchByBrowser(address: string, filename: string): void {
  const link = document.createElement('a');
  link.href = address;
  link.download = filename;
  link.rel = 'noopener';
  link.style.display = 'none';
  document.body.appendChild(link);
  link.click();
  link.remove();
}

/* Commands for addresses: the URI, the HTTPS link, a link for others that ends. */
import { Clipboard, Notification } from '@jupyterlab/apputils';
import { copyIcon, linkIcon, shareIcon } from '@jupyterlab/ui-components';
import { showPresignDialog } from '../dialogs/PresignDialog';
import type { Cockpit } from '../models/cockpit';
import { httpsLink, makeUri } from '../models/location';
import { CommandIDs } from '../tokens';
import type { ICommandsOptions } from './options';
import { shown } from './options';

/** So many addresses are copied at once. */
const MOST = 10_000;

export function addLinkCommands({ app: { commands }, cockpit, trans }: ICommandsOptions): void {
  const copy = (texts: string[], words: string) => {
    Clipboard.copyToSystem(texts.join('\n'));
    Notification.info(words, { autoClose: 2000 });
  };
  commands.addCommand(CommandIDs.copyUri, {
    label: trans.__('Copy the S3 URI'),
    icon: copyIcon,
    isEnabled: () => placesOf(cockpit, 1).length > 0,
    execute: () => {
      const uris = placesOf(cockpit, MOST).map(([bucket, key]) => makeUri(bucket, key));
      copy(uris, trans._n('URI copied', '%1 URIs copied', uris.length));
    }
  });
  commands.addCommand(CommandIDs.copyLink, {
    label: trans.__('Copy the HTTPS Link'),
    caption: trans.__('Opens for those whom the bucket lets read it'),
    icon: linkIcon,
    isEnabled: () => placesOf(cockpit, 1).length > 0 && cockpit.connections.ref !== null,
    execute: () => {
      const { ref } = cockpit.connections;
      if (ref) {
        const links = placesOf(cockpit, MOST).map(([bucket, key]) => httpsLink(ref, bucket, key));
        copy(links, trans._n('Link copied', '%1 links copied', links.length));
      }
    }
  });
  commands.addCommand(CommandIDs.presign, {
    label: trans.__('Link for Others…'),
    caption: trans.__('A presigned link: whoever has it may read the object until it ends'),
    icon: shareIcon,
    isEnabled: () => cockpit.rows.selectedCount === 1 && cockpit.rows.activeEntry?.kind === 'object',
    execute: shown(async () => {
      const selection = cockpit.actions.selection();
      if (selection?.keys.length === 1) {
        const { connection, bucket, keys } = selection;
        await showPresignDialog(cockpit.api, { connection, bucket, key: keys[0] }, trans);
      }
    })
  });
}

/** Bucket and key of the selected rows, else of the place. */
function placesOf({ browser, rows }: Cockpit, most: number): [string, string][] {
  const { bucket, prefix } = browser.location;
  const keys = rows.selectedRows(most).map(row => rows.table.keys[row]);
  if (bucket === null) {
    return keys.map(name => [name, '']);
  }
  return (keys.length ? keys : [prefix]).map(key => [bucket, key]);
}

/* Commands for the selected object: copy its URI, use as a data set, partition. */
import { Clipboard, Notification } from '@jupyterlab/apputils';
import { copyIcon } from '@jupyterlab/ui-components';
import { dataSetIcon, sliceIcon } from '../components/icons';
import type { Cockpit } from '../models/cockpit';
import { makeUri } from '../models/location';
import { PANEL_ID } from '../panel';
import { CommandIDs } from '../tokens';
import type { ICommandsOptions } from './options';
import { shown } from './options';

export function addObjectCommands({ app: { commands, shell }, cockpit, trans }: ICommandsOptions): void {
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

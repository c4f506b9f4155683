/* Commands for the selected object: use as a data set, partition. */
import { dataSetIcon, sliceIcon } from '../components/icons';
import { PANEL_ID } from '../panel';
import { CommandIDs } from '../tokens';
import type { ICommandsOptions } from './options';
import { shown } from './options';

export function addObjectCommands({ app: { commands, shell }, cockpit, trans }: ICommandsOptions): void {
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
    isEnabled: () => cockpit.object.canPartition || cockpit.rows.activeEntry?.kind === 'object',
    execute: shown(() => cockpit.partition())
  });
}

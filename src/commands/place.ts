/* Commands for where one is: show the panel, go somewhere, ask again, make a bucket. */
import { InputDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { addIcon, refreshIcon } from '@jupyterlab/ui-components';
import { cockpitIcon } from '../components/icons';
import { PANEL_ID } from '../panel';
import { CommandIDs } from '../tokens';
import type { ICommandsOptions } from './options';
import { shown } from './options';

export function addPlaceCommands({ app, cockpit, trans }: ICommandsOptions): void {
  const { commands, shell } = app;
  const { browser, slices, jobs } = cockpit;
  commands.addCommand(CommandIDs.show, {
    label: trans.__('Show Data Cockpit'),
    icon: cockpitIcon,
    execute: () => shell.activateById(PANEL_ID)
  });
  commands.addCommand(CommandIDs.refresh, {
    label: trans.__('Refresh the Listing'),
    icon: refreshIcon,
    execute: shown(async () => {
      await Promise.all([browser.refresh(), slices.refresh(), jobs.refresh()]);
    })
  });
  commands.addCommand(CommandIDs.openUri, {
    label: trans.__('Go to an S3 URI…'),
    execute: shown(async args => {
      const text = typeof args.uri === 'string' ? args.uri : await askForUri(trans);
      if (text === null) {
        return;
      }
      shell.activateById(PANEL_ID);
      if (typeof args.connection === 'string' && args.connection !== cockpit.connections.current) {
        if (!cockpit.connections.get(args.connection)) {
          throw new Error(trans.__('There is no connection “%1” here: add it first.', args.connection));
        }
        await cockpit.useConnection(args.connection);
      }
      // Nothing typed, nothing named: the panel as it is.
      if (text && !(await cockpit.openUri(text))) {
        throw new Error(trans.__('“%1” names no place in S3. Type s3://bucket/prefix.', text));
      }
    })
  });
  commands.addCommand(CommandIDs.createBucket, {
    label: trans.__('Create a Bucket…'),
    icon: addIcon,
    isEnabled: () => cockpit.connections.current !== null,
    execute: shown(async () => {
      const result = await InputDialog.getText({
        title: trans.__('Create a bucket'),
        label: trans.__('3 to 63 characters: lower-case letters, digits, dots and hyphens'),
        okLabel: trans.__('Create')
      });
      const name = result.value?.trim();
      if (result.button.accept && name) {
        await cockpit.createBucket(name);
      }
    })
  });
}

async function askForUri(trans: TranslationBundle): Promise<string | null> {
  const result = await InputDialog.getText({
    title: trans.__('Go to an S3 URI'),
    placeholder: 's3://bucket/prefix',
    okLabel: trans.__('Go')
  });
  return result.button.accept ? result.value : null;
}

/* Commands for all that S3 knows of an object: its properties in the main area, and bringing it back from an archive. */
import { Dialog, MainAreaWidget, showDialog } from '@jupyterlab/apputils';
import { propertiesIcon } from '../components/icons';
import { askThaw } from '../dialogs/ThawDialog';
import type { ITargetObject } from '../models/object';
import { PropertiesModel } from '../models/properties';
import type { Cockpit } from '../models/cockpit';
import { PropertiesWidget } from '../properties/widget';
import { fetchByBrowser } from './downloads';
import { CommandIDs } from '../tokens';
import type { ICommandsOptions } from './options';
import { shown } from './options';

export function addPropertyCommands({ app, cockpit, trans }: ICommandsOptions): void {
  const { commands, shell } = app;
  const open = new Map<string, MainAreaWidget<PropertiesWidget>>();
  commands.addCommand(CommandIDs.properties, {
    label: trans.__('Properties'),
    caption: trans.__('Metadata, tags, versions, checksums'),
    icon: propertiesIcon,
    isEnabled: args => targetOf(cockpit, args) !== null,
    execute: args => {
      const target = targetOf(cockpit, args);
      if (!target) {
        return;
      }
      const id = JSON.stringify([target.connection, target.bucket, target.key]);
      let widget = open.get(id);
      if (!widget || widget.isDisposed) {
        const model = new PropertiesModel(cockpit.api, target, request => cockpit.actions.run(request));
        const thaw = async () => {
          const answer = await askThaw(target.key, trans);
          if (answer) {
            await model.thaw(answer.days, answer.tier);
          }
        };
        const content = new PropertiesWidget(model, { trans, fetch: fetchByBrowser, confirm, thaw });
        widget = new MainAreaWidget({ content });
        widget.disposed.connect(() => open.delete(id));
        open.set(id, widget);
        shell.add(widget, 'main');
      }
      shell.activateById(widget.id);
    }
  });
  commands.addCommand(CommandIDs.thaw, {
    label: trans.__('Restore from the Archive…'),
    isEnabled: args => targetOf(cockpit, args) !== null,
    execute: shown(async args => {
      const target = targetOf(cockpit, args);
      const answer = target && (await askThaw(target.key, trans));
      if (target && answer) {
        await cockpit.api.thaw({ ...target, version_id: null, ...answer });
        await cockpit.object.load();
      }
    })
  });
}

async function confirm(title: string, body: string, accept: string): Promise<boolean> {
  const buttons = [Dialog.cancelButton(), Dialog.warnButton({ label: accept, accept: true })];
  return (await showDialog({ title, body, buttons })).button.accept;
}

/** The object that the arguments name, else the selected one. */
function targetOf({ actions, rows }: Cockpit, args: { [name: string]: unknown }): ITargetObject | null {
  const { connection, bucket, key } = args;
  if (typeof connection === 'string' && typeof bucket === 'string' && typeof key === 'string') {
    return { connection, bucket, key };
  }
  const selection = rows.selectedCount === 1 ? actions.selection() : null;
  return selection?.keys.length
    ? { connection: selection.connection, bucket: selection.bucket, key: selection.keys[0] }
    : null;
}

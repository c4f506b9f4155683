/* What adding commands needs, and how what they throw is shown. */
import type { ILayoutRestorer, JupyterFrontEnd } from '@jupyterlab/application';
import type { IThemeManager } from '@jupyterlab/apputils';
import { Notification } from '@jupyterlab/apputils';
import type { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import type { INotebookTracker } from '@jupyterlab/notebook';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import type { Cockpit } from '../models/cockpit';

export interface ICommandsOptions {
  app: JupyterFrontEnd;
  cockpit: Cockpit;
  tracker: INotebookTracker | null;
  /** JupyterLab's own file browser, where there is one. */
  files: IDefaultFileBrowser | null;
  /** What draws charts. */
  rendermime: IRenderMimeRegistry | null;
  themes: IThemeManager | null;
  /** Opens tabs again after a reload. */
  restorer: ILayoutRestorer | null;
  trans: TranslationBundle;
}

type Execute = CommandRegistry.ICommandOptions['execute'];

/** What a command throws is shown in the server's words, never lost in the console. */
export function shown(execute: (args: Parameters<Execute>[0]) => Promise<void>): Execute {
  return async args => {
    try {
      await execute(args);
    } catch (error) {
      Notification.error(error instanceof Error ? error.message : String(error), { autoClose: false });
    }
  };
}

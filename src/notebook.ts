/* Code into a notebook: into its empty active cell, else a new cell below, else a new notebook. */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { NotebookActions } from '@jupyterlab/notebook';

/** True when the code is in a notebook; false where this application has none. */
export async function insertCode(
  app: JupyterFrontEnd,
  tracker: INotebookTracker | null,
  code: string
): Promise<boolean> {
  const panel = tracker?.currentWidget ?? (await newNotebook(app));
  if (!panel) {
    return false;
  }
  await panel.context.ready;
  const notebook = panel.content;
  const empty = notebook.activeCell?.model.type === 'code' && !notebook.activeCell.model.sharedModel.getSource().trim();
  if (!empty) {
    NotebookActions.insertBelow(notebook);
  }
  notebook.activeCell?.model.sharedModel.setSource(code);
  app.shell.activateById(panel.id);
  if (notebook.activeCell) {
    await notebook.scrollToCell(notebook.activeCell);
  }
  return true;
}

async function newNotebook(app: JupyterFrontEnd): Promise<NotebookPanel | null> {
  if (!app.commands.hasCommand('notebook:create-new')) {
    return null;
  }
  await app.serviceManager.kernelspecs.ready;
  const kernelName = app.serviceManager.kernelspecs.specs?.default;
  const panel: NotebookPanel | undefined = await app.commands.execute('notebook:create-new', { kernelName });
  await panel?.revealed;
  return panel ?? null;
}

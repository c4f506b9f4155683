/* The plugin: services and settings in, panel and commands out. Wiring only. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ILayoutRestorer } from '@jupyterlab/application';
import { ICommandPalette, IThemeManager } from '@jupyterlab/apputils';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { INotebookTracker } from '@jupyterlab/notebook';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStateDB } from '@jupyterlab/statedb';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import type { ReadonlyPartialJSONValue } from '@lumino/coreutils';
import { Signal } from '@lumino/signaling';
import { ApiClient } from './api/client';
import type { Job } from './api/schema';
import { addCommands } from './commands';
import { chooseConflict } from './dialogs/ConflictDialog';
import { keptByBrowser } from './files/kept';
import { COLUMNS } from './models/columns';
import type { IRemembered } from './models/cockpit';
import { Cockpit } from './models/cockpit';
import type { IOpening } from './models/opening';
import type { IPlace } from './models/places';
import { notifyOfJobs, notifyOfUploads } from './notifications';
import { openerFactory } from './opener';
import { CockpitPanel, PANEL_ID } from './panel';
import { remember } from './remembering';
import { RunningStatus } from './statusbar';
import { CommandIDs, IDataCockpit, NEED_ARGUMENTS } from './tokens';

export { IDataCockpit } from './tokens';

const PLUGIN_ID = 'cloud-data-cockpit:plugin';
const STATE_KEY = 'cloud-data-cockpit:place';

const plugin: JupyterFrontEndPlugin<IDataCockpit> = {
  id: PLUGIN_ID,
  description: 'Browse S3 in the sidebar, cut objects into slices, load the slices in a notebook.',
  autoStart: true,
  provides: IDataCockpit,
  optional: [
    ITranslator,
    ISettingRegistry,
    IStateDB,
    ILayoutRestorer,
    ICommandPalette,
    INotebookTracker,
    IDefaultFileBrowser,
    IStatusBar,
    IRenderMimeRegistry,
    IThemeManager
  ],
  activate: (
    app: JupyterFrontEnd,
    translator: ITranslator | null,
    registry: ISettingRegistry | null,
    state: IStateDB | null,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
    tracker: INotebookTracker | null,
    files: IDefaultFileBrowser | null,
    statusBar: IStatusBar | null,
    rendermime: IRenderMimeRegistry | null,
    themes: IThemeManager | null
  ): IDataCockpit => {
    const trans = (translator ?? nullTranslator).load('cloud_data_cockpit');
    const settings = new Settings();
    const cockpit = new Cockpit({
      api: new ApiClient(app.serviceManager.serverSettings),
      pageSize: () => settings.pageSize,
      pending: keptByBrowser(),
      askConflict: async (item, others) =>
        settings.confirmReplace ? chooseConflict(item, others, trans) : { choice: 'replace', all: true }
    });
    addCommands({ app, cockpit, tracker, files, rendermime, themes, restorer, trans });
    const category = trans.__('Data Cockpit');
    const inPalette = Object.values(CommandIDs).filter(command => !NEED_ARGUMENTS.has(command));
    inPalette.forEach(command => palette?.addItem({ command, category }));
    for (const column of ['name', ...COLUMNS]) {
      palette?.addItem({ command: CommandIDs.sortBy, category, args: { column, isPalette: true } });
      if (column !== 'name') {
        palette?.addItem({ command: CommandIDs.toggleColumn, category, args: { column, isPalette: true } });
      }
    }

    const panel = new CockpitPanel(cockpit, app.commands, trans);
    app.shell.add(panel, 'left', { rank: 250, type: 'Data Cockpit' });
    restorer?.add(panel, PANEL_ID);
    const open = ({ uri, connection }: IOpening) =>
      void app.commands.execute(CommandIDs.openUri, { uri: uri ?? '', ...(connection !== null && { connection }) });
    rendermime?.addFactory(openerFactory(open, trans), 0);
    notifyOfUploads(cockpit.uploads, trans);
    const showJob = (job: Job) => {
      app.shell.activateById(PANEL_ID);
      void cockpit.showAt(job.connection, job.uri);
    };
    notifyOfJobs(cockpit.jobs, cockpit.uploads, trans, showJob, job => cockpit.actions.isAsked(job));
    if (statusBar) {
      const item = new RunningStatus(cockpit, trans, () => void app.commands.execute(CommandIDs.openJobs));
      const isActive = () => item.active;
      const { stateChanged: activeStateChanged } = item;
      statusBar.registerStatusItem(PLUGIN_ID, { item, align: 'left', rank: 2, isActive, activeStateChanged });
    }
    // The network is back: what waits for its next try need not wait longer.
    window.addEventListener('online', () => cockpit.uploads.waker.wake());
    window.addEventListener('pagehide', () => cockpit.uploads.leave());
    void start(app, cockpit, settings, registry, state);
    return new PublicFace(cockpit);
  }
};

export default plugin;

/** What the settings say; their presets stand here for applications without a registry. */
class Settings {
  pageSize = 1000;
  confirmReplace = true;

  async follow(registry: ISettingRegistry): Promise<void> {
    const settings = await registry.load(PLUGIN_ID);
    const read = () => {
      this.pageSize = settings.get('pageSize').composite as number;
      this.confirmReplace = settings.get('confirmReplace').composite as boolean;
    };
    read();
    settings.changed.connect(read);
  }
}

/** Runs beside the start of the application, which must not wait for the server's answers. */
async function start(
  app: JupyterFrontEnd,
  cockpit: Cockpit,
  settings: Settings,
  registry: ISettingRegistry | null,
  state: IStateDB | null
): Promise<void> {
  const following = registry ? settings.follow(registry).catch(() => undefined) : undefined;
  const remembered = await fetchPlace(state);
  await following;
  openWhenAsked(app, cockpit);
  if (state) {
    await Promise.all([
      remember(state, 'cloud-data-cockpit:columns', cockpit.columns),
      remember(state, 'cloud-data-cockpit:favourites', cockpit.favourites),
      remember(state, 'cloud-data-cockpit:engine', cockpit.engines)
    ]);
    cockpit.setSort(cockpit.columns.sort);
  }
  await cockpit.start(remembered, app.serviceManager.events.stream);
  if (state) {
    let saved = '';
    const save = () => {
      const text = JSON.stringify(cockpit.remembered);
      // A listing that grows tells so many times a second, and stays the same place.
      if (text !== saved) {
        saved = text;
        void state.save(STATE_KEY, JSON.parse(text) as ReadonlyPartialJSONValue);
      }
    };
    cockpit.browser.changed.connect(save);
    cockpit.object.changed.connect(save);
    cockpit.jobs.cleared.connect(save);
  }
}

/** The server may want the panel open at start: a first look with sample data. */
function openWhenAsked(app: JupyterFrontEnd, { connections }: Cockpit): void {
  const look = () => {
    if (connections.info) {
      connections.changed.disconnect(look);
      if (connections.info.open_panel) {
        void app.restored.then(() => app.shell.activateById(PANEL_ID));
      }
    }
  };
  connections.changed.connect(look);
}

async function fetchPlace(state: IStateDB | null): Promise<IRemembered | null> {
  const value: ReadonlyPartialJSONValue | undefined = await state?.fetch(STATE_KEY).catch(() => undefined);
  if (typeof value !== 'object' || value === null) {
    return null;
  }
  const { connection, places, clearedAt } = value as Partial<IRemembered>;
  const known = typeof places === 'object' && places !== null ? Object.entries(places) : [];
  return {
    connection: text(connection),
    ...placeOf(value as Partial<IPlace>),
    places: Object.fromEntries(known.map(([name, place]) => [name, placeOf(place)])),
    clearedAt: text(clearedAt) ?? undefined
  };
}

/** What was saved may be of another version: only what is understood counts. */
function placeOf({ bucket, prefix, selection, dataSet }: Partial<IPlace>): IPlace {
  return {
    bucket: text(bucket),
    prefix: text(prefix) ?? '',
    selection: text(selection),
    dataSet: text(dataSet) ?? undefined
  };
}

function text(found: unknown): string | null {
  return typeof found === 'string' ? found : null;
}

class PublicFace implements IDataCockpit {
  constructor(private readonly cockpit: Cockpit) {
    cockpit.object.changed.connect(() => {
      if (this.selection !== this._last) {
        this._last = this.selection;
        this.selectionChanged.emit(this._last);
      }
    });
  }

  readonly selectionChanged: Signal<IDataCockpit, string | null> = new Signal<IDataCockpit, string | null>(this);

  get selection(): string | null {
    return this.cockpit.object.detail?.uri ?? null;
  }

  open(uri: string): Promise<boolean> {
    return this.cockpit.openUri(uri);
  }

  private _last: string | null = null;
}

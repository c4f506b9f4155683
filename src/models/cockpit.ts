/* All models together, and what each of them does when another one has news. */
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';
import type { ApiClient } from '../api/client';
import type { Job, SendRequest } from '../api/schema';
import { ActionsModel } from './actions';
import { placeOfText, standsForMany } from './addresses';
import { BrowserModel } from './browser';
import { ColumnsModel } from './columns';
import { ConnectionsModel } from './connections';
import { isPrefix } from './dataset';
import { EnginesModel } from './engines';
import { FavouritesModel } from './favourites';
import { JobsModel } from './jobs';
import { parentOf } from './location';
import { ObjectModel } from './object';
import type { ISort } from './order';
import type { Rows } from './rows';
import { SearchModel } from './search';
import { SlicesModel } from './slices';
import { StoredObjects } from './stored';
import type { IPlace } from './places';
import { Places } from './places';
import type { ITarget } from './upload';
import type { IUploadsOptions } from './uploads';
import { UploadsModel } from './uploads';

export interface ICockpitOptions {
  api: ApiClient;
  pageSize: () => number;
  askConflict: IUploadsOptions['askConflict'];
  /** What the browser can do for uploads over a reload. */
  pending?: IUploadsOptions['pending'];
}

/** A selected object is looked at when the selection has stayed for so long. */
const LOOK_MS = 120;

/** What is remembered over a reload. */
export interface IRemembered extends IPlace {
  connection: string | null;
  /** Where one was, by connection. */
  places?: Record<string, IPlace>;
  /** The moment up to which ended jobs have been cleared from the list. */
  clearedAt?: string;
}

export class Cockpit {
  constructor(options: ICockpitOptions) {
    this.api = options.api;
    const { api, pageSize, askConflict, pending } = options;
    this.connections = new ConnectionsModel(api);
    this.browser = new BrowserModel(
      {
        objects: (query, signal) => api.objects(query, signal),
        buckets: (name, signal) => this.connections.buckets(name, signal)
      },
      pageSize
    );
    this.object = new ObjectModel(api);
    this.engines = new EnginesModel(api);
    this.jobs = new JobsModel(api);
    this.slices = new SlicesModel(api);
    this.search = new SearchModel(api, job => {
      this.jobs.apply(job);
      return this.jobs.get(job.id) ?? job;
    });
    this.actions = new ActionsModel({
      api,
      browser: this.browser,
      jobs: this.jobs,
      rows: () => this.rows,
      onChanged: (connection, bucket, keys) => this.onChanged(connection, bucket, keys)
    });
    this.uploads = new UploadsModel(api, {
      askConflict,
      pending,
      companions: () => this.connections.info?.companions ?? [],
      onJob: job => this.jobs.apply(job),
      exists: ({ bucket }, key) => this.browser.location.bucket === bucket && this.browser.rows.table.find(key) >= 0
    });
    this.jobs.changed.connect(() => {
      this.jobs.active.forEach(job => this.uploads.onJob(job));
      const searching = this.jobs.get(this.search.job?.id ?? null);
      if (searching && searching !== this.search.job) {
        void this.search.follow(searching);
      }
    });
    this.jobs.finished.connect((_, job) => {
      this.uploads.onJob(job);
      void this.onFinished(job);
    });
    this.stored = new StoredObjects(this);
    this.uploads.uploaded.connect((_, item) => this.stored.add(item));
  }

  readonly api: ApiClient;
  readonly connections: ConnectionsModel;
  readonly browser: BrowserModel;
  readonly object: ObjectModel;
  readonly engines: EnginesModel;
  readonly jobs: JobsModel;
  readonly slices: SlicesModel;
  readonly search: SearchModel;
  readonly actions: ActionsModel;
  readonly columns = new ColumnsModel();
  readonly favourites = new FavouritesModel();
  readonly uploads: UploadsModel;

  /** Emitted with the manifest's id when a partition that was started here has succeeded. */
  readonly partitioned = new Signal<this, string>(this);

  /** Emitted with the name of a section of the panel that somebody wants to see. */
  readonly revealed = new Signal<this, string>(this);

  reveal(section: string): void {
    this.revealed.emit(section);
  }

  /** Everything anew: at start, and when a person asks again after an error. */
  async start(remembered: IRemembered | null, events?: ISignal<unknown, unknown>): Promise<void> {
    if (events) {
      this.jobs.attach(events);
    }
    this._remembered = remembered;
    this._places.restore(remembered?.places ?? {});
    this.jobs.clearedAt = remembered?.clearedAt ?? null;
    await this.connect();
  }

  /** The connections, then the place to show: the remembered one if its connection is still there. */
  async connect(): Promise<void> {
    const others = [this.jobs.refresh(), this.slices.refresh(), this.findPending()];
    const remembered = this._remembered;
    await this.connections.load(remembered?.connection ?? undefined);
    const { current } = this.connections;
    if (!this.connections.error && current !== null) {
      this._remembered = null;
      await this.show(current, remembered);
    }
    await Promise.all(others);
  }

  private async show(current: string, remembered: IRemembered | null): Promise<void> {
    const place = remembered?.connection === current ? remembered : this._places.of(current);
    await this.go({ connection: current, bucket: place.bucket, prefix: place.prefix }, place.selection, place.dataSet);
  }

  /** Uploads that wait for their file. That they cannot be asked for now must not hide anything else. */
  private async findPending(): Promise<void> {
    await this.uploads.refreshPending().catch(() => undefined);
  }

  private get place(): IPlace {
    const { location, selection } = this.browser;
    const key = this.object.target?.key ?? '';
    return { bucket: location.bucket, prefix: location.prefix, selection, ...(isPrefix(key) && { dataSet: key }) };
  }

  get remembered(): IRemembered {
    const { connection } = this.browser.location;
    const { clearedAt } = this.jobs;
    const places = this._places.others(connection);
    return {
      connection,
      ...this.place,
      ...(Object.keys(places).length > 0 && { places }),
      ...(clearedAt !== null && { clearedAt })
    };
  }

  /** The rows that are shown: those of a search, else those of the place. */
  get rows(): Rows {
    return this.search.shown ? this.search.rows : this.browser.rows;
  }

  /** Sort what is shown, here and in what is found; null leaves it as S3 gives it. */
  setSort(sort: ISort | null): void {
    this.browser.rows.setSort(sort);
    this.search.rows.setSort(sort);
  }

  /** Use another connection, where one left it. */
  async useConnection(name: string): Promise<void> {
    const { connection } = this.browser.location;
    if (connection !== null && connection !== name && this.connections.get(connection)) {
      this._places.keep(connection, this.place);
    }
    this.connections.select(name);
    await this.show(name, null);
  }

  /** What the connections say of themselves, anew: a test may have renewed what had expired. */
  async refreshConnections(): Promise<void> {
    await this.connections.load();
    if (this.browser.error) {
      await this.browser.refresh();
    }
  }

  /** After a connection has been saved or removed: the one in use, else the first that there is. */
  async settle(): Promise<void> {
    const { current, list } = this.connections;
    const next = current ?? list[0]?.name;
    if (next && next === this.browser.location.connection) {
      await this.show(next, this.remembered);
    } else if (next) {
      await this.useConnection(next);
    }
  }

  async go(
    to: { connection?: string; bucket: string | null; prefix?: string },
    selection: string | null = null,
    dataSet?: string
  ): Promise<void> {
    clearTimeout(this._look);
    this.search.show(false);
    const opened = this.browser.open(to, selection);
    const isKey = to.bucket !== null && selection !== null && !isPrefix(selection);
    await Promise.all([opened, this.showObject(dataSet ?? (isKey ? selection : null))]);
  }

  /** Select a row by its key; an object is shown in detail. */
  select(key: string | null): void {
    this.browser.select(key);
    this.look();
  }

  /** Show the object that has the focus, soon: who walks the rows by a key held down wants the last of them. */
  look(): void {
    const entry = this.rows.activeEntry;
    clearTimeout(this._look);
    this._look = setTimeout(() => void this.showObject(entry?.kind === 'object' ? entry.key : null), LOOK_MS);
  }

  /** The prefix that would be used as a data set: that of the selected row, else the place. Null at a bucket's top. */
  get prefix(): string | null {
    const { location } = this.browser;
    const selected = this.rows.activeEntry;
    return (selected?.kind === 'prefix' ? selected.key : location.bucket === null ? '' : location.prefix) || null;
  }

  /** Show all objects below a prefix as one object. */
  async useAsDataSet(prefix: string | null = this.prefix): Promise<void> {
    if (prefix !== null) {
      // A look that a click has asked for would take its place.
      clearTimeout(this._look);
      if (this.browser.selection !== prefix) {
        this.browser.select(null);
      }
      await this.showObject(prefix);
    }
  }

  /** Go where a pasted text points. False when it names no place in S3. */
  async openUri(text: string): Promise<boolean> {
    const { api, connections } = this;
    const place = await placeOfText(text, api, connections.ref?.endpoint_url);
    if (!place) {
      return false;
    }
    const { bucket, rest } = place;
    if (!rest || rest.endsWith('/')) {
      await this.go({ bucket, prefix: rest });
    } else if (await standsForMany(bucket, rest, api, this.browser.location.connection)) {
      await this.go({ bucket, prefix: `${rest}/` });
    } else {
      await this.go({ bucket, prefix: parentOf(rest) }, rest);
    }
    return true;
  }

  /** Files and folders of the Jupyter server, or what it fetches from URLs, to S3; the job as it ended. */
  async send(
    what: { paths?: string[]; urls?: string[] },
    target: ITarget,
    on_conflict: SendRequest['on_conflict'] = 'fail',
    after: string | null = null
  ): Promise<Job> {
    const { paths = [], urls = [] } = what;
    return this.actions.send({ kind: 'upload', ...target, paths, urls, on_conflict, after });
  }

  /** Go where a job works or worked, or an upload leads, by the connection that it uses. */
  async showAt(connection: string, uri: string): Promise<void> {
    if (connection !== this.connections.current && this.connections.get(connection)) {
      this._places.keep(this.browser.location.connection ?? '', this.place);
      this.connections.select(connection);
      this.browser.location = { ...this.browser.location, connection };
    }
    await this.openUri(uri);
  }

  /** Make a bucket and enter it. */
  async createBucket(name: string): Promise<void> {
    const connection = this.connections.current;
    if (connection !== null) {
      const bucket = await this.api.createBucket(connection, name);
      await this.go({ bucket: bucket.name });
    }
  }

  /** Look at the selected object at once: a menu opens faster than S3 answers. */
  async lookNow(): Promise<void> {
    const selected = this.rows.activeEntry;
    if (selected?.kind === 'object' && selected.key !== this.object.target?.key) {
      clearTimeout(this._look);
      await this.showObject(selected.key);
    }
    await this.object.settled;
  }

  /** Cut the selected object as the form says. */
  async partition(): Promise<void> {
    await this.lookNow();
    const job = await this.object.partition(() => this.engines.ready());
    if (job) {
      this._started.add(job.id);
      this.jobs.apply(job);
      const known = this.jobs.get(job.id);
      if (known && known.state === 'succeeded') {
        await this.onFinished(known);
      }
    }
  }

  dispose(): void {
    clearTimeout(this._look);
    this.stored.dispose();
    const browsing = [this.browser, this.search, this.actions, this.columns, this.favourites];
    const models = [...browsing, this.connections, this.object, this.engines, this.jobs, this.slices, this.uploads];
    models.forEach(model => model.dispose());
    Signal.clearData(this);
  }

  private async showObject(key: string | null): Promise<void> {
    const { connection, bucket } = this.browser.location;
    const target = key !== null && connection !== null && bucket !== null ? { connection, bucket, key } : null;
    await this.object.show(target);
  }

  /** The object in view may have been deleted, moved or changed. */
  private onChanged(connection: string, bucket: string, keys: readonly string[]): void {
    const { target } = this.object;
    if (target && target.connection === connection && target.bucket === bucket && keys.includes(target.key)) {
      void this.object.load();
    }
  }

  private async onFinished(job: Job): Promise<void> {
    if (job.kind === 'upload' && job.state === 'interrupted' && !this.uploads.byJob(job.id)) {
      // The page that sent it has gone.
      await this.findPending();
    }
    if (job.kind === 'partition' && job.state === 'succeeded' && job.manifest_id !== null) {
      const ours = this._started.delete(job.id);
      await this.slices.refresh(ours ? job.manifest_id : null);
      if (ours) {
        this.partitioned.emit(job.manifest_id);
      }
    }
  }

  /** Where to go once there are connections. */
  private _remembered: IRemembered | null = null;
  private _look: ReturnType<typeof setTimeout> | undefined;
  private readonly stored: StoredObjects;
  private readonly _places = new Places();
  private readonly _started = new Set<string>();
}

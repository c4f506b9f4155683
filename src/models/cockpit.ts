/* All models together, and what each of them does when another one has news. */
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';
import type { ApiClient } from '../api/client';
import type { Job } from '../api/schema';
import { ActionsModel } from './actions';
import { BrowserModel } from './browser';
import { ColumnsModel } from './columns';
import { ConnectionsModel } from './connections';
import { isPrefix } from './dataset';
import { FavouritesModel } from './favourites';
import { JobsModel } from './jobs';
import { parentOf, parsePlace } from './location';
import { ObjectModel } from './object';
import type { ISort } from './order';
import type { Rows } from './rows';
import { SearchModel } from './search';
import { SlicesModel } from './slices';
import type { IUploadItem } from './uploads';
import { UploadsModel } from './uploads';

export interface ICockpitOptions {
  api: ApiClient;
  pageSize: () => number;
  confirmReplace: (item: IUploadItem) => Promise<boolean>;
}

/** A selected object is looked at when the selection has stayed for so long. */
const LOOK_MS = 120;

/** What is remembered over a reload. */
export interface IRemembered {
  connection: string | null;
  bucket: string | null;
  prefix: string;
  selection: string | null;
  /** The prefix that is in use as one data set. */
  dataSet?: string;
}

export class Cockpit {
  constructor(options: ICockpitOptions) {
    this.api = options.api;
    const { api, pageSize, confirmReplace } = options;
    this.connections = new ConnectionsModel(api);
    this.browser = new BrowserModel(api, pageSize);
    this.object = new ObjectModel(api);
    this.jobs = new JobsModel(api);
    this.slices = new SlicesModel(api);
    this.search = new SearchModel(api, job => this.jobs.apply(job));
    this.actions = new ActionsModel({
      api,
      browser: this.browser,
      jobs: this.jobs,
      rows: () => this.rows,
      onChanged: (connection, bucket, keys) => this.onChanged(connection, bucket, keys)
    });
    this.uploads = new UploadsModel(api, { confirmReplace, onJob: job => this.jobs.apply(job) });
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
    this.uploads.uploaded.connect((_, item) => void this.onUploaded(item));
  }

  readonly api: ApiClient;
  readonly connections: ConnectionsModel;
  readonly browser: BrowserModel;
  readonly object: ObjectModel;
  readonly jobs: JobsModel;
  readonly slices: SlicesModel;
  readonly search: SearchModel;
  readonly actions: ActionsModel;
  readonly columns = new ColumnsModel();
  readonly favourites = new FavouritesModel();
  readonly uploads: UploadsModel;

  /** Emitted with the manifest's id when a partition that was started here has succeeded. */
  readonly partitioned = new Signal<this, string>(this);

  /** Everything anew: at start, and when a person asks again after an error. */
  async start(remembered: IRemembered | null, events?: ISignal<unknown, unknown>): Promise<void> {
    if (events) {
      this.jobs.attach(events);
    }
    this._remembered = remembered;
    await this.connect();
  }

  /** The connections, then the place to show: the remembered one if its connection is still there. */
  async connect(): Promise<void> {
    const others = [this.jobs.refresh(), this.slices.refresh()];
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
    if (remembered && remembered.connection === current) {
      const { bucket, prefix, selection, dataSet } = remembered;
      await this.go({ connection: current, bucket, prefix }, selection, dataSet);
    } else {
      await this.go({ connection: current, bucket: null });
    }
  }

  get remembered(): IRemembered {
    const { location, selection } = this.browser;
    const key = this.object.target?.key ?? '';
    return { ...location, selection, ...(isPrefix(key) && { dataSet: key }) };
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

  async useConnection(name: string): Promise<void> {
    this.connections.select(name);
    await this.go({ connection: name, bucket: null });
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
    const place = parsePlace(text, this.connections.ref?.endpoint_url);
    if (!place) {
      return false;
    }
    const { bucket, rest } = place;
    if (!rest || rest.endsWith('/')) {
      await this.go({ bucket, prefix: rest });
    } else if (await this.standsForMany(bucket, rest)) {
      await this.go({ bucket, prefix: `${rest}/` });
    } else {
      await this.go({ bucket, prefix: parentOf(rest) }, rest);
    }
    return true;
  }

  /** Make a bucket and enter it. */
  async createBucket(name: string): Promise<void> {
    const connection = this.connections.current;
    if (connection !== null) {
      const bucket = await this.api.createBucket(connection, name);
      await this.go({ bucket: bucket.name });
    }
  }

  /** Cut the selected object as the form says. */
  async partition(): Promise<void> {
    const selected = this.rows.activeEntry;
    if (selected?.kind === 'object' && selected.key !== this.object.target?.key) {
      clearTimeout(this._look);
      await this.showObject(selected.key);
    }
    const job = await this.object.partition();
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
    const browsing = [this.browser, this.search, this.actions, this.columns, this.favourites];
    const models = [...browsing, this.connections, this.object, this.jobs, this.slices, this.uploads];
    models.forEach(model => model.dispose());
    Signal.clearData(this);
  }

  /** "a/b" without a closing slash is a prefix when there are keys below "a/b/" and none that is "a/b". */
  private async standsForMany(bucket: string, rest: string): Promise<boolean> {
    const connection = this.browser.location.connection;
    if (connection === null) {
      return false;
    }
    try {
      const page = await this.api.objects({ connection, bucket, prefix: rest, page_size: 100 });
      return page.prefixes.includes(`${rest}/`) && !page.objects.some(object => object.key === rest);
    } catch {
      // The place is opened all the same, and that request shows its error.
      return false;
    }
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
    if (job.kind === 'partition' && job.state === 'succeeded' && job.manifest_id !== null) {
      const ours = this._started.delete(job.id);
      await this.slices.refresh(ours ? job.manifest_id : null);
      if (ours) {
        this.partitioned.emit(job.manifest_id);
      }
    }
  }

  private async onUploaded(item: IUploadItem): Promise<void> {
    const { bucket, key, file } = item;
    this.browser.written(bucket, key, file.size);
    if (this.browser.location.bucket === bucket) {
      this.browser.refreshSoon();
    }
    const { target } = this.object;
    // A data set of many objects is looked at again after the last of them.
    const within = target && isPrefix(target.key) && key.startsWith(target.key) && !this.uploads.active.length;
    if (target && target.bucket === bucket && (target.key === key || within)) {
      await this.object.load();
    }
  }

  /** Where to go once there are connections. */
  private _remembered: IRemembered | null = null;
  private _look: ReturnType<typeof setTimeout> | undefined;
  private readonly _started = new Set<string>();
}

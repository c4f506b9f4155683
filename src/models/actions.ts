/* Acting on what is selected: copy, move, rename, delete, change; and a listing that shows at once what came of it. */
import type { ActionRequest, ApiClient } from '../api/client';
import type { CopyRequest, Job, Selection, SendRequest } from '../api/schema';
import type { BrowserModel, ILocation } from './browser';
import type { JobsModel } from './jobs';
import { isActive } from './jobs';
import { parentOf } from './location';
import { Observable } from './observable';
import type { Rows } from './rows';
import { copyName, inTheWay } from './taken';

export type Conflict = CopyRequest['on_conflict'];

/** What waits to be pasted. */
export interface IClip {
  mode: 'copy' | 'cut';
  selection: Selection;
}

/** The server takes no more at once. */
export const MOST_KEYS = 100_000;
export const MOST_PREFIXES = 10_000;
/** So many rows are shown as being on their way out. */
const MOST_LEAVING = 10_000;

const WRITING: readonly Job['kind'][] = ['copy', 'move', 'delete', 'change', 'restore', 'upload'];

type Api = Pick<ApiClient, 'startAction' | 'startSend' | 'createFolder'>;

export interface IActionsOptions {
  api: Api;
  browser: BrowserModel;
  jobs: JobsModel;
  /** The rows that are shown: those of the place or of a search. */
  rows: () => Rows;
  /** Something in these places is no longer what it was. */
  onChanged: (connection: string, bucket: string, keys: readonly string[]) => void;
}

export class ActionsModel extends Observable {
  constructor(private readonly options: IActionsOptions) {
    super();
    options.jobs.finished.connect((_, job) => this.onFinished(job));
  }

  clip: IClip | null = null;
  /** Key of the row whose name is being typed anew. */
  renaming: string | null = null;

  get count(): number {
    return this.options.rows().selectedCount;
  }

  /** What is selected; null where nothing is, or where the rows are buckets. */
  selection(): Selection | null {
    const { connection, bucket } = this.options.browser.location;
    const rows = this.options.rows();
    if (connection === null || bucket === null || !rows.selectedCount) {
      return null;
    }
    const keys: string[] = [];
    const prefixes: string[] = [];
    for (const row of rows.selectedRows()) {
      (rows.table.kind(row) === 'prefix' ? prefixes : keys).push(rows.table.keys[row]);
    }
    return { connection, bucket, keys, prefixes };
  }

  /** Whether a row is being deleted or moved away, or waits to be moved. */
  isLeaving(key: string): boolean {
    return this._leaving.has(key) || (this._cut.has(key) && this.clip?.selection.bucket === this.bucket);
  }

  setClip(mode: IClip['mode'], selection: Selection): void {
    this.clip = { mode, selection };
    const { keys, prefixes } = selection;
    this._cut = new Set(mode === 'cut' ? [...keys, ...prefixes].slice(0, MOST_LEAVING) : []);
    this.emit();
  }

  clearClip(): void {
    this.clip = null;
    this._cut.clear();
    this.emit();
  }

  /** Whether the person is asked about a job that failed, because it was started here and something was in its way. */
  isAsked(job: Job): boolean {
    return this._started.has(job.id) && inTheWay(job).length > 0;
  }

  setRenaming(key: string | null): void {
    this.renaming = key;
    this.emit();
  }

  /** Whether something can be pasted into the place that is shown. */
  canPaste(to: ILocation = this.options.browser.location): boolean {
    return this.clip !== null && to.connection !== null && to.bucket !== null;
  }

  /** Copy or move what waits into a place; the job as it ended, null when there is nothing to do. */
  async paste(on_conflict: Conflict = 'fail', to: ILocation = this.options.browser.location): Promise<Job | null> {
    const { clip } = this;
    if (!clip || to.connection === null || to.bucket === null) {
      return null;
    }
    const { selection, mode } = clip;
    const request: CopyRequest = {
      ...selection,
      kind: mode === 'cut' ? 'move' : 'copy',
      to_connection: to.connection,
      to_bucket: to.bucket,
      to_prefix: to.prefix,
      rename: null,
      on_conflict
    };
    const home = selection.connection === to.connection && selection.bucket === to.bucket;
    if (home && [...selection.keys, ...selection.prefixes].every(key => parentOf(key) === to.prefix)) {
      if (mode === 'cut') {
        this.clearClip();
        return null;
      }
      return this.duplicate(selection);
    }
    const job = await this.run(request);
    if (mode === 'cut' && job.state === 'succeeded' && this.clip === clip) {
      this.clearClip();
    }
    return job;
  }

  /** Another object beside each of them, under a name that is free as far as we know; the last job as it ended. */
  async duplicate(selection: Selection): Promise<Job | null> {
    const { table } = this.options.browser.rows;
    const taken = new Set(table.keys);
    const wanted = [
      ...selection.keys.map(key => ({ keys: [key], prefixes: [] as string[] })),
      ...selection.prefixes.map(prefix => ({ keys: [] as string[], prefixes: [prefix] }))
    ];
    const jobs = wanted.map(one => {
      const rename = copyName(one.keys[0] ?? one.prefixes[0], taken);
      taken.add(rename);
      return this.run({ ...this.within(selection, one), kind: 'copy', rename });
    });
    const ended = await Promise.all(jobs);
    return ended.find(job => job.state !== 'succeeded') ?? ended[0] ?? null;
  }

  /** Give one object or folder another name in the same place. */
  async rename(selection: Selection, name: string, on_conflict: Conflict = 'fail'): Promise<Job> {
    const [old] = [...selection.keys, ...selection.prefixes];
    const rename = parentOf(old) + name + (old.endsWith('/') ? '/' : '');
    const job = await this.run({ ...this.within(selection, selection), kind: 'move', rename, on_conflict });
    const { browser } = this.options;
    if (
      job.state === 'succeeded' &&
      this.options.rows() === browser.rows &&
      parentOf(old) === browser.location.prefix
    ) {
      browser.select(rename);
    }
    return job;
  }

  remove(selection: Selection, all_versions: boolean): Promise<Job> {
    return this.run({ ...selection, kind: 'delete', all_versions });
  }

  /** Make a folder in the place that is shown, and select it. */
  async createFolder(name: string): Promise<void> {
    const { browser, api } = this.options;
    const { connection, bucket, prefix } = browser.location;
    if (connection !== null && bucket !== null) {
      const folder = `${prefix}${name}/`;
      await api.createFolder({ connection, bucket, prefix: folder });
      browser.written(bucket, `${folder}-`, 0);
      await this.refresh();
      browser.select(folder);
    }
  }

  /** Start an action; its job as it ended. */
  async run(request: ActionRequest): Promise<Job> {
    const leaving = leavingKeys(request);
    leaving.forEach(key => this._leaving.add(key));
    this.emit();
    try {
      const started = await this.options.api.startAction(request);
      this._requests.set(started.id, request);
      return await this.end(started);
    } finally {
      leaving.forEach(key => this._leaving.delete(key));
      this.emit();
    }
  }

  /** Upload what the Jupyter server has or fetches; the job as it ended. */
  async send(request: SendRequest): Promise<Job> {
    return this.end(await this.options.api.startSend(request));
  }

  /** The job as it ends, once the listing shows what came of it. */
  private async end(started: Job): Promise<Job> {
    this._started.add(started.id);
    const ended = new Promise<Job>(resolve => this._waiting.set(started.id, resolve));
    const before = this.options.jobs.get(started.id);
    if (before && !isActive(before)) {
      // It ended before the reply that named it.
      this.onFinished(before);
    } else {
      this.options.jobs.apply(started);
    }
    return ended;
  }

  private get bucket(): string | null {
    return this.options.browser.location.bucket;
  }

  private within(selection: Selection, part: Pick<Selection, 'keys' | 'prefixes'>): Omit<CopyRequest, 'kind'> {
    const { connection, bucket } = selection;
    return {
      connection,
      bucket,
      keys: part.keys,
      prefixes: part.prefixes,
      to_connection: connection,
      to_bucket: bucket,
      to_prefix: parentOf(part.keys[0] ?? part.prefixes[0]),
      rename: null,
      on_conflict: 'fail'
    };
  }

  private onFinished(job: Job): void {
    if (!WRITING.includes(job.kind)) {
      this.settle(job);
      return;
    }
    const request = this._requests.get(job.id);
    const buckets = new Set([bucketOf(job.uri)]);
    if (!request || request.kind === 'search') {
      // Started in another window, or an upload of many.
      if (buckets.has(this.bucket ?? '')) {
        this.options.browser.refreshSoon();
      }
    } else {
      buckets.add(request.bucket);
      if (request.kind === 'delete' || request.kind === 'move') {
        this.forget(job, request.bucket, request.keys, request.prefixes);
      }
      if (request.kind === 'copy' || request.kind === 'move') {
        buckets.add(request.to_bucket);
      }
      const keys = 'keys' in request ? request.keys : [request.key];
      this.options.onChanged(request.connection, request.bucket, keys);
    }
    const shown = request !== undefined && buckets.has(this.bucket ?? '');
    void (shown ? this.refresh() : Promise.resolve()).then(() => this.settle(job));
  }

  private settle(job: Job): void {
    this._requests.delete(job.id);
    this._waiting.get(job.id)?.(job);
    this._waiting.delete(job.id);
  }

  /** What has been deleted or moved away is gone from the rows before S3 has been asked again. */
  private forget(job: Job, bucket: string, keys: string[], prefixes: string[]): void {
    if (job.state === 'succeeded' && bucket === this.bucket) {
      const gone = new Set([...keys, ...prefixes]);
      const rows = this.options.rows();
      const { table } = rows;
      rows.remove(row => gone.has(table.keys[row]));
    }
  }

  private async refresh(): Promise<void> {
    const { browser } = this.options;
    if (browser.canRefresh) {
      await browser.refresh();
    }
  }

  private readonly _requests = new Map<string, ActionRequest>();
  private readonly _started = new Set<string>();
  private readonly _waiting = new Map<string, (job: Job) => void>();
  private readonly _leaving = new Set<string>();
  private _cut = new Set<string>();
}

/** Rows that a request takes away. */
function leavingKeys(request: ActionRequest): string[] {
  const takes = request.kind === 'delete' || request.kind === 'move';
  return takes ? [...request.keys, ...request.prefixes].slice(0, MOST_LEAVING) : [];
}

function bucketOf(uri: string): string {
  return uri.replace(/^s3:\/\//, '').split('/', 1)[0];
}

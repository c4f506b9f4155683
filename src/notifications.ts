/* One notification an operation, updated in place, with Cancel: batches of uploads, and jobs that take a while. */
import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Job } from './api/schema';
import { formatBytes, formatCount } from './components/format';
import type { JobsModel } from './models/jobs';
import { isActive } from './models/jobs';
import { displayName } from './models/location';
import type { IUploadItem } from './models/upload';
import { isUnderWay } from './models/upload';
import type { UploadsModel } from './models/uploads';

/** Notifications are drawn anew at each update: more often than this nobody can read. */
const PAUSE_MS = 250;
/** A job that is over sooner needs none. */
const SHORT_MS = 1500;
/** What these do is seen where they were started: in the form, in the tab, in the listing. */
const SILENT: ReadonlySet<Job['kind']> = new Set<Job['kind']>(['partition', 'benchmark', 'search']);

interface IShown {
  message: string;
  type: Notification.TypeOptions;
  autoClose: number | false;
  progress?: number;
  actions: Notification.IAction[];
}

/** Notifications by what they tell of; one that was closed by hand while it was running stays closed. */
class Board<Key> {
  put(key: Key, options: IShown): void {
    const id = this._ids.get(key);
    if (id === undefined) {
      this._ids.set(key, Notification.emit(options.message, options.type, options));
    } else if (!Notification.update({ id, ...options }) && options.type !== 'in-progress') {
      this._ids.set(key, Notification.emit(options.message, options.type, options));
    }
  }

  has(key: Key): boolean {
    return this._ids.has(key);
  }

  drop(key: Key): void {
    const id = this._ids.get(key);
    if (id !== undefined) {
      Notification.dismiss(id);
      this._ids.delete(key);
    }
  }

  private readonly _ids = new Map<Key, string>();
}

export function notifyOfUploads(uploads: UploadsModel, trans: TranslationBundle): void {
  const board = new Board<number>();
  const ended = new Set<number>();
  let last = 0;
  const update = () => {
    const now = performance.now();
    const due = now - last >= PAUSE_MS;
    const batches = new Map<number, IUploadItem[]>();
    for (const item of uploads.items) {
      if (item.batch > 0) {
        const batch = batches.get(item.batch) ?? [];
        batch.push(item);
        batches.set(item.batch, batch);
      }
    }
    for (const [batch, items] of batches) {
      if (items.some(isUnderWay)) {
        ended.delete(batch);
        if (due || !board.has(batch)) {
          last = now;
          board.put(batch, runningUploads(items, trans, uploads, batch));
        }
      } else if (items.some(item => item.state === 'paused')) {
        // The list below the listing tells that; nothing moves that one would have to know of elsewhere.
        board.drop(batch);
      } else if (!ended.has(batch)) {
        ended.add(batch);
        board.put(batch, endedUploads(items, trans));
      }
    }
  };
  uploads.changed.connect(update);
}

function runningUploads(items: IUploadItem[], trans: TranslationBundle, uploads: UploadsModel, batch: number): IShown {
  const total = items.reduce((sum, item) => sum + item.size, 0);
  const sent = items.reduce((sum, item) => sum + item.sent, 0);
  const ended = items.filter(item => !isUnderWay(item)).length;
  const what =
    items.length === 1
      ? displayName(items[0].name)
      : trans.__('%1 of %2 files', formatCount(ended), formatCount(items.length));
  return {
    message: trans.__('Uploading %1: %2 of %3', what, formatBytes(sent), formatBytes(total)),
    type: 'in-progress',
    autoClose: false,
    progress: total ? sent / total : 0,
    actions: [{ label: trans.__('Cancel'), callback: () => void uploads.cancelAll(batch) }]
  };
}

function endedUploads(items: IUploadItem[], trans: TranslationBundle): IShown {
  const of = (state: IUploadItem['state']) => items.filter(item => item.state === state);
  const done = of('succeeded');
  const failed = of('failed');
  const settled = { autoClose: 5000, actions: [] };
  if (failed.length) {
    const name = displayName(failed[0].name);
    const words = trans.__('%1 was not uploaded: %2', name, failed[0].error?.message ?? '');
    const more = failed.length > 1 ? ' ' + trans._n('And %1 more.', 'And %1 more.', failed.length - 1) : '';
    return { ...settled, type: 'error', message: words + more, autoClose: false };
  }
  if (!done.length) {
    const skipped = of('skipped').length;
    return skipped
      ? { ...settled, type: 'info', message: trans.__('Nothing uploaded: what was there was left as it is.') }
      : { ...settled, type: 'info', message: trans.__('Upload cancelled. Nothing was stored.') };
  }
  const files = trans._n('%1 file', '%1 files', done.length);
  const what =
    done.length === 1 ? displayName(done[0].key) : files.replace(String(done.length), formatCount(done.length));
  return { ...settled, type: 'success', message: trans.__('Uploaded %1 to %2', what, done[0].bucket) };
}

/** Jobs that begin while we watch and take a while; uploads of this page tell of themselves. */
export function notifyOfJobs(
  jobs: JobsModel,
  uploads: UploadsModel,
  trans: TranslationBundle,
  show: (job: Job) => void,
  isAsked: (job: Job) => boolean = () => false
): void {
  const board = new Board<string>();
  const watched = new Map<string, number>();
  const update = () => {
    for (const [id, drawn] of watched) {
      const job = jobs.get(id);
      const now = performance.now();
      if (!job || uploads.byJob(id)) {
        watched.delete(id);
      } else if (!isActive(job)) {
        watched.delete(id);
        if (isAsked(job)) {
          // A dialog asks what to do about it.
          board.drop(id);
        } else if (board.has(id) || job.state === 'failed' || job.notes.length > 0) {
          board.put(
            id,
            endedJob(job, trans, () => show(job))
          );
        }
      } else if (now >= drawn) {
        watched.set(id, now + PAUSE_MS);
        board.put(
          id,
          runningJob(job, trans, () => void jobs.cancel(id))
        );
      }
    }
  };
  jobs.begun.connect((_, job) => {
    if (isActive(job) && !SILENT.has(job.kind)) {
      watched.set(job.id, performance.now() + SHORT_MS);
      setTimeout(update, SHORT_MS + 50);
    }
  });
  jobs.changed.connect(update);
}

function runningJob(job: Job, trans: TranslationBundle, cancel: () => void): IShown {
  const amount = (value: number) => (job.unit === 'bytes' ? formatBytes(value) : formatCount(value));
  const known = job.total > 0;
  const objects = job.items_total > 0;
  const progress = known ? job.done / job.total : objects ? job.items / job.items_total : undefined;
  const done = known
    ? trans.__('%1 of %2', amount(job.done), amount(job.total))
    : objects
      ? trans.__('%1 of %2 objects', formatCount(job.items), formatCount(job.items_total))
      : job.phase;
  return {
    message: done ? `${displayName(job.title)}: ${done}` : displayName(job.title),
    type: 'in-progress',
    autoClose: false,
    ...(progress !== undefined && { progress }),
    actions: [{ label: trans.__('Cancel'), callback: cancel }]
  };
}

function endedJob(job: Job, trans: TranslationBundle, show: () => void): IShown {
  const title = displayName(job.title);
  const actions = [{ label: trans.__('Show'), callback: show }];
  if (job.state === 'succeeded' && !job.notes.length) {
    return { type: 'success', message: trans.__('%1: done', title), autoClose: 5000, actions };
  }
  if (job.state === 'cancelled') {
    return { type: 'info', message: trans.__('%1: cancelled', title), autoClose: 5000, actions: [] };
  }
  const words = job.error?.message ?? job.notes[0] ?? trans.__('interrupted');
  const type = job.state === 'succeeded' ? 'warning' : 'error';
  return { type, message: `${title}: ${words}`, autoClose: false, actions };
}

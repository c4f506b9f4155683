/* One notification for each batch of uploads, updated in place, with Cancel. */
import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { formatBytes } from './components/format';
import { displayName } from './models/location';
import type { IUploadItem, UploadsModel } from './models/upload';
import { isUnderWay } from './models/upload';

/** Notifications are drawn anew at each update: more often than this nobody can read. */
const PAUSE_MS = 250;

export function notifyOfUploads(uploads: UploadsModel, trans: TranslationBundle): void {
  const shown = new Map<number, string>();
  const ended = new Set<number>();
  let last = 0;
  const update = () => {
    const now = performance.now();
    const batches = new Map<number, IUploadItem[]>();
    for (const item of uploads.items) {
      batches.set(item.batch, [...(batches.get(item.batch) ?? []), item]);
    }
    for (const [batch, items] of batches) {
      const running = items.some(isUnderWay);
      if (!running && ended.has(batch)) {
        continue;
      }
      if (running) {
        ended.delete(batch);
        if (shown.has(batch) && now - last < PAUSE_MS) {
          continue;
        }
        last = now;
      } else {
        ended.add(batch);
      }
      const options = running
        ? runningOptions(items, trans, () => void uploads.cancelAll(batch))
        : endedOptions(items, trans);
      const id = shown.get(batch);
      if (id === undefined || !Notification.update({ id, ...options })) {
        shown.set(batch, Notification.emit(options.message, options.type, options));
      }
    }
  };
  uploads.changed.connect(update);
}

interface IShown {
  message: string;
  type: Notification.TypeOptions;
  autoClose: number | false;
  progress?: number;
  actions: Notification.IAction[];
}

function runningOptions(items: IUploadItem[], trans: TranslationBundle, cancel: () => void): IShown {
  const total = items.reduce((sum, item) => sum + item.file.size, 0);
  const sent = items.reduce((sum, item) => sum + item.sent, 0);
  const what = items.length === 1 ? displayName(items[0].file.name) : trans._n('%1 file', '%1 files', items.length);
  return {
    message: trans.__('Uploading %1: %2 of %3', what, formatBytes(sent), formatBytes(total)),
    type: 'in-progress',
    autoClose: false,
    progress: total ? sent / total : 0,
    actions: [{ label: trans.__('Cancel'), callback: cancel }]
  };
}

function endedOptions(items: IUploadItem[], trans: TranslationBundle): IShown {
  const of = (state: IUploadItem['state']) => items.filter(item => item.state === state);
  const done = of('succeeded');
  const failed = of('failed');
  const settled = { autoClose: 5000, actions: [] };
  if (failed.length) {
    const name = displayName(failed[0].file.name);
    const message = trans.__('%1 was not uploaded: %2', name, failed[0].error?.message ?? '');
    return { ...settled, type: 'error', message, autoClose: false };
  }
  if (!done.length) {
    return { ...settled, type: 'info', message: trans.__('Upload cancelled. Nothing was stored.') };
  }
  const what = done.length === 1 ? displayName(done[0].key) : trans._n('%1 file', '%1 files', done.length);
  return { ...settled, type: 'success', message: trans.__('Uploaded %1 to %2', what, done[0].bucket) };
}

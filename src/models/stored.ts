/* Objects that the browser has just stored: shown together, in the listing and in the view of the object. */
import type { BrowserModel } from './browser';
import { isPrefix } from './dataset';
import type { ObjectModel } from './object';
import { inSteps } from './steps';
import type { IUploadItem } from './upload';
import type { UploadsModel } from './uploads';

/** A folder of thousands must not cause as many listings. */
const STORED_MS = 400;
/** More than this are not put into the listing one by one; it is asked for again. */
const MOST_ROWS = 100;

interface IShown {
  readonly browser: BrowserModel;
  readonly object: ObjectModel;
  readonly uploads: Pick<UploadsModel, 'active'>;
}

export class StoredObjects {
  constructor(private readonly shown: IShown) {}

  add(item: IUploadItem): void {
    this._items.push(item);
    this._soon ??= setTimeout(() => void this.show(), STORED_MS);
  }

  dispose(): void {
    clearTimeout(this._soon);
  }

  /** What has been stored since the last time. */
  private async show(): Promise<void> {
    this._soon = undefined;
    const { browser, object, uploads } = this.shown;
    if (browser.rows.busy) {
      // A row more among those that are being put in order would begin that anew.
      this._soon = setTimeout(() => void this.show(), STORED_MS);
      return;
    }
    const stored = this._items.splice(0);
    const here = stored.filter(({ bucket }) => bucket === browser.location.bucket);
    await inSteps(here.slice(-MOST_ROWS), ({ bucket, key, size }) => browser.written(bucket, key, size));
    if (here.length && browser.canRefresh) {
      await browser.refresh();
    }
    const { target } = object;
    // A data set of many objects is looked at again after the last of them.
    const within = (key: string) =>
      target && isPrefix(target.key) && key.startsWith(target.key) && !uploads.active.length;
    if (target && stored.some(({ bucket, key }) => bucket === target.bucket && (key === target.key || within(key)))) {
      await object.load();
    }
  }

  private _items: IUploadItem[] = [];
  private _soon: ReturnType<typeof setTimeout> | undefined;
}

/* The files that are known of: on their way, resting, ended; found by their number, batch or job. */
import { Observable } from './observable';
import type { IUploadItem } from './upload';
import { isResting, isUnderWay } from './upload';

export class UploadItems extends Observable {
  items: IUploadItem[] = [];

  /** What a person may want to see: under way first, then what rests, what failed, what was cancelled. */
  get open(): IUploadItem[] {
    const failed = this.items.filter(item => item.state === 'failed');
    const cancelled = this.items.filter(item => item.state === 'cancelled');
    const sending = this.items.filter(item => item.state === 'running' || item.state === 'finishing');
    const waiting = this.items.filter(item => item.state === 'waiting');
    return [...sending, ...waiting, ...this.resting, ...failed, ...cancelled];
  }

  get active(): IUploadItem[] {
    return this.items.filter(isUnderWay);
  }

  get resting(): IUploadItem[] {
    return this.items.filter(isResting);
  }

  batch(id: number): IUploadItem[] {
    return this.items.filter(item => item.batch === id);
  }

  byJob(jobId: string): IUploadItem | undefined {
    return this._byJob.get(jobId);
  }

  protected get(id: number): IUploadItem | undefined {
    return this.items.find(item => item.id === id);
  }

  protected make(about: Pick<IUploadItem, 'connection' | 'bucket' | 'key' | 'name' | 'size'>): IUploadItem {
    const item: IUploadItem = {
      ...about,
      id: ++this._lastId,
      batch: 0,
      lastModified: null,
      file: null,
      handle: null,
      state: 'waiting',
      sent: 0,
      stalled: false,
      checking: false,
      jobId: null,
      error: null
    };
    this.items.push(item);
    return item;
  }

  protected keep(wanted: (item: IUploadItem) => boolean): void {
    this.items.filter(item => !wanted(item)).forEach(item => this.setJob(item, null));
    this.items = this.items.filter(wanted);
  }

  protected setJob(item: IUploadItem, jobId: string | null): void {
    if (item.jobId !== null) {
      this._byJob.delete(item.jobId);
    }
    item.jobId = jobId;
    if (jobId !== null) {
      this._byJob.set(jobId, item);
    }
  }

  private _lastId = 0;
  private readonly _byJob = new Map<string, IUploadItem>();
}

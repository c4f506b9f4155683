/* One file from its start to its end: opened or gone on with, its parts sent, completed; or left as it has to be. */
import type { ApiClient } from '../api/client';
import { ApiError, asApiError, isAbort } from '../api/client';
import type { Job, Upload } from '../api/schema';
import type { Conflicts } from './conflicts';
import type { PendingUploads } from './pending';
import type { ISendOptions } from './sending';
import { checksumOf, insist, partsInPlace, sendParts } from './sending';
import type { IUploadItem } from './upload';
import type { Waker } from './waker';

export type CourierApi = Pick<
  ApiClient,
  'startUpload' | 'uploadWhole' | 'putPart' | 'completeUpload' | 'cancelJob' | 'resumeUpload' | 'pauseUpload'
>;

export interface ICourierOptions {
  api: CourierApi;
  conflicts: Conflicts;
  pending: PendingUploads;
  waker: Waker;
  /** Bytes up to which a file goes in one request. */
  mostWhole: number;
  /** The item has changed. */
  onChange: () => void;
  /** The item belongs to this job from now on, or to none. */
  setJob: (item: IUploadItem, jobId: string | null) => void;
  onJob: (job: Job) => void;
  onSent: (bytes: number) => void;
  onStored: (item: IUploadItem) => void;
}

/** A server that was started anew has forgotten the upload, not its parts: so often it is asked to go on. */
const REVIVALS = 3;
const MOMENT_MS = 1000;
export class Courier {
  constructor(private readonly options: ICourierOptions) {}

  /** Whether the file is sent in one request: then there is nothing to pause or to go on with. */
  isSmall({ size, jobId }: IUploadItem): boolean {
    return size <= this.options.mostWhole && jobId === null;
  }

  /** Never rejects: what went wrong is in the item. */
  async send(item: IUploadItem, signal: AbortSignal): Promise<void> {
    try {
      await (this.isSmall(item) ? this.sendWhole(item, signal) : this.sendInParts(item, signal));
    } catch (error) {
      if (isRunning(item) && !isAbort(error)) {
        await this.fail(item, asApiError(error));
      }
    }
    this.options.onChange();
  }

  private async sendWhole(item: IUploadItem, signal: AbortSignal): Promise<void> {
    const { file, connection, bucket, size } = item;
    if (!file) {
      return;
    }
    const { api, onSent } = this.options;
    const crc = await checksumOf(file, signal);
    const stored = await this.unlessTaken(item, overwrite => {
      const query = { connection, bucket, key: item.key, content_type: file.type || null, overwrite };
      return insist(() => api.uploadWhole(query, file, crc, signal), this.patience(item, signal));
    });
    if (stored) {
      onSent(size);
      this.succeed(item);
    }
  }

  private async sendInParts(item: IUploadItem, signal: AbortSignal): Promise<void> {
    const upload = await (item.jobId === null ? this.start(item) : this.goOn(item));
    if (!upload || !isRunning(item)) {
      return;
    }
    const release = await this.options.pending.hold(upload.job_id, item.handle);
    try {
      await this.transfer(item, upload, signal);
    } finally {
      release();
    }
  }

  private patience(item: IUploadItem, signal: AbortSignal): Pick<ISendOptions, 'signal' | 'sleep' | 'onStalled'> {
    const { waker, onChange } = this.options;
    const onStalled = (stalled: boolean) => {
      if (item.stalled !== stalled) {
        item.stalled = stalled;
        onChange();
      }
    };
    return { signal, sleep: milliseconds => waker.sleep(milliseconds), onStalled };
  }

  /**
   * `run` what is refused where the key is taken; then as a person decides. Null when she declined, or has stopped it.
   */
  private async unlessTaken<T>(
    item: IUploadItem,
    run: (overwrite: boolean) => Promise<T>,
    overwrite = false
  ): Promise<T | null> {
    try {
      return await run(overwrite);
    } catch (error) {
      if (!isConflict(error) || overwrite || !isRunning(item)) {
        throw error;
      }
    }
    const { conflicts } = this.options;
    const choice = await conflicts.ask(item, () => isRunning(item));
    if (!isRunning(item)) {
      return null;
    }
    if (choice === 'skip') {
      item.state = 'skipped';
      return null;
    }
    if (choice === 'keep') {
      item.key = conflicts.nextKey(item);
    }
    return this.unlessTaken(item, run, choice === 'replace');
  }

  /** Let the server put the upload to rest; its parts stay in S3. */
  async rest(item: IUploadItem, leaving = false): Promise<void> {
    await this.tell(item, jobId => this.options.api.pauseUpload(jobId, leaving));
  }

  /** Let the server abort the multipart upload, so that no parts stay behind. */
  async abandon(item: IUploadItem): Promise<void> {
    this.options.pending.forget(item.jobId);
    await this.tell(item, jobId => this.options.api.cancelJob(jobId));
    this.options.setJob(item, null);
  }

  private async tell(item: IUploadItem, call: (jobId: string) => Promise<Job>): Promise<void> {
    if (item.jobId === null) {
      return;
    }
    try {
      this.options.onJob(await call(item.jobId));
    } catch (error) {
      // It has stopped for us either way; the list of jobs tells what the server makes of it.
      item.error ??= asApiError(error);
    }
  }

  /** Open the upload; null when a person declined to replace what is there, or has stopped it meanwhile. */
  private async start(item: IUploadItem): Promise<Upload | null> {
    const upload = await this.unlessTaken(item, overwrite => this.options.api.startUpload(requestOf(item, overwrite)));
    if (upload) {
      this.options.setJob(item, upload.job_id);
      if (!isRunning(item) && item.state !== 'paused') {
        await this.abandon(item);
      }
    }
    return upload;
  }

  /** As `revive`; null where that is refused: another page sends it, S3 has lost or completed it. */
  private async goOn(item: IUploadItem): Promise<Upload | null> {
    try {
      return await insist(() => this.revive(item), this.patience(item, new AbortController().signal));
    } catch (error) {
      if (isRunning(item)) {
        const gone = error instanceof ApiError && error.status === 404;
        Object.assign(item, { state: gone ? 'failed' : 'paused', error: asApiError(error), stalled: false });
        if (gone) {
          this.options.setJob(item, null);
        }
      }
      return null;
    }
  }

  /** Go on with an upload that was begun; the server tells which parts S3 has. */
  private revive({ jobId, size, lastModified }: IUploadItem): Promise<Upload> {
    return this.options.api.resumeUpload(jobId ?? '', { size, last_modified: lastModified });
  }

  private async transfer(item: IUploadItem, upload: Upload, signal: AbortSignal): Promise<void> {
    let current = upload;
    for (let revived = 0; ; revived += 1) {
      try {
        await this.sendMissing(item, current, signal);
        break;
      } catch (error) {
        if (signal.aborted || !isForgotten(error) || revived === REVIVALS) {
          throw error;
        }
      }
      current = await this.revive(item);
    }
    signal.throwIfAborted();
    await this.complete(item, upload.job_id, signal);
  }

  /** Put the parts together; an object that came to be there meanwhile is replaced only after a yes. */
  private async complete(item: IUploadItem, jobId: string, signal: AbortSignal): Promise<void> {
    const { api, conflicts, onChange, onJob } = this.options;
    item.state = 'finishing';
    onChange();
    const ask = (overwrite: boolean) => insist(() => api.completeUpload(jobId, overwrite), this.patience(item, signal));
    let job: Job;
    try {
      // A part that was sent twice may still be on its way: that is a conflict as well, and passes.
      job = await ask(false).catch(error => this.afterAMoment(error, () => ask(false)));
    } catch (error) {
      if (!isConflict(error)) {
        throw error;
      }
      // Its key cannot be changed any more: to keep both is to keep the one that is there.
      if ((await conflicts.ask(item, () => isRunning(item))) !== 'replace') {
        item.state = 'skipped';
        await this.abandon(item);
        return;
      }
      job = await ask(true);
    }
    this.succeed(item);
    onJob(job);
  }

  private async afterAMoment<T>(error: unknown, again: () => Promise<T>): Promise<T> {
    if (!isConflict(error)) {
      throw error;
    }
    await this.options.waker.sleep(MOMENT_MS);
    return again();
  }

  private succeed(item: IUploadItem): void {
    Object.assign(item, { state: 'succeeded', sent: item.size, stalled: false });
    this.options.pending.forget(item.jobId);
    this.options.onStored(item);
  }

  /** Compare what S3 has with the file, send the others. */
  private async sendMissing(item: IUploadItem, upload: Upload, signal: AbortSignal): Promise<void> {
    const { file } = item;
    if (!file) {
      return;
    }
    const { api, onChange, onSent } = this.options;
    item.checking = upload.received.length > 0;
    onChange();
    const done = await partsInPlace(file, upload, signal);
    const held = upload.received.filter(({ part_number }) => done.has(part_number));
    item.checking = false;
    item.sent = held.reduce((sum, { size }) => sum + size, 0);
    let whole = item.sent;
    await sendParts(api, file, upload, done, {
      ...this.patience(item, signal),
      onSent: bytes => {
        whole += bytes;
        // The server may have told of these bytes while they came.
        onSent(Math.max(0, whole - item.sent));
        item.sent = Math.max(whole, item.sent);
        onChange();
      }
    });
  }

  /** What S3 has of it stays, so that another try need not send it again; of nothing, nothing. */
  private async fail(item: IUploadItem, error: ApiError): Promise<void> {
    Object.assign(item, { state: 'failed', error, stalled: false, checking: false });
    await (item.sent > 0 ? this.rest(item) : this.abandon(item));
  }
}

function requestOf(item: IUploadItem, overwrite: boolean) {
  const { connection, bucket, key, size, name: filename, lastModified: last_modified } = item;
  return { connection, bucket, key, size, content_type: item.file?.type || null, overwrite, filename, last_modified };
}

/** A function, because a comparison in place would be narrowed away across an await. */
function isRunning(item: IUploadItem): boolean {
  return item.state === 'running' || item.state === 'finishing';
}

function isConflict(error: unknown): boolean {
  return error instanceof ApiError && error.code === 'conflict';
}

/** The server does not have the upload open: it was started anew, or the upload has ended. */
function isForgotten(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 404 || error.status === 409);
}

/* One file from its start to its end: opened or gone on with, its parts sent, completed; or left as it has to be. */
import type { ApiClient } from '../api/client';
import { ApiError, asApiError, isAbort } from '../api/client';
import type { Job, Upload } from '../api/schema';
import type { Conflicts } from './conflicts';
import type { PendingUploads } from './pending';
import { partsInPlace, sendParts } from './sending';
import type { IUploadItem } from './upload';
import type { Waker } from './waker';

export type CourierApi = Pick<
  ApiClient,
  'startUpload' | 'putPart' | 'completeUpload' | 'cancelJob' | 'resumeUpload' | 'pauseUpload'
>;

export interface ICourierOptions {
  api: CourierApi;
  conflicts: Conflicts;
  pending: PendingUploads;
  waker: Waker;
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

export class Courier {
  constructor(private readonly options: ICourierOptions) {}

  /** Never rejects: what went wrong is in the item. */
  async send(item: IUploadItem, signal: AbortSignal): Promise<void> {
    try {
      const upload = item.jobId === null ? await this.start(item) : await this.revive(item);
      if (upload && isRunning(item)) {
        const release = await this.options.pending.hold(upload.job_id, item.handle);
        try {
          await this.transfer(item, upload, signal);
        } finally {
          release();
        }
      }
    } catch (error) {
      if (isRunning(item) && !isAbort(error)) {
        await this.fail(item, asApiError(error));
      }
    }
    this.options.onChange();
  }

  /** Let the server put the upload to rest; its parts stay in S3. */
  async rest(item: IUploadItem): Promise<void> {
    await this.tell(item, jobId => this.options.api.pauseUpload(jobId));
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
  private async start(item: IUploadItem, overwrite = false): Promise<Upload | null> {
    try {
      const upload = await this.options.api.startUpload(requestOf(item, overwrite));
      this.options.setJob(item, upload.job_id);
      if (isRunning(item)) {
        return upload;
      }
      if (item.state !== 'paused') {
        await this.abandon(item);
      }
      return null;
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 409 || overwrite || !isRunning(item)) {
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
    return this.start(item, choice === 'replace');
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
    item.state = 'finishing';
    this.options.onChange();
    const job = await this.options.api.completeUpload(upload.job_id);
    Object.assign(item, { state: 'succeeded', sent: item.size, stalled: false });
    this.options.pending.forget(item.jobId);
    this.options.onStored(item);
    this.options.onJob(job);
  }

  /** Compare what S3 has with the file, send the others. */
  private async sendMissing(item: IUploadItem, upload: Upload, signal: AbortSignal): Promise<void> {
    const { file } = item;
    if (!file) {
      return;
    }
    const { api, waker, onChange, onSent } = this.options;
    item.checking = upload.received.length > 0;
    onChange();
    const done = await partsInPlace(file, upload, signal);
    const held = upload.received.filter(({ part_number }) => done.has(part_number));
    item.checking = false;
    item.sent = held.reduce((sum, { size }) => sum + size, 0);
    let whole = item.sent;
    await sendParts(api, file, upload, done, {
      signal,
      sleep: milliseconds => waker.sleep(milliseconds),
      onStalled: stalled => {
        item.stalled = stalled;
        onChange();
      },
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
    if (isForgotten(error)) {
      this.options.setJob(item, null);
    } else {
      await (item.sent > 0 ? this.rest(item) : this.abandon(item));
    }
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

/** The server does not have the upload open: it was started anew, or the upload has ended. */
function isForgotten(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 404 || error.status === 409);
}

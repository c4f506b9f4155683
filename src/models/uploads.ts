/* Files on their way to S3: each in parts, a few parts at once, with progress, retries and cancel. */
import { Signal } from '@lumino/signaling';
import type { ApiClient } from '../api/client';
import { ApiError, asApiError, isAbort } from '../api/client';
import type { Job, Upload } from '../api/schema';
import { makeUri } from './location';
import { Observable } from './observable';
import { Rate } from './rate';

export type UploadState = 'waiting' | 'running' | 'finishing' | 'succeeded' | 'failed' | 'cancelled' | 'skipped';

export interface ITarget {
  connection: string;
  bucket: string;
  prefix: string;
}

export interface IUploadItem {
  readonly id: number;
  readonly batch: number;
  readonly file: File;
  readonly connection: string;
  readonly bucket: string;
  readonly key: string;
  state: UploadState;
  /** Bytes that S3 has, as far as we know. */
  sent: number;
  jobId: string | null;
  error: ApiError | null;
}

export interface IUploadsOptions {
  /** Asked when the key exists; true replaces the object. */
  confirmReplace: (item: IUploadItem) => Promise<boolean>;
  /** Called with every job that the server tells us about. */
  onJob?: (job: Job) => void;
  sleep?: (milliseconds: number) => Promise<void>;
}

type Api = Pick<ApiClient, 'startUpload' | 'putPart' | 'completeUpload' | 'cancelJob'>;

const FILES_AT_ONCE = 2;
const PARTS_AT_ONCE = 3;
const TRIES = 6;
const FIRST_WAIT_MS = 500;

export class UploadsModel extends Observable {
  constructor(
    private readonly api: Api,
    private readonly options: IUploadsOptions
  ) {
    super();
  }

  items: IUploadItem[] = [];

  /** Emitted when an object is complete. */
  readonly uploaded = new Signal<this, IUploadItem>(this);

  /** What a person may want to see: under way first, then failed, then cancelled. */
  get open(): IUploadItem[] {
    const failed = this.items.filter(item => item.state === 'failed');
    const cancelled = this.items.filter(item => item.state === 'cancelled');
    return [...this.active, ...failed, ...cancelled];
  }

  /** Bytes a second over all files of the last seconds. */
  get rate(): number {
    return this._rate.value;
  }

  get active(): IUploadItem[] {
    return this.items.filter(isUnderWay);
  }

  batch(id: number): IUploadItem[] {
    return this.items.filter(item => item.batch === id);
  }

  /** Send `files` to the prefix; a file may carry a path below it. Resolves when all of them have ended. */
  async add(files: { file: File; path?: string }[], target: ITarget): Promise<void> {
    const batch = ++this._lastBatch;
    // What has ended well or by will is old news; a failure stays until somebody has dealt with it.
    this.items = this.items.filter(item => isUnderWay(item) || item.state === 'failed');
    const { connection, bucket, prefix } = target;
    for (const { file, path } of files) {
      const key = prefix + (path ?? file.name);
      const id = ++this._lastId;
      this.items.push({
        id,
        batch,
        file,
        connection,
        bucket,
        key,
        state: 'waiting',
        sent: 0,
        jobId: null,
        error: null
      });
    }
    const ends = this.batch(batch).map(item => new Promise<void>(resolve => this._ends.set(item.id, resolve)));
    this.emit();
    this.pump();
    await Promise.all(ends);
  }

  async cancel(id: number): Promise<void> {
    const item = this.items.find(candidate => candidate.id === id);
    if (!item || !isUnderWay(item)) {
      return;
    }
    const waiting = item.state === 'waiting';
    item.state = 'cancelled';
    this._aborts.get(id)?.abort();
    this.emit();
    await this.abandon(item);
    if (waiting) {
      this.end(item);
    }
  }

  async cancelAll(batch?: number): Promise<void> {
    const wanted = this.active.filter(item => batch === undefined || item.batch === batch);
    await Promise.all(wanted.map(item => this.cancel(item.id)));
  }

  /** A failed or cancelled file once more, from its beginning. */
  retry(id: number): void {
    const item = this.items.find(candidate => candidate.id === id);
    if (item && (item.state === 'failed' || item.state === 'cancelled')) {
      Object.assign(item, { state: 'waiting', sent: 0, jobId: null, error: null });
      this.emit();
      this.pump();
    }
  }

  /** Forget what has ended. */
  clear(id?: number): void {
    this.items = this.items.filter(item => isUnderWay(item) || (id !== undefined && item.id !== id));
    this.emit();
  }

  /** The server's own count of what arrived, which also sees the bytes of unfinished parts. */
  onJob(job: Job): void {
    const item = job.kind === 'upload' ? this.items.find(candidate => candidate.jobId === job.id) : undefined;
    if (!item || !isUnderWay(item)) {
      return;
    }
    if (job.state === 'cancelled' || job.state === 'interrupted') {
      item.state = 'cancelled';
      this._aborts.get(item.id)?.abort();
      this.emit();
    } else if (job.done > item.sent) {
      this.progress(item, Math.min(job.done, item.file.size));
    }
  }

  private pump(): void {
    while (this._running < FILES_AT_ONCE) {
      const next = this.items.find(item => item.state === 'waiting');
      if (!next) {
        return;
      }
      next.state = 'running';
      this._running += 1;
      void this.send(next).finally(() => {
        this._running -= 1;
        this._aborts.delete(next.id);
        this.end(next);
        this.pump();
      });
    }
  }

  private end(item: IUploadItem): void {
    this._parts.delete(item.id);
    this._ends.get(item.id)?.();
    this._ends.delete(item.id);
  }

  /** One file from start to end; never rejects: what went wrong is in the item. */
  private async send(item: IUploadItem): Promise<void> {
    const abort = new AbortController();
    this._aborts.set(item.id, abort);
    this.emit();
    try {
      const upload = await this.start(item);
      if (upload) {
        await this.sendParts(item, upload, abort);
        abort.signal.throwIfAborted();
        item.state = 'finishing';
        this.emit();
        const job = await this.api.completeUpload(upload.job_id);
        this.options.onJob?.(job);
        this.finish(item);
      }
    } catch (error) {
      if (item.state !== 'cancelled' && !isAbort(error)) {
        item.state = 'failed';
        item.error = asApiError(error);
        await this.abandon(item);
      }
    }
    this.emit();
  }

  /** Open the upload; null when a person declined to replace what is there, or has cancelled meanwhile. */
  private async start(item: IUploadItem, overwrite = false): Promise<Upload | null> {
    const { connection, bucket, key, file } = item;
    try {
      const request = {
        connection,
        bucket,
        key,
        size: file.size,
        content_type: file.type || null,
        overwrite,
        filename: file.name,
        last_modified: file.lastModified
      };
      const upload = await this.api.startUpload(request);
      item.jobId = upload.job_id;
      if (item.state === 'cancelled') {
        await this.abandon(item);
        return null;
      }
      return upload;
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 409 || overwrite || item.state === 'cancelled') {
        throw error;
      }
    }
    const replace = await this.ask(item);
    if (!replace || isCancelled(item)) {
      item.state = isCancelled(item) ? 'cancelled' : 'skipped';
      return null;
    }
    return this.start(item, true);
  }

  /** One question at a time, however many files meet an object of their name. */
  private async ask(item: IUploadItem): Promise<boolean> {
    const answer = this._question.then(() => !isCancelled(item) && this.options.confirmReplace(item));
    this._question = answer.catch(() => false);
    return answer;
  }

  private async sendParts(item: IUploadItem, upload: Upload, abort: AbortController): Promise<void> {
    let number = 0;
    const worker = async () => {
      while (number < upload.part_count && !abort.signal.aborted) {
        const part = (number += 1);
        const start = (part - 1) * upload.part_size;
        const body = item.file.slice(start, Math.min(start + upload.part_size, item.file.size));
        await this.sendPart(upload.job_id, part, body, abort.signal);
        this.partDone(item, body.size);
      }
    };
    try {
      await Promise.all(Array.from({ length: Math.min(PARTS_AT_ONCE, upload.part_count) }, worker));
    } catch (error) {
      // The other workers stop as well: their parts would be thrown away.
      abort.abort();
      throw error;
    }
  }

  private async sendPart(jobId: string, part: number, body: Blob, signal: AbortSignal): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.api.putPart(jobId, part, body, signal);
        return;
      } catch (error) {
        if (signal.aborted || attempt === TRIES || !(error instanceof ApiError) || !error.passing) {
          throw error;
        }
      }
      await this.sleep(FIRST_WAIT_MS * 2 ** (attempt - 1) * (0.75 + Math.random() / 2));
      signal.throwIfAborted();
    }
  }

  private partDone(item: IUploadItem, bytes: number): void {
    const whole = (this._parts.get(item.id) ?? 0) + bytes;
    this._parts.set(item.id, whole);
    this.progress(item, Math.max(item.sent, whole));
  }

  private progress(item: IUploadItem, sent: number): void {
    this._rate.add(sent - item.sent);
    item.sent = sent;
    this.emit();
  }

  private finish(item: IUploadItem): void {
    item.state = 'succeeded';
    item.sent = item.file.size;
    this.uploaded.emit(item);
  }

  /** Let the server abort the multipart upload, so that no parts stay behind. */
  private async abandon(item: IUploadItem): Promise<void> {
    if (item.jobId === null) {
      return;
    }
    try {
      const job = await this.api.cancelJob(item.jobId);
      this.options.onJob?.(job);
    } catch (error) {
      // The upload has ended for us either way; the list of jobs tells what the server makes of it.
      item.error ??= asApiError(error);
    }
  }

  private sleep(milliseconds: number): Promise<void> {
    return this.options.sleep?.(milliseconds) ?? new Promise(resolve => setTimeout(resolve, milliseconds));
  }

  private _lastId = 0;
  private _lastBatch = 0;
  private _running = 0;
  private _question: Promise<boolean> = Promise.resolve(false);
  private readonly _aborts = new Map<number, AbortController>();
  /** Who waits for the end of an item. */
  private readonly _ends = new Map<number, () => void>();
  private readonly _parts = new Map<number, number>();
  private readonly _rate = new Rate();
}

export function isUnderWay(item: IUploadItem): boolean {
  return item.state === 'waiting' || item.state === 'running' || item.state === 'finishing';
}

/** A function, because a comparison in place would be narrowed away across an await. */
function isCancelled(item: IUploadItem): boolean {
  return item.state === 'cancelled';
}

export function uploadUri(item: IUploadItem): string {
  return makeUri(item.bucket, item.key);
}

/* The queue of files on their way to S3: who is sent when, paused, gone on with, cancelled; and what waits for its file. */
import { Signal } from '@lumino/signaling';
import type { ApiClient } from '../api/client';
import type { CompanionRule, Job } from '../api/schema';
import type { AskConflict } from './conflicts';
import { Conflicts } from './conflicts';
import type { CourierApi } from './courier';
import { Courier } from './courier';
import type { IMissing } from './pairs';
import { missingCompanions } from './pairs';
import type { IPending } from './pending';
import { PendingUploads } from './pending';
import { Rate } from './rate';
import type { IGivenFile, ITarget, IUploadItem } from './upload';
import { hasEnded, isSameFile, isUnderWay } from './upload';
import { UploadItems } from './uploadItems';
import { Waker } from './waker';

export interface IUploadsOptions {
  /** Asked when the key exists. */
  askConflict: AskConflict;
  /** Called with every job that the server tells us about. */
  onJob?: (job: Job) => void;
  /** Whether an object of that key is known to be there. */
  exists?: (target: ITarget, key: string) => boolean;
  /** Which files belong together. */
  companions?: () => readonly CompanionRule[];
  pending?: IPending;
  sleep?: (milliseconds: number) => Promise<void>;
  /** Bytes up to which a file goes in one request; by default as many as the server takes. */
  mostWhole?: number;
}

const FILES_AT_ONCE = 2;
/** Files that go in one request each. */
const SMALL_AT_ONCE = 6;
const MOST_WHOLE = 8 << 20;
/** Views need not be drawn more often while bytes move. */
const DRAW_MS = 100;

export class UploadsModel extends UploadItems {
  constructor(
    api: CourierApi & Pick<ApiClient, 'pendingUploads'>,
    private readonly options: IUploadsOptions
  ) {
    super();
    this.waker = new Waker(options.sleep);
    this.pending = new PendingUploads(api, options.pending);
    this.courier = new Courier({
      api,
      waker: this.waker,
      pending: this.pending,
      mostWhole: options.mostWhole ?? MOST_WHOLE,
      conflicts: new Conflicts(options.askConflict, item => this.undecided(item)),
      onChange: () => this.emitSoon(),
      setJob: (item, jobId) => this.setJob(item, jobId),
      onJob: job => options.onJob?.(job),
      onSent: bytes => this._rate.add(bytes),
      onStored: item => this.uploaded.emit(item)
    });
  }

  /** Cuts waiting short: to be told when the network is there again. */
  readonly waker: Waker;
  /** Files that lack the one that belongs beside them. */
  missing: IMissing[] = [];
  /** Files found so far in a folder that is being looked through; null when none is. */
  gathering: number | null = null;

  /** Emitted when an object is complete. */
  readonly uploaded = new Signal<this, IUploadItem>(this);

  /** Bytes a second over all files of the last seconds. */
  get rate(): number {
    return this._rate.value;
  }

  /**
   * Send `files` to the prefix; a file may carry a path below it. One that an earlier page began to send goes on from
   * there. Resolves when all of them have ended or been paused.
   */
  async add(files: IGivenFile[], target: ITarget): Promise<void> {
    const batch = ++this._lastBatch;
    // What has ended well or by will is old news; a failure stays until somebody has dealt with it.
    this.keep(item => !hasEnded(item) || item.state === 'failed');
    const asleep = new Map(this.items.filter(item => item.state === 'fileless').map(item => [placeOf(item), item]));
    const { connection, bucket, prefix } = target;
    const keys: string[] = [];
    const ends: Promise<void>[] = [];
    for (const { file, path, handle } of files) {
      const key = prefix + (path ?? file.name);
      keys.push(key);
      const begun = asleep.get(placeOf({ connection, bucket, key }));
      const again = begun && isSameFile(begun, file) ? begun : null;
      const item = again ?? this.make({ connection, bucket, key, name: file.name, size: file.size });
      Object.assign(item, { batch, file, handle: handle ?? null, lastModified: file.lastModified });
      ends.push(new Promise<void>(resolve => this._ends.set(item.id, resolve)));
      this.enqueue(item);
    }
    const rules = this.options.companions?.() ?? [];
    this.missing = missingCompanions(keys, rules, key => this.options.exists?.(target, key) ?? false);
    this.emit();
    this.pump();
    await Promise.all(ends);
  }

  /** Ask the server what waits for its file: begun by a page or a server that is gone. */
  async refreshPending(): Promise<void> {
    const found = await this.pending.fetch(jobId => this.byJob(jobId) !== undefined);
    const still = new Set(found.known);
    this.keep(item => item.state !== 'fileless' || (item.jobId !== null && still.has(item.jobId)));
    for (const { upload, handle } of found.asleep) {
      const { connection, bucket, key, size } = upload;
      const item = this.make({ connection, bucket, key, size, name: upload.filename ?? key.split('/').pop() ?? key });
      Object.assign(item, { state: 'fileless', sent: upload.done, lastModified: upload.last_modified, handle });
      this.setJob(item, upload.job_id);
    }
    this.emit();
  }

  /** Stop for now; the parts that S3 has stay there. */
  async pause(id: number): Promise<void> {
    const item = this.get(id);
    if (!item || (item.state !== 'waiting' && item.state !== 'running')) {
      return;
    }
    const waiting = item.state === 'waiting';
    this.rest(item, 'paused');
    if (waiting) {
      this._waiting.delete(item);
      this.end(item);
    } else {
      await this._sending.get(id);
      await this.courier.rest(item);
    }
  }

  /** The page goes: the server need not wait to find that out. */
  leave(): void {
    this.items.filter(item => item.state === 'running').forEach(item => void this.courier.rest(item, true));
  }

  async pauseAll(): Promise<void> {
    await Promise.all(this.active.map(item => this.pause(item.id)));
  }

  /** Go on with a paused file, or a failed one; with a cancelled one from its beginning. */
  resume(id: number): void {
    const item = this.get(id);
    if (item?.file && (item.state === 'paused' || item.state === 'failed' || item.state === 'cancelled')) {
      if (item.state === 'cancelled') {
        this.setJob(item, null);
        item.sent = 0;
      }
      this.enqueue(item);
      this.emit();
      this.pump();
    }
  }

  resumeAll(): void {
    this.items.filter(item => item.state === 'paused').forEach(item => this.resume(item.id));
  }

  /** Go on with the file that an upload of an earlier page waits for. False when it is another file. */
  attach(id: number, file: File, handle: FileSystemFileHandle | null = null): boolean {
    const item = this.get(id);
    if (item?.state !== 'fileless' || !isSameFile(item, file)) {
      return false;
    }
    Object.assign(item, { file, handle, batch: ++this._lastBatch });
    this.enqueue(item);
    this.emit();
    this.pump();
    return true;
  }

  /** End it for good: nothing of it stays in S3. */
  async cancel(id: number): Promise<void> {
    const item = this.get(id);
    if (!item || hasEnded(item)) {
      return;
    }
    const { state } = item;
    this.rest(item, 'cancelled');
    this._waiting.delete(item);
    await this.courier.abandon(item);
    if (state === 'fileless') {
      this.keep(other => other !== item);
      this.emit();
    } else if (state === 'waiting') {
      this.end(item);
    }
  }

  async cancelAll(batch?: number): Promise<void> {
    const wanted = this.active.filter(item => batch === undefined || item.batch === batch);
    // Those that wait first, so that none of them begins when one that is sent stops.
    wanted.sort((a, b) => Number(b.state === 'waiting') - Number(a.state === 'waiting'));
    await Promise.all(wanted.map(item => this.cancel(item.id)));
  }

  /** Forget what has ended; the parts of a failed upload are thrown away. */
  clear(id?: number): void {
    const gone = this.items.filter(item => hasEnded(item) && (id === undefined || item.id === id));
    gone.filter(item => item.state === 'failed').forEach(item => void this.courier.abandon(item));
    this.keep(item => !gone.includes(item));
    this.dismissMissing();
  }

  dismissMissing(): void {
    this.missing = [];
    this.emit();
  }

  /** Say how many files have been found in a folder so far; null at its end. */
  gather(found: number | null): void {
    this.gathering = found;
    this.emitSoon();
  }

  /** The server's own count of what arrived, which also sees the bytes of unfinished parts. */
  onJob(job: Job): void {
    const item = job.kind === 'upload' ? this.byJob(job.id) : undefined;
    if (!item || hasEnded(item)) {
      return;
    }
    if (job.state === 'cancelled' || (item.state === 'fileless' && job.state === 'succeeded')) {
      this.rest(item, job.state);
      this._waiting.delete(item);
    } else if (item.state === 'running' && !item.checking && job.done > item.sent) {
      this.progress(item, Math.min(job.done, item.size) - item.sent);
    }
  }

  dispose(): void {
    clearTimeout(this._drawing);
    super.dispose();
  }

  private enqueue(item: IUploadItem): void {
    Object.assign(item, { state: 'waiting', error: null, stalled: false });
    this._waiting.add(item);
  }

  /** Stop what is in flight of it; the state tells why. */
  private rest(item: IUploadItem, state: 'paused' | 'cancelled' | 'succeeded'): void {
    Object.assign(item, { state, stalled: false, checking: false });
    this._aborts.get(item.id)?.abort();
    this.emit();
  }

  /** Small files overtake large ones: each kind has its own places. */
  private pump(): void {
    for (const item of this._waiting) {
      const small = this.courier.isSmall(item);
      if (this._running[small ? 'small' : 'large'] < (small ? SMALL_AT_ONCE : FILES_AT_ONCE)) {
        this.dispatch(item, small ? 'small' : 'large');
      } else if (this._running.small >= SMALL_AT_ONCE && this._running.large >= FILES_AT_ONCE) {
        return;
      }
    }
  }

  private dispatch(item: IUploadItem, kind: 'small' | 'large'): void {
    this._waiting.delete(item);
    item.state = 'running';
    this._running[kind] += 1;
    const abort = new AbortController();
    this._aborts.set(item.id, abort);
    this.emitSoon();
    const sending = this.courier.send(item, abort.signal).finally(() => {
      this._running[kind] -= 1;
      this._aborts.delete(item.id);
      this._sending.delete(item.id);
      this.end(item);
      this.pump();
    });
    this._sending.set(item.id, sending);
  }

  private end(item: IUploadItem): void {
    this._ends.get(item.id)?.();
    this._ends.delete(item.id);
  }

  /** Files of the same batch that may meet the same question. */
  private undecided(item: IUploadItem): number {
    return this.batch(item.batch).filter(other => other !== item && isUnderWay(other)).length;
  }

  private progress(item: IUploadItem, bytes: number): void {
    this._rate.add(bytes);
    item.sent += bytes;
    item.stalled = false;
    this.emitSoon();
  }

  /** For what comes many times a second. */
  private emitSoon(): void {
    this._drawing ??= setTimeout(() => {
      this._drawing = undefined;
      this.emit();
    }, DRAW_MS);
  }

  private _lastBatch = 0;
  private readonly _running = { small: 0, large: 0 };
  private _drawing: ReturnType<typeof setTimeout> | undefined;
  private readonly _waiting = new Set<IUploadItem>();
  private readonly _aborts = new Map<number, AbortController>();
  private readonly _sending = new Map<number, Promise<void>>();
  /** Who waits for the end of an item. */
  private readonly _ends = new Map<number, () => void>();
  private readonly _rate = new Rate();
  private readonly pending: PendingUploads;
  private readonly courier: Courier;
}

function placeOf({ connection, bucket, key }: Pick<IUploadItem, 'connection' | 'bucket' | 'key'>): string {
  return JSON.stringify([connection, bucket, key]);
}

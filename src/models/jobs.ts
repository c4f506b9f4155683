/* What runs and what ran: fed by the server's events, filled once by a request. */
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';
import type { ApiClient, ApiError } from '../api/client';
import { asApiError } from '../api/client';
import type { Job, JobLog } from '../api/schema';
import { Observable } from './observable';
import { Rate } from './rate';

/** The schema under which the server emits every change of a job. */
export const JOB_SCHEMA = 'https://cloud-data-cockpit.org/events/job/v1';

/** A running job that has been silent for so long is asked about: events are lost while a connection is down. */
const SILENCE_MS = 5000;

/** Old jobs that the panel keeps; as many as the server does. */
const MOST = 1000;

export function isActive(job: Job): boolean {
  return job.state === 'queued' || job.state === 'running';
}

type Api = Pick<ApiClient, 'jobs' | 'cancelJob' | 'retryJob' | 'resumeJob' | 'jobLog'>;

export class JobsModel extends Observable {
  constructor(
    private readonly api: Api,
    private readonly now: () => number = () => performance.now()
  ) {
    super();
  }

  error: ApiError | null = null;
  loaded = false;
  /** What ended no later than this moment (ISO 8601) has been cleared from the list. */
  clearedAt: string | null = null;

  /** Emitted once for each job that comes to its end while we watch. */
  readonly finished = new Signal<this, Job>(this);

  /** Emitted once for each job that begins while we watch: here, in a notebook, in another window. */
  readonly begun = new Signal<this, Job>(this);

  /** Emitted when ended jobs have been taken off the list. */
  readonly cleared = new Signal<this, void>(this);

  /** All jobs, newest first. */
  get list(): Job[] {
    if (this._sorted.revision !== this._changes) {
      const jobs = [...this._jobs.values()].sort((a, b) => b.created.localeCompare(a.created));
      this._sorted = { revision: this._changes, jobs };
    }
    return this._sorted.jobs;
  }

  get active(): Job[] {
    return this.list.filter(isActive);
  }

  /** What is listed: without that which has been cleared. */
  get shown(): Job[] {
    const { clearedAt } = this;
    const kept = (job: Job) => isActive(job) || clearedAt === null || Date.parse(job.updated) > Date.parse(clearedAt);
    return this.list.filter(kept);
  }

  get(id: string | null): Job | null {
    return (id !== null && this._jobs.get(id)) || null;
  }

  /** What the job gets done a second, in its unit, over the last seconds; 0 when nothing moves. */
  rateOf(id: string): number {
    return this.get(id)?.rate ?? this._rates.get(id)?.value ?? 0;
  }

  /** Seconds until the job is done if it goes on like this; null when nobody can say. */
  secondsLeft(job: Job): number | null {
    if (job.seconds_left !== null) {
      return job.seconds_left;
    }
    const rate = this.rateOf(job.id);
    return rate > 0 && job.total > job.done ? (job.total - job.done) / rate : null;
  }

  /** Listen to Jupyter's event stream. */
  attach(stream: ISignal<unknown, unknown>): void {
    stream.connect(this.onEvent, this);
  }

  async refresh(): Promise<void> {
    try {
      const jobs = await this.api.jobs();
      this.error = null;
      jobs.forEach(job => this.take(job, false));
      this.loaded = true;
    } catch (error) {
      this.error = asApiError(error);
    }
    this.watch();
    this.emit();
  }

  async cancel(id: string): Promise<void> {
    this.apply(await this.api.cancelJob(id));
  }

  /** The same once more, as a new job. */
  async retry(id: string): Promise<Job> {
    const job = await this.api.retryJob(id);
    this.apply(job);
    return job;
  }

  /** Let an interrupted job go on. */
  async resume(id: string): Promise<void> {
    this.apply(await this.api.resumeJob(id));
  }

  /** What happened to a job, line by line. */
  log(id: string): Promise<JobLog> {
    return this.api.jobLog(id);
  }

  /** Take what has ended off the list. */
  clear(): void {
    const ended = this.list.filter(job => !isActive(job)).map(job => job.updated);
    const last = ended.sort((a, b) => Date.parse(a) - Date.parse(b)).pop();
    this.clearedAt = last ?? this.clearedAt;
    this.cleared.emit();
    this.emit();
  }

  /** A job's record as the server gave it, unless a newer one is known. */
  apply(job: Job): void {
    if (this.take(job, true)) {
      this.watch();
      this.emit();
    }
  }

  dispose(): void {
    clearTimeout(this._silence);
    super.dispose();
  }

  /** `live`: told as it happens. A short job may end before the reply that would have named it. */
  private take(job: Job, live: boolean): boolean {
    const known = this._jobs.get(job.id);
    if (known && isStale(job, known)) {
      return false;
    }
    this._jobs.set(job.id, job);
    this._changes += 1;
    this.measure(job, known);
    if (live && !known) {
      this.begun.emit(job);
    }
    if (!isActive(job) && (known ? isActive(known) : live)) {
      this.finished.emit(job);
      this.prune();
    }
    return true;
  }

  private measure(job: Job, known: Job | undefined): void {
    if (!isActive(job)) {
      this._rates.delete(job.id);
    } else if (known && job.done > known.done) {
      const rate = this._rates.get(job.id) ?? new Rate(this.now);
      rate.add(job.done - known.done);
      this._rates.set(job.id, rate);
    }
  }

  private prune(): void {
    if (this._jobs.size > MOST * 1.2) {
      const old = this.list.filter(job => !isActive(job)).slice(MOST);
      old.forEach(job => this._jobs.delete(job.id));
      this._changes += 1;
    }
  }

  private onEvent(_: unknown, event: unknown): void {
    if (isJobEvent(event)) {
      this.apply(event);
    }
  }

  private watch(): void {
    clearTimeout(this._silence);
    if (this.active.length && !this.isDisposed) {
      this._silence = setTimeout(() => void this.refresh(), SILENCE_MS);
    }
  }

  private readonly _jobs = new Map<string, Job>();
  private readonly _rates = new Map<string, Rate>();
  private _changes = 0;
  private _sorted: { revision: number; jobs: Job[] } = { revision: -1, jobs: [] };
  private _silence: ReturnType<typeof setTimeout> | undefined;
}

/** Older than what is known, or a late word of a job that has ended; but one that was interrupted may go on. */
function isStale(job: Job, known: Job): boolean {
  const later = Date.parse(job.updated) - Date.parse(known.updated);
  if (later < 0) {
    return true;
  }
  return !isActive(known) && isActive(job) && !(known.state === 'interrupted' && later > 0);
}

function isJobEvent(event: unknown): event is Job {
  const data = event as Partial<Job> & { schema_id?: unknown };
  return (
    typeof event === 'object' &&
    event !== null &&
    data.schema_id === JOB_SCHEMA &&
    typeof data.id === 'string' &&
    typeof data.state === 'string'
  );
}

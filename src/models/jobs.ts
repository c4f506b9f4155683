/* What runs and what ran: fed by the server's events, filled once by a request. */
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';
import type { ApiClient, ApiError } from '../api/client';
import { asApiError } from '../api/client';
import type { Job } from '../api/schema';
import { Observable } from './observable';

/** The schema under which the server emits every change of a job. */
export const JOB_SCHEMA = 'https://cloud-data-cockpit.org/events/job/v1';

/** A running job that has been silent for so long is asked about: events are lost while a connection is down. */
const SILENCE_MS = 5000;

export function isActive(job: Job): boolean {
  return job.state === 'queued' || job.state === 'running';
}

export class JobsModel extends Observable {
  constructor(private readonly api: Pick<ApiClient, 'jobs' | 'cancelJob'>) {
    super();
  }

  error: ApiError | null = null;
  loaded = false;

  /** Emitted once for each job that comes to its end while we watch. */
  readonly finished = new Signal<this, Job>(this);

  /** All jobs, newest first. */
  get list(): Job[] {
    return [...this._jobs.values()].sort((a, b) => b.created.localeCompare(a.created));
  }

  get active(): Job[] {
    return this.list.filter(isActive);
  }

  get(id: string | null): Job | null {
    return (id !== null && this._jobs.get(id)) || null;
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
    if (known && (Date.parse(known.updated) > Date.parse(job.updated) || (!isActive(known) && isActive(job)))) {
      return false;
    }
    this._jobs.set(job.id, job);
    if (!isActive(job) && (known ? isActive(known) : live)) {
      this.finished.emit(job);
    }
    return true;
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
  private _silence: ReturnType<typeof setTimeout> | undefined;
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

/* The jobs as a table: which are listed, which one has the focus, what its log says. */
import type { ApiError } from '../api/client';
import { asApiError } from '../api/client';
import type { Job, JobLog } from '../api/schema';
import type { JobsModel } from './jobs';
import { isActive } from './jobs';
import { Observable } from './observable';

/** A log is asked for again no more often than this, however much a job tells. */
const PAUSE_MS = 500;

export type JobFilter = 'all' | 'active' | 'ended' | 'failed';

export class JobTable extends Observable {
  constructor(private readonly jobs: JobsModel) {
    super();
    jobs.changed.connect(this.onJobs, this);
  }

  filter: JobFilter = 'all';
  text = '';
  activeId: string | null = null;
  /** Whether the log of the job with the focus is unfolded. */
  showsLog = false;
  log: JobLog | null = null;
  logError: ApiError | null = null;

  get rows(): Job[] {
    const { list } = this.jobs;
    if (list !== this._from || this._filtered !== `${this.filter} ${this.text}`) {
      this._from = list;
      this._filtered = `${this.filter} ${this.text}`;
      this._rows = list.filter(job => this.isWanted(job));
    }
    return this._rows;
  }

  get activeIndex(): number {
    return this.activeId === null ? -1 : this.rows.findIndex(({ id }) => id === this.activeId);
  }

  /** The job with the focus, as long as it is listed. */
  get active(): Job | null {
    return this.rows[this.activeIndex] ?? null;
  }

  count(filter: JobFilter): number {
    return this.jobs.list.filter(job => matches(job, filter)).length;
  }

  choose(filter: JobFilter): void {
    this.filter = filter;
    this.emit();
  }

  search(text: string): void {
    this.text = text;
    this.emit();
  }

  focus(id: string | null): void {
    if (id !== this.activeId) {
      this.activeId = id;
      this.log = null;
      this.logError = null;
      void this.fetchLog();
    }
    this.emit();
  }

  unfoldLog(open: boolean): void {
    this.showsLog = open;
    this.emit();
    void this.fetchLog();
  }

  async fetchLog(): Promise<void> {
    const id = this.activeId;
    if (id === null || !this.showsLog) {
      return;
    }
    this._asked = this.jobs.get(id)?.updated ?? '';
    try {
      const log = await this.jobs.log(id);
      if (id === this.activeId) {
        this.log = log;
        this.logError = null;
      }
    } catch (error) {
      if (id === this.activeId) {
        this.logError = asApiError(error);
      }
    }
    this.emit();
  }

  dispose(): void {
    clearTimeout(this._soon);
    this.jobs.changed.disconnect(this.onJobs, this);
    super.dispose();
  }

  private isWanted(job: Job): boolean {
    const text = this.text.trim().toLowerCase();
    const about = () => `${job.title} ${job.uri} ${job.kind} ${job.user}`.toLowerCase();
    return matches(job, this.filter) && (!text || about().includes(text));
  }

  private onJobs(): void {
    const job = this.jobs.get(this.activeId);
    if (job && this.showsLog && job.updated !== this._asked) {
      this._soon ??= setTimeout(() => {
        this._soon = undefined;
        void this.fetchLog();
      }, PAUSE_MS);
    }
    this.emit();
  }

  private _from: Job[] | null = null;
  private _filtered = '';
  private _rows: Job[] = [];
  private _asked = '';
  private _soon: ReturnType<typeof setTimeout> | undefined;
}

function matches(job: Job, filter: JobFilter): boolean {
  switch (filter) {
    case 'active':
      return isActive(job);
    case 'ended':
      return !isActive(job);
    case 'failed':
      return job.state === 'failed' || job.state === 'interrupted';
    default:
      return true;
  }
}

/* Finding keys below a prefix: a job on the server whose hits stream into rows. */
import type { ApiClient, ApiError } from '../api/client';
import { asApiError } from '../api/client';
import type { Job, SearchRequest } from '../api/schema';
import { isActive } from './jobs';
import { Observable } from './observable';
import { Rows } from './rows';
import { EntryTable } from './table';

const PAGE = 1000;
/** A job stops when it has found so many. */
const LIMIT = 100_000;

type Api = Pick<ApiClient, 'startAction' | 'cancelJob' | 'hits'>;

export interface ISearchPlace {
  connection: string;
  bucket: string;
  prefix: string;
}

export class SearchModel extends Observable {
  /** `latest` keeps a job that the server told us of; what it gives back may be news of the same job. */
  constructor(
    private readonly api: Api,
    private readonly latest: (job: Job) => Job
  ) {
    super();
  }

  /** Whether its bar is shown in place of the filter. */
  open = false;
  place: ISearchPlace | null = null;
  readonly rows = new Rows(() => this.emit());
  pattern = '';
  syntax: SearchRequest['syntax'] = 'substring';
  caseSensitive = false;
  job: Job | null = null;
  error: ApiError | null = null;

  /** Whether hits stand in place of the listing. */
  get shown(): boolean {
    return this.open && this.place !== null;
  }

  get running(): boolean {
    return this._starting || (this.job !== null && isActive(this.job));
  }

  /** Whether the job ended because it had found as many as it may. */
  get full(): boolean {
    return this.rows.table.length >= LIMIT;
  }

  show(open: boolean): void {
    this.open = open;
    if (!open) {
      void this.clear();
    }
    this.emit();
  }

  change(change: Partial<Pick<SearchModel, 'pattern' | 'syntax' | 'caseSensitive'>>): void {
    Object.assign(this, change);
    this.emit();
  }

  async start(place: ISearchPlace): Promise<void> {
    if (!this.pattern) {
      return;
    }
    const cleared = this.clear();
    const turn = this._turn;
    await cleared;
    if (turn !== this._turn) {
      return;
    }
    this.place = place;
    this.rows.replace(new EntryTable(place.prefix));
    this._starting = true;
    this.emit();
    const { pattern, syntax, caseSensitive } = this;
    try {
      const request = {
        kind: 'search' as const,
        ...place,
        pattern,
        syntax,
        case_sensitive: caseSensitive,
        limit: LIMIT
      };
      const job = await this.api.startAction(request);
      if (turn !== this._turn) {
        await this.api.cancelJob(job.id);
        return;
      }
      // A short one may have ended before the reply that names it.
      this.job = this.latest(job);
    } catch (error) {
      if (turn === this._turn) {
        this.error = asApiError(error);
      }
    }
    this._starting = false;
    this.emit();
    await this.pull();
  }

  /** News of a job: where it is ours, there may be more hits. */
  async follow(job: Job): Promise<void> {
    if (job.id === this.job?.id) {
      this.job = job;
      this.emit();
      await this.pull();
    }
  }

  async cancel(): Promise<void> {
    const { job } = this;
    if (job && isActive(job)) {
      const ended = await this.api.cancelJob(job.id);
      await this.follow(this.latest(ended));
    }
  }

  /** Give up what runs and forget what was found. */
  private async clear(): Promise<void> {
    const { job } = this;
    this._turn += 1;
    this._starting = false;
    this.job = this.place = this.error = null;
    this.rows.filter = '';
    this.rows.replace(new EntryTable());
    if (job && isActive(job)) {
      await this.api.cancelJob(job.id).then(this.latest, () => undefined);
    }
  }

  /** All hits that there are so far; one request at a time. */
  private async pull(): Promise<void> {
    const { job } = this;
    const turn = this._turn;
    this._again = true;
    if (!job || this._pulling === turn) {
      return;
    }
    this._pulling = turn;
    try {
      while (this._again && turn === this._turn) {
        this._again = false;
        await this.pullPages(job.id, turn);
      }
    } catch (error) {
      if (turn === this._turn) {
        this.error = asApiError(error);
        this.emit();
      }
    }
    if (this._pulling === turn) {
      this._pulling = -1;
    }
  }

  private async pullPages(id: string, turn: number): Promise<void> {
    const { table } = this.rows;
    for (;;) {
      const page = await this.api.hits(id, table.length, PAGE);
      if (turn !== this._turn) {
        return;
      }
      page.hits.forEach(hit => table.appendObject(hit));
      if (page.hits.length) {
        this.rows.appended();
      }
      if (!page.hits.length || table.length >= page.total) {
        return;
      }
    }
  }

  private _turn = 0;
  private _starting = false;
  private _pulling = -1;
  private _again = false;
}

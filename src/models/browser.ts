/* Walking buckets and prefixes: pages of rows, and where one is. */
import type { ApiClient, ApiError } from '../api/client';
import { asApiError, isAbort } from '../api/client';
import { parentOf } from './location';
import { Observable } from './observable';
import { Rows } from './rows';
import type { IEntry } from './table';
import { EntryTable } from './table';

export interface ILocation {
  connection: string | null;
  /** null: the list of buckets. */
  bucket: string | null;
  prefix: string;
}

type Api = Pick<ApiClient, 'buckets' | 'objects'>;

/** More pages than these are not asked for again: a refresh begins anew with the first. */
const PAGES_AGAIN = 20;
/** So many selected rows are looked for after a refresh. */
const KEYS_AGAIN = 10_000;
const SOON_MS = 250;

export class BrowserModel extends Observable {
  /** `pageSize` is asked at every request, so that a changed setting counts at once. */
  constructor(
    private readonly api: Api,
    private readonly pageSize: () => number = () => 1000
  ) {
    super();
  }

  location: ILocation = { connection: null, bucket: null, prefix: '' };
  readonly rows = new Rows(() => this.emit());
  /** All keys below the prefix in one list, without folders. */
  flat = false;
  loading: 'first' | 'more' | 'again' | null = null;
  /** Whether pages follow one another by themselves until the last. */
  loadingAll = false;
  error: ApiError | null = null;
  /** Milliseconds since the epoch when the first page came. */
  loadedAt = 0;

  /** Whether S3 has more below this prefix than is loaded. */
  get hasMore(): boolean {
    return this._token !== null;
  }

  get pages(): number {
    return this._pages;
  }

  /** Whether a refresh brings back all that is loaded. */
  get canRefresh(): boolean {
    return this._pages <= PAGES_AGAIN;
  }

  get filter(): string {
    return this.rows.filter;
  }

  /** Key of the row with the focus; also of one that is still to come. */
  get selection(): string | null {
    return this.rows.active >= 0 ? this.rows.table.keys[this.rows.active] : this._wanted;
  }

  get selected(): IEntry | null {
    return this.rows.activeEntry;
  }

  /** Go to a place. What is still under way for the former one is given up. */
  async open(to: Partial<ILocation>, selection: string | null = null): Promise<void> {
    const connection = to.connection ?? this.location.connection;
    this.location = { connection, bucket: to.bucket ?? null, prefix: to.bucket ? (to.prefix ?? '') : '' };
    this.rows.filter = '';
    this.rows.replace(new EntryTable(this.location.prefix));
    this._wanted = selection;
    this._token = null;
    this._pages = 0;
    this.loadingAll = false;
    await this.load('first');
  }

  /** One level up, the row that one comes from selected. */
  async up(): Promise<void> {
    const { bucket, prefix } = this.location;
    if (bucket === null) {
      return;
    }
    await (prefix ? this.open({ bucket, prefix: parentOf(prefix) }, prefix) : this.open({ bucket: null }, bucket));
  }

  /** What is loaded, again; the rows stay until the new ones are there. */
  async refresh(): Promise<void> {
    await this.load(this._pages ? 'again' : 'first');
  }

  /** A refresh in a moment: many changes in a row ask S3 once. */
  refreshSoon(): void {
    clearTimeout(this._soon);
    this._soon = setTimeout(() => {
      if (this.canRefresh && !this.isDisposed) {
        void this.refresh();
      }
    }, SOON_MS);
  }

  async setFlat(flat: boolean): Promise<void> {
    if (flat !== this.flat) {
      this.flat = flat;
      await this.open(this.location);
    }
  }

  async loadMore(): Promise<void> {
    if (this.hasMore && this.loading === null) {
      await this.load('more');
    }
  }

  /** Page after page, until the last or `stopLoading`. */
  async loadAll(): Promise<void> {
    this.loadingAll = true;
    while (this.loadingAll && this.hasMore && !this.error && this.loading === null) {
      await this.load('more');
    }
    this.stopLoading();
  }

  stopLoading(): void {
    this.loadingAll = false;
    this.emit();
  }

  /** Select a row by its key, as soon as it is there. */
  select(key: string | null): void {
    this._wanted = key !== null && this.rows.table.find(key) < 0 ? key : null;
    this.rows.selectKey(key);
  }

  setFilter(filter: string): void {
    this.rows.setFilter(filter);
  }

  /** An object that has just been written: shown at once where it belongs in what is loaded. */
  written(bucket: string, key: string, size: number): void {
    const { prefix } = this.location;
    if (bucket !== this.location.bucket || !key.startsWith(prefix) || key === prefix) {
      return;
    }
    const slash = this.flat ? -1 : key.indexOf('/', prefix.length);
    const shown = slash >= 0 ? key.slice(0, slash + 1) : key;
    const { table } = this.rows;
    const known = table.find(shown);
    const kind = slash >= 0 ? 'prefix' : 'object';
    const at = known >= 0 ? known : this.placeFor(shown, kind === 'object' ? 1 : 0);
    this.rows.put(at, known >= 0, kind, shown, slash >= 0 ? NaN : size, slash >= 0 ? NaN : Date.now());
  }

  dispose(): void {
    clearTimeout(this._soon);
    this.rows.stop();
    super.dispose();
  }

  private placeFor(key: string, rank: number): number {
    const { table } = this.rows;
    for (let row = 0; row < table.length; row += 1) {
      if (table.rank(row) > rank || (table.rank(row) === rank && table.keys[row] > key)) {
        return row;
      }
    }
    return table.length;
  }

  private async load(what: 'first' | 'more' | 'again'): Promise<void> {
    this._abort?.abort();
    const abort = (this._abort = new AbortController());
    this.loading = what;
    this.error = null;
    this.emit();
    try {
      await (what === 'more' ? this.fetchMore(abort.signal) : this.fetchAnew(what, abort.signal));
    } catch (error) {
      if (abort.signal.aborted || isAbort(error)) {
        return;
      }
      this.error = asApiError(error);
    }
    if (!abort.signal.aborted && this.loading !== null) {
      this.loading = null;
      this.emit();
    }
  }

  private async fetchMore(signal: AbortSignal): Promise<void> {
    const { table } = this.rows;
    const token = await this.fetch(table, this._token, signal);
    if (!signal.aborted) {
      this._token = token;
      this._pages += 1;
      // Before the rows tell: one drawing shows both.
      this.loading = null;
      this.rows.appended();
      this.seekWanted();
    }
  }

  /** The first page, or as many as there were; they replace what is shown when all are there. */
  private async fetchAnew(what: 'first' | 'again', signal: AbortSignal): Promise<void> {
    const table = new EntryTable(this.location.prefix);
    const least = what === 'again' && this._pages <= PAGES_AGAIN ? this.rows.table.length : 0;
    let token: string | null = null;
    let pages = 0;
    do {
      token = await this.fetch(table, token, signal);
      pages += 1;
    } while (token !== null && table.length < least && !signal.aborted);
    if (signal.aborted) {
      return;
    }
    const { selection } = this;
    const selected = this.rows.selectedRows(KEYS_AGAIN).map(row => this.rows.table.keys[row]);
    this.rows.replace(table);
    this._token = token;
    this._pages = pages;
    this.loadedAt = Date.now();
    this._wanted = selection;
    this.seekWanted();
    if (selected.length > 1) {
      this.rows.selectKeys(new Set(selected));
    }
  }

  /** A page into `table`; the token of the next one. */
  private async fetch(table: EntryTable, token: string | null, signal: AbortSignal): Promise<string | null> {
    const { connection, bucket, prefix } = this.location;
    if (connection === null) {
      return null;
    }
    if (bucket === null) {
      const buckets = await this.api.buckets(connection, signal);
      buckets.forEach(({ name, created }) => table.appendBucket(name, created));
      return null;
    }
    const query = { connection, bucket, prefix, next_token: token, page_size: this.pageSize() };
    const listing = await this.api.objects(this.flat ? { ...query, delimiter: '' } : query, signal);
    if (!signal.aborted) {
      table.appendListing(listing);
    }
    return listing.next_token;
  }

  /** The row that is to be selected may come with a later page. */
  private seekWanted(): void {
    if (this._wanted !== null && this.rows.table.find(this._wanted) >= 0) {
      this.rows.selectKey(this._wanted);
      this._wanted = null;
    }
  }

  private _token: string | null = null;
  private _pages = 0;
  private _abort: AbortController | null = null;
  private _wanted: string | null = null;
  private _soon: ReturnType<typeof setTimeout> | undefined;
}

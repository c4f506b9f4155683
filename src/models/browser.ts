/* Walking buckets and prefixes: entries page by page, the selection, the filter. */
import type { ApiClient, ApiError } from '../api/client';
import { asApiError, isAbort } from '../api/client';
import type { Listing } from '../api/schema';
import { nameBelow, parentOf } from './location';
import { Observable } from './observable';

export interface IEntry {
  kind: 'bucket' | 'prefix' | 'object';
  /** The bucket's name, or the whole prefix or key. */
  key: string;
  name: string;
  size: number | null;
  modified: string | null;
}

export interface ILocation {
  connection: string | null;
  /** null: the list of buckets. */
  bucket: string | null;
  prefix: string;
}

type Api = Pick<ApiClient, 'buckets' | 'objects'>;

export class BrowserModel extends Observable {
  /** `pageSize` is asked at every request, so that a changed setting counts at once. */
  constructor(
    private readonly api: Api,
    private readonly pageSize: () => number = () => 1000
  ) {
    super();
  }

  location: ILocation = { connection: null, bucket: null, prefix: '' };
  entries: IEntry[] = [];
  /** Key of the selected row. */
  selection: string | null = null;
  filter = '';
  loading: 'first' | 'more' | 'again' | null = null;
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

  /** The entries whose name holds the filter, whatever the case. */
  get visible(): IEntry[] {
    if (!this.filter) {
      return this.entries;
    }
    if (this._filtered.revision !== this.revision) {
      const wanted = this.filter.toLowerCase();
      const entries = this.entries.filter(entry => entry.name.toLowerCase().includes(wanted));
      this._filtered = { revision: this.revision, entries };
    }
    return this._filtered.entries;
  }

  get selected(): IEntry | null {
    return this.entries.find(entry => entry.key === this.selection) ?? null;
  }

  /** Go to a place. What is still under way for the former one is given up. */
  async open(to: Partial<ILocation>, selection: string | null = null): Promise<void> {
    const connection = to.connection ?? this.location.connection;
    this.location = { connection, bucket: to.bucket ?? null, prefix: to.bucket ? (to.prefix ?? '') : '' };
    this.entries = [];
    this.selection = selection;
    this.filter = '';
    this._token = null;
    this._pages = 0;
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

  /** The first page again; the rows stay until it is there. */
  async refresh(): Promise<void> {
    await this.load(this.entries.length ? 'again' : 'first');
  }

  async loadMore(): Promise<void> {
    if (this.hasMore && this.loading === null) {
      await this.load('more');
    }
  }

  select(key: string | null): void {
    if (key !== this.selection) {
      this.selection = key;
      this.emit();
    }
  }

  setFilter(filter: string): void {
    this.filter = filter;
    this.emit();
  }

  /** An object that has just been written: shown at once where it belongs in what is loaded. */
  written(bucket: string, key: string, size: number): void {
    const { prefix } = this.location;
    if (bucket !== this.location.bucket || !key.startsWith(prefix)) {
      return;
    }
    const slash = key.indexOf('/', prefix.length);
    const entry: IEntry =
      slash >= 0
        ? prefixEntry(prefix, key.slice(0, slash + 1))
        : { kind: 'object', key, name: nameBelow(prefix, key), size, modified: new Date().toISOString() };
    const known = this.entries.findIndex(row => row.kind === entry.kind && row.key === entry.key);
    if (known >= 0) {
      this.entries[known] = entry;
    } else {
      const later = this.entries.findIndex(
        row => rank(row) > rank(entry) || (row.kind === entry.kind && row.key > entry.key)
      );
      this.entries.splice(later < 0 ? this.entries.length : later, 0, entry);
    }
    this.emit();
  }

  private async load(what: 'first' | 'more' | 'again'): Promise<void> {
    this._abort?.abort();
    const abort = (this._abort = new AbortController());
    this.loading = what;
    this.error = null;
    this.emit();
    try {
      const page = await this.fetch(what === 'more' ? this._token : null, abort.signal);
      if (abort.signal.aborted) {
        return;
      }
      this.take(page, what);
    } catch (error) {
      if (abort.signal.aborted || isAbort(error)) {
        return;
      }
      this.error = asApiError(error);
    }
    this.loading = null;
    this.emit();
  }

  private take(page: IPage, what: 'first' | 'more' | 'again'): void {
    if (what === 'more') {
      // No spread: a page may be as long as the server likes, an argument list may not.
      page.entries.forEach(entry => this.entries.push(entry));
      this._pages += 1;
    } else {
      this.entries = page.entries;
      this._pages = 1;
      this.loadedAt = Date.now();
    }
    this._token = page.token;
  }

  private async fetch(token: string | null, signal: AbortSignal): Promise<IPage> {
    const { connection, bucket, prefix } = this.location;
    if (connection === null) {
      return { entries: [], token: null };
    }
    if (bucket === null) {
      const buckets = await this.api.buckets(connection, signal);
      const entries = buckets.map(({ name, created }): IEntry => ({
        kind: 'bucket',
        key: name,
        name,
        size: null,
        modified: created
      }));
      return { entries, token: null };
    }
    const query = { connection, bucket, prefix, next_token: token, page_size: this.pageSize() };
    const listing = await this.api.objects(query, signal);
    return { entries: entriesOf(listing), token: listing.next_token };
  }

  private _token: string | null = null;
  private _pages = 0;
  private _abort: AbortController | null = null;
  private _filtered: { revision: number; entries: IEntry[] } = { revision: -1, entries: [] };
}

interface IPage {
  entries: IEntry[];
  token: string | null;
}

function entriesOf(listing: Listing): IEntry[] {
  const prefixes = listing.prefixes.map(key => prefixEntry(listing.prefix, key));
  const objects = listing.objects.map(({ key, size, last_modified }): IEntry => ({
    kind: 'object',
    key,
    name: nameBelow(listing.prefix, key),
    size,
    modified: last_modified
  }));
  return [...prefixes, ...objects];
}

function prefixEntry(prefix: string, key: string): IEntry {
  return { kind: 'prefix', key, name: nameBelow(prefix, key), size: null, modified: null };
}

function rank(entry: IEntry): number {
  return entry.kind === 'object' ? 1 : 0;
}

/* The manifests, and the slices of the one that is shown, page by page. */
import type { ApiClient, ApiError } from '../api/client';
import { asApiError } from '../api/client';
import type { ManifestSummary, SliceRow } from '../api/schema';
import { Observable } from './observable';

const PAGE = 500;

type Api = Pick<ApiClient, 'manifests' | 'deleteManifest' | 'slices'>;

/** The lines that load the slices of a manifest in a notebook. */
export function loadingCode(manifestId: string): string {
  return `from cloud_data_cockpit import load_slices\nslices = load_slices(${JSON.stringify(manifestId)})\nslices`;
}

export class SlicesModel extends Observable {
  constructor(private readonly api: Api) {
    super();
  }

  manifests: ManifestSummary[] = [];
  loaded = false;
  error: ApiError | null = null;
  rowsError: ApiError | null = null;
  current: string | null = null;

  get manifest(): ManifestSummary | null {
    return this.manifests.find(manifest => manifest.id === this.current) ?? null;
  }

  /** The manifests from the server, newest first; shows `wanted`, else keeps the current one, else the newest. */
  async refresh(wanted: string | null = null): Promise<void> {
    try {
      this.manifests = await this.api.manifests();
      this.loaded = true;
      this.error = null;
    } catch (error) {
      this.error = asApiError(error);
    }
    const known = [wanted, this.current].find(id => this.manifests.some(manifest => manifest.id === id));
    this.choose(known ?? this.manifests[0]?.id ?? null);
  }

  choose(id: string | null): void {
    if (id !== this.current) {
      this.current = id;
      this._rows.clear();
      this._asked.clear();
      this.rowsError = null;
    }
    this.emit();
  }

  /** Row of slice number `index`, or null until its page is there. */
  row(index: number): SliceRow | null {
    return this._rows.get(index) ?? null;
  }

  /** Ask for the pages that hold rows `first` up to, not with, `end`. */
  async ensure(first: number, end: number): Promise<void> {
    const pages: Promise<void>[] = [];
    for (let page = Math.floor(first / PAGE); page * PAGE < end; page += 1) {
      if (!this._asked.has(page)) {
        pages.push(this.fetch(page));
      }
    }
    await Promise.all(pages);
  }

  async retryRows(): Promise<void> {
    this._asked.clear();
    this.rowsError = null;
    this.emit();
    await this.ensure(0, 1);
  }

  async remove(id: string): Promise<void> {
    await this.api.deleteManifest(id);
    this.manifests = this.manifests.filter(manifest => manifest.id !== id);
    this.choose(this.current === id ? (this.manifests[0]?.id ?? null) : this.current);
  }

  private async fetch(page: number): Promise<void> {
    const id = this.current;
    if (id === null) {
      return;
    }
    this._asked.add(page);
    try {
      const { offset, rows } = await this.api.slices(id, page * PAGE, PAGE);
      if (id === this.current) {
        rows.forEach((row, index) => this._rows.set(offset + index, row));
      }
    } catch (error) {
      if (id === this.current) {
        this.rowsError = asApiError(error);
      }
    }
    this.emit();
  }

  private readonly _rows = new Map<number, SliceRow>();
  private readonly _asked = new Set<number>();
}

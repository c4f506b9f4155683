/* What of a table is shown, and in which order: filtered and sorted in steps, brought up to date as rows come. */
import type { Compare, ISort } from './order';
import { comparing, merged, placeOf, sorting } from './order';
import { Steps } from './steps';
import type { IEntry } from './table';
import { EntryTable } from './table';

const BY_S3: Compare = (a, b) => a - b;
const STEP = 1024;

/** Positions count what is shown, rows what is held. */
export class Arrangement {
  /** `changed` is called after every change of what is shown. */
  constructor(
    protected readonly changed: () => void,
    prefix = ''
  ) {
    this.table = new EntryTable(prefix);
  }

  table: EntryTable;
  filter = '';
  sort: ISort | null = null;

  /** How many rows are shown. */
  get count(): number {
    return this._shown ? this._shownCount : this._order ? this._orderCount : this.table.length;
  }

  /** Whether sorting or filtering is still under way. */
  get busy(): boolean {
    return this.steps.busy;
  }

  row(position: number): number {
    return this._shown ? this._shown[position] : this._order ? this._order[position] : position;
  }

  entry(position: number): IEntry {
    return this.table.entry(this.row(position));
  }

  /** Where a row is shown, -1 when it is not. */
  position(row: number): number {
    const rows = this._shown ?? this._order;
    if (row < 0 || row >= this.table.length) {
      return -1;
    }
    if (!rows) {
      return row;
    }
    const place = placeOf(row, rows, this.count, this._compare);
    return place < this.count && rows[place] === row ? place : -1;
  }

  /** Rows have been put at the end of the table. */
  appended(): void {
    if (!this.steps.busy) {
      this.takeNew();
    }
    this.changed();
  }

  setFilter(filter: string): void {
    const wanted = filter.toLowerCase();
    const narrower = !this.busy && this._shown !== null && wanted.includes(this.filter.toLowerCase());
    const base = narrower ? this._shown?.slice(0, this._shownCount) : undefined;
    this.filter = filter;
    if (this.sort && !this._order) {
      // Sorting is under way: the filter comes after it.
      this.changed();
    } else {
      this.refilter(base);
    }
  }

  setSort(sort: ISort | null): void {
    this.sort = sort;
    this.rearrange();
  }

  stop(): void {
    this.steps.stop();
  }

  /** Rows have been taken out of the table; what was row `r` is row `moved[r]` now, or gone. */
  protected takeOut(moved: Int32Array): void {
    if (this._order) {
      this._orderCount = keep(this._order, this._orderCount, moved);
    }
    if (this._shown) {
      this._shownCount = keep(this._shown, this._shownCount, moved);
    }
    this._orderedTo = this._filteredTo = this.table.length;
  }

  private get _compare(): Compare {
    return this._order ? this._comparing : BY_S3;
  }

  protected matches(row: number, filter = this.filter): boolean {
    return !filter || this.table.name(row).toLowerCase().includes(filter.toLowerCase());
  }

  /** Everything anew: the order, then what the filter leaves of it. */
  protected rearrange(): void {
    this.steps.stop();
    const { sort, table } = this;
    this._order = this._shown = null;
    if (!sort) {
      this.refilter();
      return;
    }
    const compare = (this._comparing = comparing(table, sort));
    // `Uint32Array.from` with a function takes a hundred times as long.
    const order = new Uint32Array(table.length);
    for (let row = 0; row < order.length; row += 1) {
      order[row] = row;
    }
    this.steps.run(sorting(order, compare), finished => {
      if (finished) {
        [this._order, this._orderCount, this._orderedTo] = [order, order.length, order.length];
        this.refilter();
      } else {
        this.changed();
      }
    });
  }

  /** What the filter leaves: of `base` where the former filter let through more, else of all. */
  private refilter(base?: Uint32Array): void {
    this.steps.stop();
    if (!this.filter) {
      this._shown = null;
      this.takeNew();
      this.changed();
      return;
    }
    const source = base ?? this._order?.slice(0, this._orderCount) ?? null;
    const count = source?.length ?? this.table.length;
    this._shown = new Uint32Array(Math.min(count, STEP));
    this._shownCount = 0;
    this._filteredTo = base ? this._filteredTo : this._order ? this._orderedTo : this.table.length;
    this.steps.run(this.filtering(source, count), finished => {
      if (finished) {
        this.takeNew();
      }
      this.changed();
    });
  }

  private *filtering(source: Uint32Array | null, count: number): Generator<void, void> {
    for (let at = 0; at < count; at += 1) {
      const row = source ? source[at] : at;
      if (this.matches(row)) {
        this.show(row);
      }
      if (at % STEP === STEP - 1) {
        yield;
      }
    }
  }

  private show(row: number): void {
    let shown = this._shown ?? new Uint32Array(STEP);
    if (this._shownCount === shown.length) {
      shown = new Uint32Array(Math.max(STEP, 2 * shown.length));
      shown.set(this._shown ?? []);
    }
    shown[this._shownCount++] = row;
    this._shown = shown;
  }

  /** The rows that came since order and filter were last brought up to date. */
  private takeNew(): void {
    const { length } = this.table;
    if (this._order && this._orderedTo < length) {
      const added = this.sorted(this._orderedTo, length, () => true);
      this._order = merged(this._order, this._orderCount, added, this._comparing);
      this._orderCount = length;
      this._orderedTo = length;
    }
    if (this._shown && this._filteredTo < length) {
      const added = this.sorted(this._filteredTo, length, row => this.matches(row));
      this._shown = merged(this._shown, this._shownCount, added, this._compare);
      this._shownCount += added.length;
    }
    this._filteredTo = length;
  }

  private sorted(from: number, to: number, wanted: (row: number) => boolean): Uint32Array {
    const rows: number[] = [];
    for (let row = from; row < to; row += 1) {
      if (wanted(row)) {
        rows.push(row);
      }
    }
    return Uint32Array.from(rows).sort(this._compare);
  }

  protected readonly steps = new Steps();
  /** All rows in the order asked for; null for S3's own. */
  private _order: Uint32Array | null = null;
  private _orderCount = 0;
  private _orderedTo = 0;
  private _comparing: Compare = BY_S3;
  /** What the filter leaves; null for all. */
  private _shown: Uint32Array | null = null;
  private _shownCount = 0;
  private _filteredTo = 0;
}

/** Those of the first `count` rows that stay, by their new numbers, at the front; how many they are. */
function keep(rows: Uint32Array, count: number, moved: Int32Array): number {
  let kept = 0;
  for (let at = 0; at < count; at += 1) {
    const row = moved[rows[at]];
    if (row >= 0) {
      rows[kept++] = row;
    }
  }
  return kept;
}

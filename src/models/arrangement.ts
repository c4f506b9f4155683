/* What of a table is shown, and in which order: filtered and sorted in steps, brought up to date as rows come. */
import type { Compare, ISort } from './order';
import { comparing, merged, placeOf, sorting } from './order';
import { Steps } from './steps';
import type { IEntry } from './table';
import { EntryTable } from './table';

const BY_S3: Compare = (a, b) => a - b;
const STEP = 1024;
/** So many new rows are put where they belong at once. */
const CHUNK = 512;

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
  sort: ISort | null = null;

  get filter(): string {
    return this._filter;
  }

  set filter(filter: string) {
    this._filter = filter;
    this._wanted = filter.toLowerCase();
  }

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
    if (this.busy) {
      this.changed();
    } else {
      this.catchUp();
    }
  }

  setFilter(filter: string): void {
    const narrower = !this.busy && this._shown !== null && filter.toLowerCase().includes(this._wanted);
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
    this._taken = this.table.length;
  }

  /** A row has come in at `row`: those that had this number or a higher one have one more. */
  protected takeIn(row: number): void {
    for (const rows of [this._order, this._shown]) {
      if (rows) {
        makeRoom(rows, rows === this._order ? this._orderCount : this._shownCount, row);
      }
    }
    this._taken += 1;
    this.place(row);
  }

  /** What a row says has changed: it may belong elsewhere. */
  protected takeAnew(row: number): void {
    if (this._order) {
      this._orderCount = without(this._order, this._orderCount, row);
    }
    if (this._shown) {
      this._shownCount = without(this._shown, this._shownCount, row);
    }
    this.place(row);
  }

  private get _compare(): Compare {
    return this._order ? this._comparing : BY_S3;
  }

  /** Whether a filter, in small letters, lets a row through. */
  protected matches(row: number, wanted = this._wanted): boolean {
    return wanted === '' || this.table.nameHolds(row, wanted);
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
    const order = new Uint32Array(table.length);
    numberRows(order, 0);
    this.steps.run(sorting(order, compare), finished => {
      if (finished) {
        [this._order, this._orderCount, this._taken] = [order, order.length, order.length];
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
      this.catchUp();
      return;
    }
    const source = base ?? this._order?.slice(0, this._orderCount) ?? null;
    const count = source?.length ?? this.table.length;
    this._shown = new Uint32Array(Math.min(count, STEP));
    this._shownCount = 0;
    if (!source) {
      this._taken = count;
    }
    this.steps.run(this.filtering(source, count), finished => {
      if (finished) {
        this.catchUp();
      } else {
        this.changed();
      }
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

  private catchUp(): void {
    this.steps.run(this.takingNew(), () => this.changed());
  }

  /** The rows that came since order and filter were last brought up to date. */
  private *takingNew(): Generator<void, void> {
    if (!this._order && !this._shown) {
      this._taken = this.table.length;
    }
    while (this._taken < this.table.length) {
      const end = Math.min(this._taken + CHUNK, this.table.length);
      const added = new Uint32Array(end - this._taken);
      numberRows(added, this._taken);
      this.merge(this._order ? added.sort(this._comparing) : added);
      this._taken = end;
      if (end < this.table.length) {
        yield;
      }
    }
  }

  private place(row: number): void {
    this.merge(Uint32Array.of(row));
    this.changed();
  }

  /** Rows that stand in the order asked for, into those that are there. */
  private merge(added: Uint32Array): void {
    if (this._order) {
      this._order = merged(this._order, this._orderCount, added, this._comparing);
      this._orderCount += added.length;
    }
    if (this._shown) {
      const wanted = added.filter(row => this.matches(row));
      this._shown = merged(this._shown, this._shownCount, wanted, this._compare);
      this._shownCount += wanted.length;
    }
  }

  protected readonly steps = new Steps();
  private _filter = '';
  /** The filter in small letters. */
  private _wanted = '';
  /** Rows up to this one are in the order and have been asked by the filter. */
  private _taken = 0;
  /** All rows in the order asked for; null for S3's own. */
  private _order: Uint32Array | null = null;
  private _orderCount = 0;
  private _comparing: Compare = BY_S3;
  /** What the filter leaves; null for all. */
  private _shown: Uint32Array | null = null;
  private _shownCount = 0;
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

/** Rows from `first` on; `Uint32Array.from` with a function takes a hundred times as long. */
function numberRows(rows: Uint32Array, first: number): void {
  for (let at = 0; at < rows.length; at += 1) {
    rows[at] = first + at;
  }
}

function makeRoom(rows: Uint32Array, count: number, row: number): void {
  for (let at = 0; at < count; at += 1) {
    if (rows[at] >= row) {
      rows[at] += 1;
    }
  }
}

/** Take one row out of the first `count`; how many they are now. */
function without(rows: Uint32Array, count: number, row: number): number {
  const at = rows.subarray(0, count).indexOf(row);
  if (at < 0) {
    return count;
  }
  rows.copyWithin(at, at + 1, count);
  return count - 1;
}

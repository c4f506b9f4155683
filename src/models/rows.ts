/* What is shown of a table: filtered, sorted, with a selection. Positions count what is shown, rows what is held. */
import type { Compare, ISort } from './order';
import { comparing, merged, placeOf, sorting } from './order';
import { Steps } from './steps';
import type { IEntry } from './table';
import { EntryTable } from './table';

const BY_S3: Compare = (a, b) => a - b;
const STEP = 1024;

export class Rows {
  /** `changed` is called after every change of what is shown. */
  constructor(
    private readonly changed: () => void,
    prefix = ''
  ) {
    this.table = new EntryTable(prefix);
  }

  table: EntryTable;
  filter = '';
  sort: ISort | null = null;
  /** The row with the focus, -1 for none; it need not be shown. */
  active = -1;
  selectedCount = 0;

  /** How many rows are shown. */
  get count(): number {
    return this._shown ? this._shownCount : this._order ? this._orderCount : this.table.length;
  }

  /** Whether sorting or filtering is still under way. */
  get busy(): boolean {
    return this._steps.busy;
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

  get activePosition(): number {
    return this.position(this.active);
  }

  /** The row with the focus where it is shown and selected. */
  get activeEntry(): IEntry | null {
    const shown = this.active >= 0 && this.table.marks[this.active] === 1 && this.activePosition >= 0;
    return shown ? this.table.entry(this.active) : null;
  }

  isSelected(position: number): boolean {
    return this.table.marks[this.row(position)] === 1;
  }

  // --- what is shown ---------------------------------------------------------------------

  /** Another table in place of this one; the filter and the order stay. */
  replace(table: EntryTable): void {
    this.table = table;
    this.active = this._anchor = -1;
    this.selectedCount = 0;
    this.rearrange();
  }

  /** Rows have been put at the end of the table. */
  appended(): void {
    if (!this._steps.busy) {
      this.takeNew();
    }
    this.changed();
  }

  setFilter(filter: string): void {
    const wanted = filter.toLowerCase();
    const narrower = !this.busy && this._shown !== null && wanted.includes(this.filter.toLowerCase());
    const base = narrower ? this._shown?.slice(0, this._shownCount) : undefined;
    this.filter = filter;
    // What is not seen is not acted upon.
    if (this.selectedCount > 1 || (this.active >= 0 && !this.matches(this.active))) {
      this.clear();
    }
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

  /** An object that was written: its row, new or said anew. */
  put(at: number, known: boolean, kind: 'object' | 'prefix', key: string, size: number, date: number): void {
    if (known && kind === 'prefix') {
      return;
    }
    if (known) {
      this.table.update(at, size, date);
    } else {
      this.table.insert(at, kind, key, size, date);
      this.active += Number(this.active >= at);
      this._anchor += Number(this._anchor >= at);
    }
    // The rows behind it have new numbers. This is seldom: what is sorted is sorted anew.
    this.rearrange();
  }

  remove(gone: (row: number) => boolean): void {
    const position = this.activePosition;
    const moved = this.table.remove(gone);
    const keep = (rows: Uint32Array, count: number) => {
      let kept = 0;
      for (let at = 0; at < count; at += 1) {
        const row = moved[rows[at]];
        if (row >= 0) {
          rows[kept++] = row;
        }
      }
      return kept;
    };
    this.active = this.active >= 0 ? moved[this.active] : -1;
    this._anchor = this.active;
    this.selectedCount = this.table.marks.subarray(0, this.table.length).reduce((sum, mark) => sum + mark, 0);
    if (this._steps.busy) {
      this.rearrange();
      return;
    }
    if (this._order) {
      this._orderCount = keep(this._order, this._orderCount);
    }
    if (this._shown) {
      this._shownCount = keep(this._shown, this._shownCount);
    }
    this._orderedTo = this._filteredTo = this.table.length;
    if (this.active < 0 && position >= 0 && this.count) {
      // The keyboard stays where it was.
      this.active = this._anchor = this.row(Math.min(position, this.count - 1));
    }
    this.changed();
  }

  stop(): void {
    this._steps.stop();
  }

  // --- the selection ---------------------------------------------------------------------

  /** Only this position; -1 selects nothing. */
  selectOnly(position: number): void {
    this.unmark();
    this.active = this._anchor = position < 0 ? -1 : this.row(position);
    this.mark(this.active);
    this.changed();
  }

  /** The row of a key, shown or not. */
  selectKey(key: string | null): void {
    const row = key === null ? -1 : this.table.find(key);
    this.unmark();
    this.active = this._anchor = row;
    this.mark(row);
    this.changed();
  }

  /** All rows of these keys; the focus stays. */
  selectKeys(keys: ReadonlySet<string>): void {
    this.unmark();
    for (let row = 0; row < this.table.length; row += 1) {
      if (keys.has(this.table.keys[row])) {
        this.mark(row);
      }
    }
    this.changed();
  }

  toggle(position: number): void {
    const row = this.row(position);
    if (this.table.marks[row]) {
      this.table.marks[row] = 0;
      this.selectedCount -= 1;
    } else {
      this.mark(row);
    }
    this.active = this._anchor = row;
    this.changed();
  }

  /** From where the last choice began to this position; `added` keeps what is selected besides. */
  extend(position: number, added = false): void {
    const from = Math.max(0, this.position(this._anchor));
    const anchor = this.row(from);
    if (!added) {
      this.unmark();
    }
    const end = Math.max(from, position);
    for (let at = Math.min(from, position); at <= end; at += 1) {
      this.mark(this.row(at));
    }
    this.active = this.row(position);
    this._anchor = anchor;
    this.changed();
  }

  /** The focus alone moves; what is selected stays. */
  focus(position: number): void {
    this.active = this.row(position);
    this.changed();
  }

  selectAll(): void {
    this.unmark();
    for (let at = 0; at < this.count; at += 1) {
      this.table.marks[this.row(at)] = 1;
    }
    this.selectedCount = this.count;
    if (this.active < 0 && this.count) {
      this.active = this._anchor = this.row(0);
    }
    this.changed();
  }

  /** The selected rows in the order of the table, `most` of them at most. */
  selectedRows(most = Infinity): number[] {
    const found: number[] = [];
    const { marks, length } = this.table;
    for (let row = 0; row < length && found.length < Math.min(most, this.selectedCount); row += 1) {
      if (marks[row]) {
        found.push(row);
      }
    }
    return found;
  }

  private clear(): void {
    this.unmark();
    this.active = this._anchor = -1;
  }

  private unmark(): void {
    if (this.selectedCount === 1 && this.active >= 0 && this.table.marks[this.active]) {
      this.table.marks[this.active] = 0;
    } else if (this.selectedCount) {
      this.table.marks.fill(0);
    }
    this.selectedCount = 0;
  }

  private mark(row: number): void {
    if (row >= 0 && !this.table.marks[row]) {
      this.table.marks[row] = 1;
      this.selectedCount += 1;
    }
  }

  // --- order and filter ------------------------------------------------------------------

  private get _compare(): Compare {
    return this._order ? this._comparing : BY_S3;
  }

  private matches(row: number): boolean {
    return !this.filter || this.table.name(row).toLowerCase().includes(this.filter.toLowerCase());
  }

  /** Everything anew: the order, then what the filter leaves of it. */
  private rearrange(): void {
    this._steps.stop();
    const { sort, table } = this;
    this._order = this._shown = null;
    if (!sort) {
      this.refilter();
      return;
    }
    const compare = (this._comparing = comparing(table, sort));
    const order = Uint32Array.from({ length: table.length }, (_, row) => row);
    this._steps.run(sorting(order, compare), finished => {
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
    this._steps.stop();
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
    this._steps.run(this.filtering(source, count), finished => {
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

  private readonly _steps = new Steps();
  /** All rows in the order asked for; null for S3's own. */
  private _order: Uint32Array | null = null;
  private _orderCount = 0;
  private _orderedTo = 0;
  private _comparing: Compare = BY_S3;
  /** What the filter leaves; null for all. */
  private _shown: Uint32Array | null = null;
  private _shownCount = 0;
  private _filteredTo = 0;
  private _anchor = -1;
}

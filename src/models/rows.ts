/* What is shown of a table, with a selection and a focus. */
import { Arrangement } from './arrangement';
import type { EntryTable, IEntry } from './table';

export class Rows extends Arrangement {
  /** The row with the focus, -1 for none; it need not be shown. */
  active = -1;
  selectedCount = 0;

  get activePosition(): number {
    return this.position(this.active);
  }

  /** The row with the focus where it is shown and selected. */
  get activeEntry(): IEntry | null {
    const shown = this.active >= 0 && this.table.marks[this.active] === 1 && this.activePosition >= 0;
    return shown ? this.table.entry(this.active) : null;
  }

  /** Bytes of what is selected; asked at each drawing, so it is counted once. */
  get selectedBytes(): number {
    const { marks, sizes, length } = this.table;
    if (this._bytes < 0) {
      this._bytes = 0;
      for (let row = 0; row < length; row += 1) {
        this._bytes += marks[row] && sizes[row] > 0 ? sizes[row] : 0;
      }
    }
    return this._bytes;
  }

  isSelected(position: number): boolean {
    return this.table.marks[this.row(position)] === 1;
  }

  /** Another table in place of this one; the filter and the order stay. */
  replace(table: EntryTable): void {
    this.table = table;
    this.active = this._anchor = -1;
    this.selectedCount = 0;
    this._bytes = -1;
    this.rearrange();
  }

  setFilter(filter: string): void {
    const hides = this.active >= 0 && !this.matches(this.active, filter.toLowerCase());
    // What is not seen is not acted upon.
    if (this.selectedCount > 1 || hides) {
      this.clear();
    }
    super.setFilter(filter);
  }

  /** An object that was written: its row, new or said anew. */
  put(at: number, known: boolean, kind: 'object' | 'prefix', key: string, size: number, date: number): void {
    if (known && kind === 'prefix') {
      return;
    }
    if (known) {
      this.table.update(at, size, date);
      this._bytes = -1;
    } else {
      this.table.insert(at, kind, key, size, date);
      this.active += Number(this.active >= at);
      this._anchor += Number(this._anchor >= at);
    }
    if (this.busy) {
      this.rearrange();
    } else if (known) {
      this.takeAnew(at);
    } else {
      this.takeIn(at);
    }
  }

  remove(gone: (row: number) => boolean): void {
    const position = this.activePosition;
    const moved = this.table.remove(gone);
    this.active = this.active >= 0 ? moved[this.active] : -1;
    this._anchor = this.active;
    this._bytes = -1;
    this.selectedCount = this.table.marks.subarray(0, this.table.length).reduce((sum, mark) => sum + mark, 0);
    if (this.busy) {
      this.rearrange();
      return;
    }
    this.takeOut(moved);
    if (this.active < 0 && position >= 0 && this.count) {
      // The keyboard stays where it was.
      this.active = this._anchor = this.row(Math.min(position, this.count - 1));
    }
    this.changed();
  }

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
      this._bytes = -1;
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
    this._bytes = -1;
  }

  private mark(row: number): void {
    if (row >= 0 && !this.table.marks[row]) {
      this.table.marks[row] = 1;
      this.selectedCount += 1;
      this._bytes = -1;
    }
  }

  private _anchor = -1;
  /** Negative until they are counted. */
  private _bytes = -1;
}

/* Which columns the listing has, how wide they are, and which of them fit. */
import type { ReadonlyPartialJSONObject, ReadonlyPartialJSONValue } from '@lumino/coreutils';
import { Observable } from './observable';
import type { ISort, SortColumn } from './order';

export type ColumnId = Exclude<SortColumn, 'name'>;

export const COLUMNS: readonly ColumnId[] = ['size', 'date', 'class', 'etag'];

const WIDTHS: Record<ColumnId, number> = { size: 68, date: 92, class: 100, etag: 120 };
const LEAST_WIDTH = 40;
const MOST_WIDTH = 600;
/** The name keeps so much, whatever else is asked for: in pixels, and as a share of the list. */
const NAME_WIDTH = 110;
const NAME_SHARE = 0.35;
/** Gaps and padding of a row: see `.cdc-Row` in listing.css. */
const EDGES = 16;
const GAP = 8;

export class ColumnsModel extends Observable {
  chosen: readonly ColumnId[] = ['size', 'date'];
  sort: ISort | null = null;

  width(column: ColumnId): number {
    return this._widths.get(column) ?? WIDTHS[column];
  }

  setWidth(column: ColumnId, width: number): void {
    this._widths.set(column, Math.round(Math.max(LEAST_WIDTH, Math.min(MOST_WIDTH, width))));
    this.emit();
  }

  toggle(column: ColumnId): void {
    const { chosen } = this;
    this.chosen = COLUMNS.filter(id => (id === column) !== chosen.includes(id));
    this.emit();
  }

  /** Ascending, then descending, then as S3 gives them. */
  cycle(column: SortColumn): ISort | null {
    const { sort } = this;
    const same = sort?.column === column;
    return this.setSort(!same ? { column, descending: false } : sort.descending ? null : { column, descending: true });
  }

  setSort(sort: ISort | null): ISort | null {
    this.sort = sort;
    this.emit();
    return sort;
  }

  /** The chosen columns that have room beside the name, in a list so many pixels wide. */
  fitting(width: number, most: readonly ColumnId[] = COLUMNS): ColumnId[] {
    let room = width - EDGES - Math.max(NAME_WIDTH, NAME_SHARE * width);
    const fit: ColumnId[] = [];
    for (const column of this.chosen.filter(id => most.includes(id))) {
      room -= this.width(column) + GAP;
      if (room < 0) {
        break;
      }
      fit.push(column);
    }
    return fit;
  }

  toJSON(): ReadonlyPartialJSONObject {
    const sort = this.sort && { ...this.sort };
    return { chosen: [...this.chosen], widths: Object.fromEntries(this._widths), sort };
  }

  /** What was remembered; what makes no sense is passed over. */
  restore(value: ReadonlyPartialJSONValue | undefined): void {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return;
    }
    const { chosen, widths, sort } = value as { chosen?: unknown; widths?: unknown; sort?: Partial<ISort> | null };
    if (Array.isArray(chosen)) {
      this.chosen = COLUMNS.filter(column => chosen.includes(column));
    }
    for (const [column, width] of Object.entries(widths ?? {})) {
      if (isColumn(column) && typeof width === 'number' && width >= LEAST_WIDTH && width <= MOST_WIDTH) {
        this._widths.set(column, width);
      }
    }
    const column = sort?.column;
    this.sort = column === 'name' || isColumn(column) ? { column, descending: sort?.descending === true } : null;
    this.emit();
  }

  private readonly _widths = new Map<ColumnId, number>();
}

function isColumn(value: unknown): value is ColumnId {
  return COLUMNS.includes(value as ColumnId);
}

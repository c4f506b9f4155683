/* The rows of a listing as columns: a million keys in a few typed arrays and one array of strings. */
import type { Listing, ObjectEntry } from '../api/schema';
import { EtagColumn } from './etags';
import { beginsWith, holds } from './letters';
import { nameBelow } from './location';

export type EntryKind = 'bucket' | 'prefix' | 'object';

/** One row, made when it is asked for. */
export interface IEntry {
  kind: EntryKind;
  /** The bucket's name, or the whole prefix or key. */
  key: string;
  name: string;
  size: number | null;
  /** ISO 8601. */
  modified: string | null;
  etag: string;
  storageClass: string | null;
}

const KINDS: readonly EntryKind[] = ['bucket', 'prefix', 'object'];
const LEAST = 64;

/** Objects that lie right below a prefix which is one data set: a casacore table, a Zarr group or array. */
const MARKERS = ['table.dat', '.zgroup', '.zarray', 'zarr.json'];

export class EntryTable {
  /** Names of rows are what follows `prefix` in their keys. */
  constructor(readonly prefix: string = '') {}

  readonly keys: string[] = [];
  /** Not a number where there is no size or no date; dates in milliseconds since the epoch. */
  sizes = new Float64Array(LEAST);
  dates = new Float64Array(LEAST);
  /** 1 for a selected row: kept here so that it moves with its row. */
  marks = new Uint8Array(LEAST);
  /** Whether an object here tells that the prefix is one data set. */
  holdsMarker = false;

  get length(): number {
    return this.keys.length;
  }

  kind(row: number): EntryKind {
    return KINDS[this._kinds[row]];
  }

  /** 0 for what is entered, 1 for an object: the first stand before the second. */
  rank(row: number): number {
    return this._kinds[row] === 2 ? 1 : 0;
  }

  name(row: number): string {
    return nameBelow(this.prefix, this.keys[row]);
  }

  /** Whether the name holds `wanted`, which is given in small letters. */
  nameHolds(row: number, wanted: string): boolean {
    const key = this.keys[row];
    return holds(key, wanted, this.nameStart(key), key.endsWith('/') ? key.length - 1 : key.length);
  }

  /** Whether the name begins with `wanted`, which is given in small letters. */
  nameBegins(row: number, wanted: string): boolean {
    const key = this.keys[row];
    return beginsWith(key, wanted, this.nameStart(key));
  }

  private nameStart(key: string): number {
    return key.startsWith(this.prefix) ? this.prefix.length : 0;
  }

  storageClass(row: number): string | null {
    return this._classNames[this._classes[row]];
  }

  etag(row: number): string {
    return this._etags.get(row);
  }

  entry(row: number): IEntry {
    const size = this.sizes[row];
    const date = this.dates[row];
    return {
      kind: this.kind(row),
      key: this.keys[row],
      name: this.name(row),
      size: Number.isNaN(size) ? null : size,
      modified: Number.isNaN(date) ? null : new Date(date).toISOString(),
      etag: this.etag(row),
      storageClass: this.storageClass(row)
    };
  }

  /** The row of a key, -1 when there is none. */
  find(key: string): number {
    return this.keys.indexOf(key);
  }

  appendListing({ prefixes, objects }: Listing): void {
    prefixes.forEach(prefix => this.put(this.length, 'prefix', prefix));
    objects.forEach(object => this.appendObject(object));
  }

  appendObject({ key, size, last_modified, etag, storage_class }: ObjectEntry): void {
    this.put(this.length, 'object', key, size, Date.parse(last_modified), etag, storage_class);
  }

  appendBucket(name: string, created: string | null): void {
    this.put(this.length, 'bucket', name, NaN, created === null ? NaN : Date.parse(created));
  }

  /** A new row before row `at`; those behind it move on. */
  insert(at: number, kind: EntryKind, key: string, size = NaN, date = NaN): void {
    if (at < this.length) {
      this.grow();
      const count = this.length;
      for (const column of [this.sizes, this.dates, this.marks, this._kinds, this._classes]) {
        column.copyWithin(at + 1, at, count);
      }
      this._etags.insert(at, count);
      this.keys.splice(at, 0, key);
      this.set(at, kind, size, date, '', null);
    } else {
      this.put(at, kind, key, size, date);
    }
  }

  /** What a row says anew: an object that was written again. */
  update(row: number, size: number, date: number): void {
    this.sizes[row] = size;
    this.dates[row] = date;
    this._etags.set(row, '');
  }

  /** Take rows out; the new number of each row that stays, in the order of the old ones (-1 for those taken out). */
  remove(gone: (row: number) => boolean): Int32Array {
    const moved = new Int32Array(this.length);
    let kept = 0;
    for (let row = 0; row < moved.length; row += 1) {
      moved[row] = gone(row) ? -1 : kept++;
    }
    forRuns(moved, (from, end, to) => this.move(from, end, to));
    this.keys.length = kept;
    return moved;
  }

  /** Rows `from` up to `end` to an earlier place. */
  private move(from: number, end: number, to: number): void {
    for (const column of [this.sizes, this.dates, this.marks, this._kinds, this._classes]) {
      column.copyWithin(to, from, end);
    }
    for (let row = from; row < end; row += 1) {
      this.keys[to + row - from] = this.keys[row];
    }
    this._etags.move(from, end, to);
  }

  private put(
    at: number,
    kind: EntryKind,
    key: string,
    size = NaN,
    date = NaN,
    etag = '',
    storageClass: string | null = null
  ): void {
    this.grow();
    this.keys.push(key);
    this.set(at, kind, size, date, etag, storageClass);
  }

  private set(
    row: number,
    kind: EntryKind,
    size: number,
    date: number,
    etag: string,
    storageClass: string | null
  ): void {
    this._kinds[row] = KINDS.indexOf(kind);
    this.sizes[row] = size;
    this.dates[row] = date;
    this.marks[row] = 0;
    this._etags.set(row, etag);
    this._classes[row] = this.classNumber(storageClass);
    this.holdsMarker ||= kind === 'object' && MARKERS.includes(this.name(row));
  }

  private classNumber(name: string | null): number {
    const known = this._classNames.indexOf(name);
    // There are a dozen classes; a service that makes up hundreds has the last ones shown as none.
    return known >= 0 ? known : this._classNames.length < 256 ? this._classNames.push(name) - 1 : 0;
  }

  private grow(): void {
    const room = this.sizes.length;
    if (this.length < room) {
      return;
    }
    this.sizes = widened(this.sizes, new Float64Array(room * 2));
    this.dates = widened(this.dates, new Float64Array(room * 2));
    this.marks = widened(this.marks, new Uint8Array(room * 2));
    this._kinds = widened(this._kinds, new Uint8Array(room * 2));
    this._classes = widened(this._classes, new Uint8Array(room * 2));
  }

  private _kinds = new Uint8Array(LEAST);
  private _classes = new Uint8Array(LEAST);
  private readonly _classNames: (string | null)[] = [null];
  private readonly _etags = new EtagColumn();
}

function widened<T extends Float64Array | Uint8Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

/** Rows that stay and that move, as stretches that move as one. */
function forRuns(moved: Int32Array, move: (from: number, end: number, to: number) => void): void {
  for (let row = 0; row < moved.length;) {
    const from = row;
    const to = moved[row];
    row += 1;
    if (to >= 0) {
      while (row < moved.length && moved[row] >= 0) {
        row += 1;
      }
      if (to !== from) {
        move(from, row, to);
      }
    }
  }
}

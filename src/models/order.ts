/* Orders of rows: what comes first by a column, and sorting in small steps, so that the page never stands still. */
import { folded } from './letters';
import type { EntryTable } from './table';

export type SortColumn = 'name' | 'size' | 'date' | 'class' | 'etag';

export interface ISort {
  column: SortColumn;
  descending: boolean;
}

/** Negative when row `a` stands before row `b`; never 0 for two different rows. */
export type Compare = (a: number, b: number) => number;

/** Folders stand before objects in both directions; equal rows stay in S3's order. */
export function comparing(table: EntryTable, { column, descending }: ISort): Compare {
  const by = columnCompare(table, column);
  const sign = descending ? -1 : 1;
  return (a, b) => table.rank(a) - table.rank(b) || sign * by(a, b) || a - b;
}

function columnCompare(table: EntryTable, column: SortColumn): Compare {
  switch (column) {
    case 'size':
      return (a, b) => numbers(table.sizes[a], table.sizes[b]);
    case 'date':
      return (a, b) => numbers(table.dates[a], table.dates[b]);
    case 'class':
      return (a, b) => texts(table.storageClass(a) ?? '', table.storageClass(b) ?? '');
    case 'etag':
      return (a, b) => texts(table.etag(a), table.etag(b));
    default:
      return (a, b) => natural(table.keys[a], table.keys[b], table.prefix.length);
  }
}

/** What is no number stands first. */
function numbers(a: number, b: number): number {
  const none = Number(Number.isNaN(b)) - Number(Number.isNaN(a));
  return none || (a < b ? -1 : a > b ? 1 : 0);
}

function texts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** As people count: "run2" before "run10", whatever the case of Latin letters. Compares from position `start` on. */
export function natural(a: string, b: string, start = 0): number {
  let i = start;
  let j = start;
  while (i < a.length && j < b.length) {
    const x = folded(a.charCodeAt(i));
    const y = folded(b.charCodeAt(j));
    if (isDigit(x) && isDigit(y)) {
      const endA = digitsEnd(a, i);
      const endB = digitsEnd(b, j);
      const order = digits(a, i, endA, b, j, endB);
      if (order) {
        return order;
      }
      i = endA;
      j = endB;
    } else if (x !== y) {
      return x - y;
    } else {
      i += 1;
      j += 1;
    }
  }
  return a.length - i - (b.length - j) || texts(a, b);
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function digitsEnd(text: string, start: number): number {
  let end = start;
  while (end < text.length && isDigit(text.charCodeAt(end))) {
    end += 1;
  }
  return end;
}

/** Two runs of digits by their value, however long. */
function digits(a: string, i: number, endA: number, b: string, j: number, endB: number): number {
  while (i < endA && a.charCodeAt(i) === 0x30) {
    i += 1;
  }
  while (j < endB && b.charCodeAt(j) === 0x30) {
    j += 1;
  }
  if (endA - i !== endB - j) {
    return endA - i - (endB - j);
  }
  for (; i < endA; i += 1, j += 1) {
    const difference = a.charCodeAt(i) - b.charCodeAt(j);
    if (difference) {
      return difference;
    }
  }
  return 0;
}

const RUN = 32;
const STEP = 2048;

/** Sort `rows` by merging, in place; yields after each few thousand comparisons. */
export function* sorting(rows: Uint32Array, compare: Compare): Generator<void, void> {
  let work = 0;
  for (let start = 0; start < rows.length; start += RUN) {
    insertionSort(rows, start, Math.min(start + RUN, rows.length), compare);
    work += RUN * 4;
    if (work > STEP) {
      work = 0;
      yield;
    }
  }
  let from = rows;
  let to = new Uint32Array(rows.length);
  for (let width = RUN; width < rows.length; width *= 2) {
    for (let start = 0; start < rows.length; start += 2 * width) {
      const middle = Math.min(start + width, rows.length);
      const end = Math.min(start + 2 * width, rows.length);
      let left = start;
      let right = middle;
      for (let at = start; at < end; at += 1) {
        const takeLeft = left < middle && (right >= end || compare(from[left], from[right]) < 0);
        to[at] = takeLeft ? from[left++] : from[right++];
        work += 1;
        if (work > STEP) {
          work = 0;
          yield;
        }
      }
    }
    [from, to] = [to, from];
  }
  if (from !== rows) {
    rows.set(from);
  }
}

function insertionSort(rows: Uint32Array, start: number, end: number, compare: Compare): void {
  for (let at = start + 1; at < end; at += 1) {
    const row = rows[at];
    let before = at - 1;
    while (before >= start && compare(rows[before], row) > 0) {
      rows[before + 1] = rows[before];
      before -= 1;
    }
    rows[before + 1] = row;
  }
}

/** Where `row` stands, or would stand, among the first `count` of `rows`. */
export function placeOf(row: number, rows: Uint32Array, count: number, compare: Compare): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compare(rows[middle], row) < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

/** `rows` (the first `count` of them) with `added`, both in order: blocks are copied, only the places are looked for. */
export function merged(rows: Uint32Array, count: number, added: Uint32Array, compare: Compare): Uint32Array {
  const whole = count + added.length;
  const result = whole <= rows.length ? rows : new Uint32Array(Math.max(whole, 2 * count));
  if (result !== rows) {
    result.set(rows.subarray(0, count));
  }
  // From the end, so that one array will do.
  let end = count;
  for (let at = added.length - 1; at >= 0; at -= 1) {
    const place = placeOf(added[at], result, end, compare);
    result.copyWithin(place + at + 1, place, end);
    result[place + at] = added[at];
    end = place;
  }
  return result;
}

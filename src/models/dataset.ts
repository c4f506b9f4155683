/* Prefixes that are one data set: how they are told from folders of many. */
import type { IEntry } from './browser';

/** What the name of such a prefix ends with. */
const ENDINGS = ['.ms/', '.zarr/'];

/** Objects that lie right below such a prefix: a casacore table, a Zarr group or array. */
const MARKERS = new Set(['table.dat', '.zgroup', '.zarray', 'zarr.json']);

/** Whether all below `prefix` looks like one data set, by its name or by what its listing holds. */
export function looksLikeDataSet(prefix: string, entries: readonly IEntry[] = []): boolean {
  const lower = prefix.toLowerCase();
  return (
    prefix !== '' &&
    (ENDINGS.some(ending => lower.endsWith(ending)) ||
      entries.some(entry => entry.kind === 'object' && MARKERS.has(entry.name)))
  );
}

/** Whether a key stands for all objects below it. */
export function isPrefix(key: string): boolean {
  return key.endsWith('/');
}

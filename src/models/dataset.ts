/* Prefixes that are one data set: how they are told from folders of many. */

/** What the name of such a prefix ends with. */
const ENDINGS = ['.ms/', '.zarr/'];

/** Whether all below `prefix` looks like one data set, by its name or because its listing `holdsMarker`. */
export function looksLikeDataSet(prefix: string, holdsMarker = false): boolean {
  const lower = prefix.toLowerCase();
  return prefix !== '' && (ENDINGS.some(ending => lower.endsWith(ending)) || holdsMarker);
}

/** Whether a key stands for all objects below it. */
export function isPrefix(key: string): boolean {
  return key.endsWith('/');
}

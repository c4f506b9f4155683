/* Files that are of no use without another one beside them. */

/** By ending, in lower case: the endings of the files that must stand beside it, as they are usually written. */
export type Companions = Record<string, string[]>;

export const COMPANIONS: Companions = {
  '.imzml': ['.ibd'],
  '.ibd': ['.imzML'],
  '.shp': ['.shx', '.dbf']
};

export interface IMissing {
  key: string;
  companion: string;
}

/** Of `keys`, those whose companion is neither among them nor there already. */
export function missingCompanions(
  keys: string[],
  exists: (key: string) => boolean = () => false,
  companions: Companions = COMPANIONS
): IMissing[] {
  const given = new Set(keys.map(key => key.toLowerCase()));
  const missing: IMissing[] = [];
  for (const key of keys) {
    const dot = key.lastIndexOf('.');
    const wanted = dot < 0 ? undefined : companions[key.slice(dot).toLowerCase()];
    for (const ending of wanted ?? []) {
      const companion = key.slice(0, dot) + ending;
      if (!given.has(companion.toLowerCase()) && !exists(companion)) {
        missing.push({ key, companion });
      }
    }
  }
  return missing;
}

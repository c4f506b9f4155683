/* Files that are of no use without another one beside them, by the server's rules. */
import type { CompanionRule } from '../api/schema';

export interface IMissing {
  key: string;
  companion: string;
}

/** Of `keys`, those whose companion is neither among them nor there already. */
export function missingCompanions(
  keys: string[],
  rules: readonly CompanionRule[],
  exists: (key: string) => boolean = () => false
): IMissing[] {
  const given = new Set(keys.map(key => key.toLowerCase()));
  const isThere = (key: string) => given.has(key.toLowerCase()) || exists(key);
  return keys.flatMap(key => {
    const wanted = wantedBeside(key, rules);
    return wanted.length && !wanted.some(isThere) ? [{ key, companion: wanted[0] }] : [];
  });
}

/** The names of which one has to stand beside `key`; neither file of a pair is of use without the other. */
function wantedBeside(key: string, rules: readonly CompanionRule[]): string[] {
  const lower = key.toLowerCase();
  for (const { suffix, companions, required } of rules) {
    const stem = (end: string) => key.slice(0, key.length - end.length);
    if (required && lower.endsWith(suffix)) {
      return companions.map(end => stem(suffix) + end);
    }
    const own = required && companions.find(end => lower.endsWith(end));
    if (own) {
      return [stem(own) + suffix];
    }
  }
  return [];
}

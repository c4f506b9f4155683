/* Keys that are taken: what was in the way of a copy, and the names that are free beside it. */
import type { Job } from '../api/schema';
import { nameBelow, parentOf } from './location';

/** What was in the way of a copy, in the server's words; empty where it failed for another reason, or did not. */
export function inTheWay({ state, error, notes }: Job): string[] {
  if (state !== 'failed' || !error || !['conflict', 'incomplete'].includes(error.code)) {
    return [];
  }
  const taken = [...notes, error.message].map(text => /s3:\/\/.* exists already/.exec(text)?.[0]);
  return [...new Set(taken.filter(text => text !== undefined))];
}

/** "a/b.csv" -> "a/b copy.csv", then "a/b copy 2.csv": the first that is free; a folder keeps its closing slash. */
export function copyName(key: string, taken: ReadonlySet<string>): string {
  const parent = parentOf(key);
  const name = nameBelow(parent, key);
  const slash = key.endsWith('/') ? '/' : '';
  const dot = slash ? -1 : name.indexOf('.', 1);
  const [stem, ending] = dot < 0 ? [name, ''] : [name.slice(0, dot), name.slice(dot)];
  for (let number = 1; ; number += 1) {
    const made = `${parent}${stem} copy${number > 1 ? ` ${number}` : ''}${ending}${slash}`;
    if (!taken.has(made)) {
      return made;
    }
  }
}

/* Lines of Python for what is in S3. */
import type { FormatInfo, Selection } from '../api/schema';
import { isPrefix } from './dataset';
import { makeUri } from './location';

/** The lines that cut the selected objects into slices, or read those that no format knows by their names. */
export function readingCode({ connection, bucket, keys, prefixes }: Selection, formats: readonly FormatInfo[]): string {
  const all = [...prefixes, ...keys];
  const known = all.every(key => isPrefix(key) || hasFormat(key, formats));
  const name = known ? 'partition' : 'open_source';
  const module = known ? 'cloud_data_cockpit' : 'cloud_data_cockpit.slicing.open';
  const via = known ? `connection=${python(connection)}` : python(connection);
  const result = known ? 'slices' : 'source';
  const first = `from ${module} import ${name}\n`;
  if (all.length === 1) {
    return `${first}${result} = ${name}(${python(makeUri(bucket, all[0]))}, ${via})`;
  }
  const uris = all.map(key => `    ${python(makeUri(bucket, key))},\n`).join('');
  const plural = known ? 'slices' : 'sources';
  return `${first}uris = [\n${uris}]\n${plural} = [${name}(uri, ${via}) for uri in uris]`;
}

/** Before anybody has asked for the formats, every object may be of one. */
function hasFormat(key: string, formats: readonly FormatInfo[]): boolean {
  const lower = key.toLowerCase();
  return !formats.length || formats.some(({ extensions }) => extensions.some(ending => lower.endsWith(ending)));
}

/** A Python string: JSON's, but for what JSON leaves as it is and a line of code cannot hold. */
function python(text: string): string {
  return JSON.stringify(text).replace(/[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, character => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

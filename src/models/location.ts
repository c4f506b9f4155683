/* Places in S3: URIs, what people paste for one, and the names that a listing shows. */

export interface IPlace {
  bucket: string;
  /** What follows the bucket: a prefix, a key, or the start of either; nothing in it is decoded. */
  rest: string;
}

export function makeUri(bucket: string, key: string): string {
  return `s3://${bucket}/${key}`;
}

/** The prefix that holds `key`: up to and with the last "/" before the key's own name. */
export function parentOf(key: string): string {
  const end = key.endsWith('/') ? key.length - 1 : key.length;
  return key.slice(0, key.lastIndexOf('/', end - 1) + 1);
}

/** What a row below `prefix` is called: the rest of the key, without the closing "/" of a prefix. */
export function nameBelow(prefix: string, key: string): string {
  const rest = key.startsWith(prefix) ? key.slice(prefix.length) : key;
  return rest.endsWith('/') ? rest.slice(0, -1) : rest;
}

/** Every prefix on the way to `prefix`, outermost first: "a/b/" gives [a, a/] and [b, a/b/]. */
export function ancestors(prefix: string): { name: string; prefix: string }[] {
  const found: { name: string; prefix: string }[] = [];
  for (let start = 0; start < prefix.length;) {
    const slash = prefix.indexOf('/', start);
    const end = slash < 0 ? prefix.length : slash;
    found.push({ name: prefix.slice(start, end), prefix: prefix.slice(0, end + 1) });
    start = end + 1;
  }
  return found;
}

/**
 * The place that a pasted text names, or null: an s3:// URI, an ARN, an HTTPS address of an S3 service, or
 * `bucket/prefix` as it stands.
 */
export function parsePlace(text: string): IPlace | null {
  const trimmed = text.trim();
  const arn = /^arn:aws[\w-]*:s3:::(.+)$/.exec(trimmed);
  if (/^https?:\/\//i.test(trimmed)) {
    return parseHttps(trimmed);
  }
  const plain = arn ? arn[1] : trimmed.replace(/^s3[an]?:\/\//i, '');
  const slash = plain.indexOf('/');
  const bucket = slash < 0 ? plain : plain.slice(0, slash);
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$/.test(bucket)) {
    return null;
  }
  return { bucket, rest: slash < 0 ? '' : plain.slice(slash + 1) };
}

/** `https://bucket.s3.region.amazonaws.com/key`, or the path style that other services use as well. */
function parseHttps(text: string): IPlace | null {
  let url: URL;
  let path: string;
  try {
    url = new URL(text);
    path = decodeURIComponent(url.pathname.slice(1));
  } catch {
    return null;
  }
  const virtual = /^(.+)\.s3[.-][\w.-]*amazonaws\.com(\.cn)?$/.exec(url.hostname);
  return virtual ? parsePlace(`s3://${virtual[1]}/${path}`) : parsePlace(`s3://${path}`);
}

/**
 * A name fit to be shown: control characters as their pictures, and characters that would turn the direction of the
 * text as a visible mark. For the eye alone, never to build a key.
 */
export function displayName(name: string): string {
  return Array.from(name, character => {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x20) {
      return String.fromCodePoint(0x2400 + code);
    }
    const turns = (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
    return turns || (code >= 0x7f && code < 0xa0) ? '\ufffd' : character;
  }).join('');
}

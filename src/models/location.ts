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
 * The place that a pasted text names, or null: an s3:// URI, an ARN, an HTTPS address of an S3 service (by path, by host,
 * dual-stack, of a website, presigned, of the AWS console), or `bucket/prefix` as it stands.
 *
 * `endpoint` is the address of the service in use: buckets may be named before its host.
 */
export function parsePlace(text: string, endpoint: string | null = null): IPlace | null {
  const trimmed = text.trim();
  if (/^https?:\/\//i.test(trimmed)) {
    return parseHttps(trimmed, endpoint);
  }
  const arn = /^arn:aws[\w-]*:s3:::(.+)$/.exec(trimmed);
  // What follows may not be decoded: "%20" is three characters of the key.
  const plain = arn ? arn[1] : trimmed.replace(/^s3[an]?:\/\//i, '');
  const slash = plain.indexOf('/');
  return slash < 0 ? placeOf(plain, '') : placeOf(plain.slice(0, slash), plain.slice(slash + 1));
}

function placeOf(bucket: string, rest: string): IPlace | null {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$/.test(bucket) ? { bucket, rest } : null;
}

/** Hosts of AWS before whose first part the bucket stands, or, where that is empty, before the path. */
const AWS_HOST =
  /^(?:(.+)\.)?s3(?:-(?:website|fips|accelerate|external-1))?(?:[.-](?:dualstack|fips|website))?(?:[.-][a-z]{2}(?:-[a-z]+)+-\d)?\.amazonaws\.com(?:\.cn)?$/;

function parseHttps(text: string, endpoint: string | null): IPlace | null {
  let url: URL;
  let path: string;
  let endpointHost: string | null;
  try {
    url = new URL(text);
    path = decodeURIComponent(url.pathname.slice(1));
    endpointHost = endpoint === null ? null : new URL(endpoint).host;
  } catch {
    return null;
  }
  if (/(^|\.)console\.(aws\.amazon\.com|amazonaws\.cn|amazonaws-us-gov\.com)$/.test(url.hostname)) {
    return parseConsole(url, path);
  }
  const aws = AWS_HOST.exec(url.hostname);
  if (aws?.[1]) {
    return placeOf(aws[1], path);
  }
  if (!aws && endpointHost !== null && url.host.endsWith(`.${endpointHost}`)) {
    return placeOf(url.host.slice(0, -endpointHost.length - 1), path);
  }
  const slash = path.indexOf('/');
  return slash < 0 ? placeOf(path, '') : placeOf(path.slice(0, slash), path.slice(slash + 1));
}

/** `/s3/buckets/NAME?prefix=a/b/` and `/s3/object/NAME?prefix=a/key`, as the console shows them. */
function parseConsole(url: URL, path: string): IPlace | null {
  const found = /^s3\/(?:buckets|object|upload)\/([^/]+)\/?(.*)$/.exec(path);
  return found ? placeOf(found[1], url.searchParams.get('prefix') ?? found[2]) : null;
}

/** The address of an object for a browser, by path on services of one's own. Who may not read it sees an error. */
export function httpsLink(
  service: { endpoint_url: string | null; region: string | null },
  bucket: string,
  key: string
): string {
  const path = key.split('/').map(encodeURIComponent).join('/');
  if (service.endpoint_url !== null) {
    return `${service.endpoint_url.replace(/\/+$/, '')}/${encodeURIComponent(bucket)}/${path}`;
  }
  const region = service.region ?? 'us-east-1';
  const domain = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  // A name with dots does not fit the certificate of the virtual host.
  return bucket.includes('.')
    ? `https://s3.${region}.${domain}/${bucket}/${path}`
    : `https://${bucket}.s3.${region}.${domain}/${path}`;
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

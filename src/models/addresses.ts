/* Where a text that somebody pastes or types leads: what it says itself, else what the server and S3 know. */
import type { ApiClient } from '../api/client';
import type { IPlace } from './location';
import { parsePlace } from './location';

/** Null when it names no place in S3. `endpoint` is the service of the connection in use. */
export async function placeOfText(
  text: string,
  api: Pick<ApiClient, 'place'>,
  endpoint?: string | null
): Promise<IPlace | null> {
  return parsePlace(text, endpoint) ?? (await askPlace(text, api));
}

/** The server knows rarer addresses: access points, other providers. */
async function askPlace(text: string, api: Pick<ApiClient, 'place'>): Promise<IPlace | null> {
  try {
    const { bucket, key } = await api.place(text);
    return { bucket, rest: key };
  } catch {
    // It says why; the person is told that this names no place.
    return null;
  }
}

/** "a/b" without a closing slash is a prefix when there are keys below "a/b/" and none that is "a/b". */
export async function standsForMany(
  bucket: string,
  rest: string,
  api: Pick<ApiClient, 'objects'>,
  connection: string | null
): Promise<boolean> {
  if (connection === null) {
    return false;
  }
  try {
    const page = await api.objects({ connection, bucket, prefix: rest, page_size: 100 });
    return page.prefixes.includes(`${rest}/`) && !page.objects.some(object => object.key === rest);
  } catch {
    // The place is opened all the same, and that request shows its error.
    return false;
  }
}

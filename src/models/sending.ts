/* The parts of one file to the server: a few at once, each with its checksum, each again when a failure may pass. */
import type { ApiClient } from '../api/client';
import { ApiError, isAbort } from '../api/client';
import type { PartReceipt, Upload } from '../api/schema';
import { crc32Of } from './crc32';

const PARTS_AT_ONCE = 3;
const TRIES = 6;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;

export interface ISendOptions {
  signal: AbortSignal;
  /** So many bytes more are in S3. */
  onSent: (bytes: number) => void;
  /** Whether the server cannot be reached just now. */
  onStalled: (stalled: boolean) => void;
  /** Resolves after so many milliseconds, or earlier when there is reason to try again. */
  sleep: (milliseconds: number) => Promise<void>;
}

type Api = Pick<ApiClient, 'putPart'>;

/** The parts of `upload` that S3 holds with the very bytes of `file`. What nobody can compare is not trusted. */
export async function partsInPlace(file: Blob, upload: Upload, signal: AbortSignal): Promise<Set<number>> {
  const same = new Set<number>();
  for (const receipt of upload.received) {
    if (receipt.crc32 !== null && (await crc32Of(partOf(file, upload, receipt), signal)) === receipt.crc32) {
      same.add(receipt.part_number);
    }
  }
  return same;
}

export function partOf(file: Blob, upload: Upload, { part_number }: Pick<PartReceipt, 'part_number'>): Blob {
  const start = (part_number - 1) * upload.part_size;
  return file.slice(start, Math.min(start + upload.part_size, file.size));
}

/** Send all parts but those in `done`. Rejects with the first failure that will not pass; then no part is in flight. */
export async function sendParts(
  api: Api,
  file: Blob,
  upload: Upload,
  done: ReadonlySet<number>,
  options: ISendOptions
): Promise<void> {
  const stop = new AbortController();
  const signal = anyOf(options.signal, stop.signal);
  let number = 0;
  const worker = async () => {
    while (number < upload.part_count && !signal.aborted) {
      const part = (number += 1);
      if (!done.has(part)) {
        const body = partOf(file, upload, { part_number: part });
        await sendPart(api, upload.job_id, part, body, { ...options, signal });
        options.onSent(body.size);
      }
    }
  };
  const workers = Array.from({ length: Math.min(PARTS_AT_ONCE, upload.part_count) }, async () => {
    try {
      await worker();
    } catch (error) {
      // The other workers stop as well: their parts would be of no use.
      stop.abort();
      throw error;
    }
  });
  const ends = await Promise.allSettled(workers);
  options.signal.throwIfAborted();
  const reasons = ends.flatMap(end => (end.status === 'rejected' ? [end.reason as unknown] : []));
  const cause = reasons.find(reason => !isAbort(reason)) ?? reasons[0];
  if (cause !== undefined) {
    throw cause;
  }
}

async function sendPart(api: Api, jobId: string, part: number, body: Blob, options: ISendOptions): Promise<void> {
  const crc = await checksumOf(body, options.signal);
  await insist(() => api.putPart(jobId, part, body, crc, options.signal), options);
}

/** The CRC32 of a file's bytes, in words for people when they cannot be read. */
export function checksumOf(body: Blob, signal: AbortSignal): Promise<string> {
  return crc32Of(body, signal).catch(unreadable);
}

/** Ask again, each time later, as long as the failure may pass. */
export async function insist<T>(
  ask: () => Promise<T>,
  { signal, sleep, onStalled }: Pick<ISendOptions, 'signal' | 'sleep' | 'onStalled'>
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const answer = await ask();
      onStalled(false);
      return answer;
    } catch (error) {
      const away = error instanceof ApiError && error.status === 0;
      if (signal.aborted || !mayPass(error) || (!away && attempt >= TRIES)) {
        throw error;
      }
      // A server that cannot be reached is waited for; one that answers with failures is given up.
      onStalled(away);
    }
    const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (attempt - 1));
    await sleep(wait * (0.75 + Math.random() / 2));
    signal.throwIfAborted();
  }
}

/** Bytes that were damaged on their way arrive whole another time. */
function mayPass(error: unknown): boolean {
  return error instanceof ApiError && (error.passing || error.code === 'damaged');
}

/** The browser's own words for a file that has changed on disk tell nobody what to do. */
function unreadable(error: unknown): never {
  if (isAbort(error)) {
    throw error;
  }
  throw new ApiError(
    'The file cannot be read any more: it has been changed, moved or deleted since it was chosen. Choose it again.',
    'unreadable',
    -1
  );
}

/** AbortSignal.any, which older browsers lack. */
function anyOf(...signals: AbortSignal[]): AbortSignal {
  const both = new AbortController();
  for (const signal of signals) {
    if (signal.aborted) {
      both.abort();
    }
    signal.addEventListener('abort', () => both.abort(), { once: true });
  }
  return both.signal;
}

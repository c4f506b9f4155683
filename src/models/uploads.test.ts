import { describe, expect, it, vi } from 'vitest';
import { ApiError } from '../api/client';
import type { PartReceipt, Upload, UploadRequest } from '../api/schema';
import { deferred, job } from '../testing/records';
import type { IUploadItem } from './uploads';
import { UploadsModel } from './uploads';

const PART = 4;
const target = { connection: 'demo', bucket: 'b', prefix: 'p/' };

/** A server that keeps the parts it was sent. */
class FakeServer {
  existing = new Set<string>();
  parts = new Map<string, Map<number, string>>();
  objects = new Map<string, string>();
  cancelled: string[] = [];
  flying = 0;
  mostFlying = 0;
  /** Called before a part is stored; may throw or wait. */
  onPart: (number: number, signal?: AbortSignal) => Promise<void> = async () => undefined;

  startUpload = vi.fn(async (request: UploadRequest): Promise<Upload> => {
    const { bucket, key, size, overwrite } = request;
    if (this.existing.has(key) && !overwrite) {
      throw new ApiError('It exists already.', 'conflict', 409);
    }
    const id = `job-${key}`;
    this.parts.set(id, new Map());
    return {
      job_id: id,
      bucket,
      key,
      size,
      part_size: PART,
      part_count: Math.max(1, Math.ceil(size / PART)),
      received: []
    };
  });

  putPart = vi.fn(async (id: string, number: number, body: Blob, signal?: AbortSignal): Promise<PartReceipt> => {
    this.flying += 1;
    this.mostFlying = Math.max(this.mostFlying, this.flying);
    try {
      await this.onPart(number, signal);
      this.parts.get(id)?.set(number, await body.text());
      return { part_number: number, etag: 'e', size: body.size, crc32: null };
    } finally {
      this.flying -= 1;
    }
  });

  completeUpload = vi.fn(async (id: string) => {
    const parts = [...(this.parts.get(id) ?? [])].sort(([a], [b]) => a - b);
    this.objects.set(id.replace('job-', ''), parts.map(([, text]) => text).join(''));
    return job({ id, kind: 'upload', state: 'succeeded' });
  });

  cancelJob = vi.fn(async (id: string) => {
    this.cancelled.push(id);
    return job({ id, kind: 'upload', state: 'cancelled' });
  });
}

function setUp(confirm: (item: IUploadItem) => Promise<boolean> = async () => false) {
  const server = new FakeServer();
  const sleep = vi.fn(async () => undefined);
  const uploads = new UploadsModel(server, { confirmReplace: confirm, sleep });
  return { server, sleep, uploads };
}

const file = (name: string, text: string) => ({ file: new File([text], name) });

describe('UploadsModel', () => {
  it('sends the bytes in parts, three at once at most, and tells when the object is there', async () => {
    const { server, uploads } = setUp();
    const done: string[] = [];
    uploads.uploaded.connect((_, item) => done.push(item.key));
    server.onPart = () => new Promise(resolve => setTimeout(resolve, 1));
    const text = 'abcdefghijklmnopqrstuvwxyz';
    await uploads.add([file('a.txt', text)], target);
    expect(server.objects.get('p/a.txt')).toBe(text);
    expect(server.mostFlying).toBe(3);
    expect(done).toEqual(['p/a.txt']);
    expect(uploads.items[0]).toMatchObject({ state: 'succeeded', sent: text.length });
  });

  it('sends an empty file', async () => {
    const { server, uploads } = setUp();
    await uploads.add([file('empty', '')], target);
    expect(server.objects.get('p/empty')).toBe('');
  });

  it('works two files at once and ends all of a batch', async () => {
    const { server, uploads } = setUp();
    await uploads.add([file('a', '1'), file('b', '2'), file('c', '3')], target);
    expect([...server.objects.keys()].sort()).toEqual(['p/a', 'p/b', 'p/c']);
    expect(uploads.active).toEqual([]);
  });

  it('tries a part again when the failure may pass, each time later', async () => {
    const { server, sleep, uploads } = setUp();
    let failures = 3;
    server.onPart = async number => {
      if (number === 2 && failures-- > 0) {
        throw new ApiError('Slow down', 'service', 503);
      }
    };
    await uploads.add([file('a', 'abcdefgh')], target);
    expect(server.objects.get('p/a')).toBe('abcdefgh');
    const waits = sleep.mock.calls.map(([ms]: unknown[]) => Number(ms));
    expect(waits).toHaveLength(3);
    expect(waits[2]).toBeGreaterThan(waits[0]);
  });

  it('does not repeat what cannot succeed, shows the words, and leaves no parts behind', async () => {
    const { server, sleep, uploads } = setUp();
    server.onPart = async () => {
      throw new ApiError('You may not write here.', 'access_denied', 403);
    };
    await uploads.add([file('a', 'abcdefghijkl')], target);
    expect(uploads.items[0]).toMatchObject({ state: 'failed', error: { message: 'You may not write here.' } });
    expect(sleep).not.toHaveBeenCalled();
    expect(server.cancelled).toEqual(['job-p/a']);
    expect(server.completeUpload).not.toHaveBeenCalled();
  });

  it('gives up after some tries', async () => {
    const { server, sleep, uploads } = setUp();
    server.onPart = async () => {
      throw new ApiError('The Jupyter server does not answer.', 'unreachable', 0);
    };
    await uploads.add([file('a', 'abc')], target);
    expect(uploads.items[0].state).toBe('failed');
    expect(sleep).toHaveBeenCalledTimes(5);
  });

  it('stops parts in flight when it is cancelled, and cancels the job', async () => {
    const { server, uploads } = setUp();
    const started = deferred<void>();
    server.onPart = (_, signal) =>
      new Promise((_resolve, reject) => {
        signal?.addEventListener('abort', () => reject(new DOMException('stopped', 'AbortError')));
        started.resolve();
      });
    const all = uploads.add([file('a', 'abcdefghijkl')], target);
    await started.promise;
    await uploads.cancel(uploads.items[0].id);
    await all;
    expect(uploads.items[0].state).toBe('cancelled');
    expect(server.cancelled).toEqual(['job-p/a']);
    expect(server.flying).toBe(0);
    expect(server.completeUpload).not.toHaveBeenCalled();
    expect(server.putPart).toHaveBeenCalledTimes(3);
  });

  it('cancels the job of an upload that was cancelled before it had one', async () => {
    const { server, uploads } = setUp();
    const gate = deferred<void>();
    const start = server.startUpload.getMockImplementation();
    server.startUpload.mockImplementation(async request => {
      await gate.promise;
      return start!(request);
    });
    const all = uploads.add([file('a', 'abc')], target);
    await uploads.cancel(uploads.items[0].id);
    gate.resolve();
    await all;
    expect(server.cancelled).toEqual(['job-p/a']);
    expect(server.putPart).not.toHaveBeenCalled();
    expect(uploads.items[0].state).toBe('cancelled');
  });

  it('asks before it replaces, one question at a time', async () => {
    let open = 0;
    const asked: string[] = [];
    const { server, uploads } = setUp(async item => {
      open += 1;
      expect(open).toBe(1);
      await Promise.resolve();
      open -= 1;
      asked.push(item.key);
      return item.key === 'p/b';
    });
    server.existing = new Set(['p/a', 'p/b']);
    await uploads.add([file('a', 'new'), file('b', 'new')], target);
    expect(asked.sort()).toEqual(['p/a', 'p/b']);
    expect([...server.objects.keys()]).toEqual(['p/b']);
    expect(uploads.items.map(item => item.state)).toEqual(['skipped', 'succeeded']);
  });

  it('forgets what has ended when more comes, but not what failed', async () => {
    const { server, uploads } = setUp();
    await uploads.add([file('done', '1')], target);
    server.onPart = async () => {
      throw new ApiError('no', 'access_denied', 403);
    };
    await uploads.add([file('failed', '2')], target);
    server.onPart = async () => undefined;
    await uploads.add([file('next', '3')], target);
    expect(uploads.items.map(item => item.file.name)).toEqual(['failed', 'next']);
    expect(uploads.open.map(item => item.file.name)).toEqual(['failed']);
  });

  it('can be tried again after a failure', async () => {
    const { server, uploads } = setUp();
    server.onPart = async () => {
      throw new ApiError('no', 'access_denied', 403);
    };
    await uploads.add([file('a', 'abc')], target);
    server.onPart = async () => undefined;
    uploads.retry(uploads.items[0].id);
    await vi.waitFor(() => expect(uploads.items[0].state).toBe('succeeded'));
    expect(server.objects.get('p/a')).toBe('abc');
  });

  it("takes the server's word for bytes of parts under way, and for a cancel from elsewhere", async () => {
    const { server, uploads } = setUp();
    const started = deferred<void>();
    server.onPart = (_, signal) =>
      new Promise((_resolve, reject) => {
        signal?.addEventListener('abort', () => reject(new DOMException('stopped', 'AbortError')));
        started.resolve();
      });
    const all = uploads.add([file('a', 'abcdefghij')], target);
    await started.promise;
    uploads.onJob(job({ id: 'job-p/a', kind: 'upload', done: 7 }));
    expect(uploads.items[0].sent).toBe(7);
    uploads.onJob(job({ id: 'job-p/a', kind: 'upload', done: 3 }));
    expect(uploads.items[0].sent).toBe(7);
    uploads.onJob(job({ id: 'job-p/a', kind: 'upload', state: 'cancelled' }));
    await all;
    expect(uploads.items[0].state).toBe('cancelled');
  });
});

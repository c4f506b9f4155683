import { describe, expect, it, vi } from 'vitest';
import { ApiError } from '../api/client';
import type { Job, PartReceipt, PendingUpload, ResumeRequest, Upload, UploadRequest } from '../api/schema';
import { deferred, job } from '../testing/records';
import { until } from '../testing/until';
import { hexOf, crc32 } from './crc32';
import type { IPending } from './pending';
import type { IConflictAnswer, IUploadItem } from './upload';
import { UploadsModel } from './uploads';

const PART = 4;
const rule = { suffix: '.imzml', companions: ['.ibd'], required: true };
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

  putPart = vi.fn(async (id: string, number: number, body: Blob, crc: string, signal?: AbortSignal) => {
    this.flying += 1;
    this.mostFlying = Math.max(this.mostFlying, this.flying);
    try {
      await this.onPart(number, signal);
      const text = await body.text();
      expect(crc).toBe(sum(text));
      this.open(id).set(number, text);
      return receipt(number, text);
    } finally {
      this.flying -= 1;
    }
  });

  completeUpload = vi.fn<(id: string, overwrite?: boolean) => Promise<Job>>(async id => {
    const parts = [...this.open(id)].sort(([a], [b]) => a - b);
    this.objects.set(id.replace('job-', ''), parts.map(([, text]) => text).join(''));
    return job({ id, kind: 'upload', state: 'succeeded' });
  });

  uploadWhole = vi.fn(
    async (query: { key: string; overwrite: boolean }, body: Blob, crc: string, signal?: AbortSignal) => {
      if (this.existing.has(query.key) && !query.overwrite) {
        throw new ApiError('It exists already.', 'conflict', 409);
      }
      await this.onWhole(query.key, signal);
      const text = await body.text();
      expect(crc).toBe(sum(text));
      this.objects.set(query.key, text);
      return job({ id: 'whole', kind: 'upload', state: 'succeeded' });
    }
  );

  /** Called before a small file is stored; may throw or wait. */
  onWhole: (key: string, signal?: AbortSignal) => Promise<void> = async () => undefined;

  cancelJob = vi.fn(async (id: string) => {
    this.cancelled.push(id);
    return job({ id, kind: 'upload', state: 'cancelled' });
  });

  pending: PendingUpload[] = [];
  pendingUploads = vi.fn(async () => this.pending);

  resumeUpload = vi.fn(async (id: string, { size }: ResumeRequest): Promise<Upload> => {
    const parts = this.parts.get(id);
    if (!parts) {
      throw new ApiError('There is no such upload.', 'not_found', 404);
    }
    this.asleep.delete(id);
    const received = [...parts].map(([number, text]) => ({ ...receipt(number, text), ...this.claims.get(number) }));
    const key = id.replace('job-', '');
    return { job_id: id, bucket: 'b', key, size, part_size: PART, part_count: Math.ceil(size / PART), received };
  });

  pauseUpload = vi.fn<(id: string, leaving?: boolean) => Promise<Job>>(async id => {
    this.asleep.add(id);
    return job({ id, kind: 'upload', state: 'interrupted', resumable: true });
  });

  /** What the server says of a part other than the truth. */
  claims = new Map<number, Partial<PartReceipt>>();
  /** Uploads that the server has forgotten or put to rest: a part of them is refused. */
  asleep = new Set<string>();

  private open(id: string): Map<number, string> {
    const parts = this.parts.get(id);
    if (!parts || this.asleep.has(id)) {
      throw new ApiError('The upload is not open.', 'not_found', 404);
    }
    return parts;
  }
}

const sum = (text: string) => hexOf(crc32(new TextEncoder().encode(text)));

function receipt(part_number: number, text: string): PartReceipt {
  return { part_number, etag: 'e', size: text.length, crc32: sum(text) };
}

const always =
  (choice: IConflictAnswer['choice'], all = false) =>
  async (): Promise<IConflictAnswer> => ({ choice, all });

function setUp(
  askConflict: (item: IUploadItem, others: number) => Promise<IConflictAnswer> = always('skip'),
  pending?: IPending,
  mostWhole = -1
) {
  const server = new FakeServer();
  const sleep = vi.fn(async () => undefined);
  const uploads = new UploadsModel(server, { askConflict, sleep, pending, mostWhole, companions: () => [rule] });
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
      throw new ApiError('S3 fails.', 'service', 502);
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
      return { choice: item.key === 'p/b' ? 'replace' : 'skip', all: false };
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
    expect(uploads.items.map(item => item.name)).toEqual(['failed', 'next']);
    expect(uploads.open.map(item => item.name)).toEqual(['failed']);
  });

  it('can be tried again after a failure', async () => {
    const { server, uploads } = setUp();
    server.onPart = async () => {
      throw new ApiError('no', 'access_denied', 403);
    };
    await uploads.add([file('a', 'abc')], target);
    server.onPart = async () => undefined;
    uploads.resume(uploads.items[0].id);
    await until(() => expect(uploads.items[0].state).toBe('succeeded'));
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

  it('waits for a server that cannot be reached as long as it takes, and tells so', async () => {
    const { server, sleep, uploads } = setUp();
    let away = 20;
    const stalled: boolean[] = [];
    sleep.mockImplementation(async () => void stalled.push(uploads.items[0].stalled));
    server.onPart = async () => {
      if (away-- > 0) {
        throw new ApiError('The Jupyter server does not answer.', 'unreachable', 0);
      }
    };
    await uploads.add([file('a', 'abc')], target);
    expect(server.objects.get('p/a')).toBe('abc');
    expect(stalled).toEqual(Array.from({ length: 20 }, () => true));
    expect(uploads.items[0].stalled).toBe(false);
  });

  it('tries at once when the network is back', async () => {
    const { server, sleep, uploads } = setUp();
    const asleep = deferred<void>();
    let away = true;
    sleep.mockImplementation(() => {
      asleep.resolve();
      return new Promise(() => undefined);
    });
    server.onPart = async () => {
      if (away) {
        throw new ApiError('The Jupyter server does not answer.', 'unreachable', 0);
      }
    };
    const all = uploads.add([file('a', 'abc')], target);
    await asleep.promise;
    away = false;
    uploads.waker.wake();
    await all;
    expect(server.objects.get('p/a')).toBe('abc');
  });

  it('goes on when the server was started anew meanwhile', async () => {
    const { server, uploads } = setUp();
    server.onPart = async number => {
      if (number === 3 && !server.resumeUpload.mock.calls.length) {
        server.asleep.add('job-p/a');
      }
    };
    await uploads.add([file('a', 'abcdefghijkl')], target);
    expect(server.resumeUpload).toHaveBeenCalledTimes(1);
    expect(server.objects.get('p/a')).toBe('abcdefghijkl');
  });

  it('keeps what S3 has of a failed upload, and sends only the rest when it is tried again', async () => {
    const { server, uploads } = setUp();
    server.onPart = async number => {
      if (number === 4) {
        await until(() => expect(server.parts.get('job-p/a')?.size).toBe(3));
        throw new ApiError('The credentials have expired.', 'credentials', 401);
      }
    };
    await uploads.add([file('a', 'abcdefghijklmn')], target);
    expect(uploads.items[0]).toMatchObject({ state: 'failed', sent: 12 });
    expect(server.cancelled).toEqual([]);
    expect(server.pauseUpload).toHaveBeenCalledWith('job-p/a', false);
    server.onPart = async () => undefined;
    server.putPart.mockClear();
    uploads.resume(uploads.items[0].id);
    await until(() => expect(uploads.items[0].state).toBe('succeeded'));
    expect(server.putPart.mock.calls.map(([, number]) => number)).toEqual([4]);
    expect(server.objects.get('p/a')).toBe('abcdefghijklmn');
  });

  it('throws the parts of a failed upload away when it is dismissed', async () => {
    const { server, uploads } = setUp();
    server.onPart = async number => {
      if (number === 2) {
        await until(() => expect(server.parts.get('job-p/a')?.size).toBe(1));
        throw new ApiError('no', 'access_denied', 403);
      }
    };
    await uploads.add([file('a', 'abcdefg')], target);
    uploads.clear(uploads.items[0].id);
    expect(server.cancelled).toEqual(['job-p/a']);
    expect(uploads.items).toEqual([]);
  });

  it('keeps both: the next free key beside the one that is taken', async () => {
    const { server, uploads } = setUp(always('keep'));
    server.existing = new Set(['p/a.tar.gz', 'p/a (1).tar.gz']);
    await uploads.add([file('a.tar.gz', 'new')], target);
    expect([...server.objects.keys()]).toEqual(['p/a (2).tar.gz']);
  });

  it('asks no more after an answer for all, and tells how many others there are', async () => {
    const ask = vi.fn(always('replace', true));
    const { server, uploads } = setUp(ask);
    server.existing = new Set(['p/a', 'p/b', 'p/c']);
    await uploads.add([file('a', '1'), file('b', '2'), file('c', '3')], target);
    expect(ask).toHaveBeenCalledTimes(1);
    expect(ask.mock.calls[0]).toEqual([expect.anything(), 2]);
    expect([...server.objects.keys()].sort()).toEqual(['p/a', 'p/b', 'p/c']);
  });

  it('warns of a file whose companion is missing', async () => {
    const { uploads } = setUp();
    await uploads.add([file('scan.imzML', '1'), file('other.imzML', '2'), file('other.ibd', '3')], target);
    expect(uploads.missing).toEqual([{ key: 'p/scan.imzML', companion: 'p/scan.ibd' }]);
  });

  it('sends 2,000 files, and draws seldom', async () => {
    const { server, uploads } = setUp();
    let drawn = 0;
    uploads.changed.connect(() => (drawn += 1));
    const files = Array.from({ length: 2000 }, (_, index) => file(`${index}`, 'x'));
    await uploads.add(files, target);
    expect(server.objects.size).toBe(2000);
    expect(drawn).toBeLessThan(400);
  });
});

describe('small files', () => {
  const setUpSmall = (ask?: Parameters<typeof setUp>[0]) => setUp(ask, undefined, 4);

  it('go in one request each, six at once, and overtake large ones', async () => {
    const { server, uploads } = setUpSmall();
    const gate = deferred<void>();
    let flying = 0;
    server.onWhole = () => {
      flying += 1;
      return gate.promise;
    };
    const large = ['x', 'y', 'z'].map(name => file(name, 'abcdefgh'));
    const all = uploads.add([...large, ...Array.from({ length: 9 }, (_, index) => file(`s${index}`, 'abc'))], target);
    await until(() => expect(flying).toBe(6));
    expect(server.startUpload.mock.calls.length).toBeGreaterThan(0);
    gate.resolve();
    await all;
    expect(server.objects.size).toBe(12);
    expect(server.uploadWhole).toHaveBeenCalledTimes(9);
  });

  it('are sent again when they were damaged on their way', async () => {
    const { server, sleep, uploads } = setUpSmall();
    let failures = 2;
    server.onWhole = async () => {
      if (failures-- > 0) {
        throw new ApiError('Other bytes have come.', 'damaged', 400);
      }
    };
    await uploads.add([file('a', 'abc')], target);
    expect(server.objects.get('p/a')).toBe('abc');
    expect(sleep).toHaveBeenCalledTimes(2);
  });

  it('ask before they replace, and may stay beside what is there', async () => {
    const answers: IConflictAnswer['choice'][] = ['replace', 'keep', 'skip'];
    const { server, uploads } = setUpSmall(async () => ({ choice: answers.shift() ?? 'skip', all: false }));
    server.existing = new Set(['p/a', 'p/b', 'p/c']);
    await uploads.add([file('a', '1'), file('b', '2'), file('c', '3')], target);
    expect([...server.objects]).toEqual([
      ['p/a', '1'],
      ['p/b (1)', '2']
    ]);
  });

  it('stop when they are cancelled, and are no job that would have to be', async () => {
    const { server, uploads } = setUpSmall();
    server.onWhole = (_, signal) =>
      new Promise((_resolve, reject) => {
        signal?.addEventListener('abort', () => reject(new DOMException('stopped', 'AbortError')));
      });
    const all = uploads.add([file('a', 'abc')], target);
    await until(() => expect(server.uploadWhole).toHaveBeenCalled());
    await uploads.cancelAll();
    await all;
    expect(uploads.items[0].state).toBe('cancelled');
    expect(server.cancelled).toEqual([]);
    expect(server.objects.size).toBe(0);
  });
});

describe('an object that came to be there while its parts were sent', () => {
  it('is replaced only after a yes', async () => {
    const { server, uploads } = setUp(always('replace'));
    const complete = server.completeUpload.getMockImplementation();
    server.completeUpload.mockImplementation(async (id, overwrite) => {
      if (!overwrite) {
        throw new ApiError('It exists now.', 'conflict', 409);
      }
      return complete!(id, overwrite);
    });
    await uploads.add([file('a', 'abc')], target);
    expect(uploads.items[0].state).toBe('succeeded');
    expect(server.objects.get('p/a')).toBe('abc');
  });

  it('stays, and nothing is left of the upload, after a no', async () => {
    const { server, uploads } = setUp(always('skip'));
    server.completeUpload.mockRejectedValue(new ApiError('It exists now.', 'conflict', 409));
    await uploads.add([file('a', 'abc')], target);
    expect(uploads.items[0].state).toBe('skipped');
    expect(server.cancelled).toEqual(['job-p/a']);
  });
});

describe('pause and resume', () => {
  it('stops the parts in flight, leaves the others in S3, and goes on with what is missing', async () => {
    const { server, uploads } = setUp();
    const started = deferred<void>();
    server.onPart = (number, signal) =>
      number < 3
        ? Promise.resolve()
        : new Promise((_resolve, reject) => {
            signal?.addEventListener('abort', () => reject(new DOMException('stopped', 'AbortError')));
            started.resolve();
          });
    const all = uploads.add([file('a', 'abcdefghijklmnop')], target);
    await started.promise;
    await until(() => expect(server.parts.get('job-p/a')?.size).toBe(2));
    await uploads.pause(uploads.items[0].id);
    await all;
    expect(uploads.items[0]).toMatchObject({ state: 'paused', sent: 8 });
    expect(server.pauseUpload).toHaveBeenCalledWith('job-p/a', false);
    expect(server.cancelled).toEqual([]);
    server.onPart = async () => undefined;
    server.putPart.mockClear();
    uploads.resumeAll();
    await until(() => expect(uploads.items[0].state).toBe('succeeded'));
    expect(server.putPart.mock.calls.map(([, number]) => number)).toEqual([3, 4]);
    expect(server.objects.get('p/a')).toBe('abcdefghijklmnop');
  });

  it('begins a file that was paused while it waited', async () => {
    const { server, uploads } = setUp();
    const gate = deferred<void>();
    server.onPart = () => gate.promise;
    const all = uploads.add([file('a', '1'), file('b', '2'), file('c', '3')], target);
    await uploads.pause(uploads.items[2].id);
    gate.resolve();
    await all;
    expect([...server.objects.keys()].sort()).toEqual(['p/a', 'p/b']);
    uploads.resume(uploads.items[2].id);
    await until(() => expect(server.objects.get('p/c')).toBe('3'));
  });
});

describe('after a reload', () => {
  const LAST_MODIFIED = 1_700_000_000_000;
  const again = (text: string, lastModified = LAST_MODIFIED) => new File([text], 'a', { lastModified });
  const begun = (server: FakeServer, parts: Record<number, string>, size = 10) => {
    server.parts.set('job-p/a', new Map(Object.entries(parts).map(([number, text]) => [Number(number), text])));
    server.pending = [
      {
        job_id: 'job-p/a',
        connection: 'demo',
        bucket: 'b',
        key: 'p/a',
        size,
        done: 8,
        filename: 'a',
        last_modified: LAST_MODIFIED,
        started: '2026-01-01T00:00:00Z',
        active: false
      }
    ];
  };

  it('lists what waits for its file, and goes on when the same file is given', async () => {
    const { server, uploads } = setUp();
    begun(server, { 1: 'abcd', 3: 'ij' });
    await uploads.refreshPending();
    expect(uploads.open).toMatchObject([{ state: 'fileless', name: 'a', sent: 8 }]);
    await uploads.refreshPending();
    expect(uploads.items).toHaveLength(1);
    await uploads.add([{ file: again('abcdefghij') }], target);
    expect(server.startUpload).not.toHaveBeenCalled();
    expect(server.putPart.mock.calls.map(([, number]) => number)).toEqual([2]);
    expect(server.objects.get('p/a')).toBe('abcdefghij');
    expect(uploads.items).toMatchObject([{ state: 'succeeded', sent: 10 }]);
  });

  it('sends a part again that differs, and one that nobody can compare', async () => {
    const { server, uploads } = setUp();
    begun(server, { 1: 'abcd', 2: 'EFGH', 3: 'ij' });
    server.claims.set(3, { crc32: null });
    await uploads.refreshPending();
    expect(uploads.attach(uploads.items[0].id, again('abcdefghij'))).toBe(true);
    await until(() => expect(uploads.items[0].state).toBe('succeeded'));
    expect(server.putPart.mock.calls.map(([, number]) => number).sort()).toEqual([2, 3]);
    expect(server.objects.get('p/a')).toBe('abcdefghij');
  });

  it('refuses another file, and takes one of the same key for a new upload', async () => {
    const { server, uploads } = setUp();
    begun(server, { 1: 'abcd' });
    await uploads.refreshPending();
    const [item] = uploads.items;
    expect(uploads.attach(item.id, again('abcdefghi'))).toBe(false);
    expect(uploads.attach(item.id, again('abcdefghij', 1))).toBe(false);
    expect(item.state).toBe('fileless');
    await uploads.add([{ file: again('new') }], target);
    expect(server.startUpload).toHaveBeenCalledTimes(1);
  });

  it('leaves out what another page sends, and forgets what has ended elsewhere', async () => {
    const sentElsewhere = new Set(['job-p/a']);
    const { server, uploads } = setUp(undefined, { ...noBrowser, held: async () => sentElsewhere });
    begun(server, { 1: 'abcd' });
    await uploads.refreshPending();
    expect(uploads.items).toEqual([]);
    sentElsewhere.clear();
    await uploads.refreshPending();
    expect(uploads.items).toHaveLength(1);
    server.pending = [];
    await uploads.refreshPending();
    expect(uploads.items).toEqual([]);
  });

  it('keeps a handle while the upload is open, and finds it again', async () => {
    const handles = new Map<string, FileSystemFileHandle>();
    const browser: IPending = {
      ...noBrowser,
      keepHandle: async (id, handle) => void handles.set(id, handle),
      handleOf: async id => handles.get(id) ?? null,
      forgetHandle: async id => void handles.delete(id)
    };
    const handle = { kind: 'file', name: 'a' } as FileSystemFileHandle;
    const { server, uploads } = setUp(undefined, browser);
    const gate = deferred<void>();
    server.onPart = () => gate.promise;
    const all = uploads.add([{ file: again('abc'), handle }], target);
    await until(() => expect(handles.get('job-p/a')).toBe(handle));
    gate.resolve();
    await all;
    expect(handles.size).toBe(0);
    handles.set('job-p/a', handle);
    begun(server, { 1: 'abcd' });
    const later = new UploadsModel(server, { askConflict: always('skip'), pending: browser, mostWhole: -1 });
    await later.refreshPending();
    expect(later.items[0].handle).toBe(handle);
  });

  it('leaves an upload alone that another page sends', async () => {
    const { server, uploads } = setUp();
    begun(server, { 1: 'abcd' });
    await uploads.refreshPending();
    server.resumeUpload.mockRejectedValueOnce(new ApiError('Another page sends it.', 'conflict', 409));
    uploads.attach(uploads.items[0].id, again('abcdefghij'));
    await until(() => expect(uploads.items[0].state).toBe('paused'));
    expect(uploads.items[0].error?.message).toBe('Another page sends it.');
    expect(server.cancelled).toEqual([]);
    expect(server.pauseUpload).not.toHaveBeenCalled();
    uploads.resumeAll();
    await until(() => expect(uploads.items[0].state).toBe('succeeded'));
  });

  it('begins anew what S3 has lost', async () => {
    const { server, uploads } = setUp();
    begun(server, { 1: 'abcd' });
    server.parts.clear();
    await uploads.refreshPending();
    uploads.attach(uploads.items[0].id, again('abcdefghij'));
    await until(() => expect(uploads.items[0].state).toBe('failed'));
    uploads.resume(uploads.items[0].id);
    await until(() => expect(uploads.items[0].state).toBe('succeeded'));
    expect(server.startUpload).toHaveBeenCalledTimes(1);
    expect(server.objects.get('p/a')).toBe('abcdefghij');
  });

  it('aborts what is given up', async () => {
    const { server, uploads } = setUp();
    begun(server, { 1: 'abcd' });
    await uploads.refreshPending();
    await uploads.cancel(uploads.items[0].id);
    expect(server.cancelled).toEqual(['job-p/a']);
    expect(uploads.items).toEqual([]);
  });
});

const noBrowser: IPending = {
  hold: async () => () => undefined,
  held: async () => new Set(),
  keepHandle: async () => undefined,
  handleOf: async () => null,
  forgetHandle: async () => undefined
};

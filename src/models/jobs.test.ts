import { Signal } from '@lumino/signaling';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiError } from '../api/client';
import type { Job } from '../api/schema';
import { deferred, job } from '../testing/records';
import { JOB_SCHEMA, JobsModel } from './jobs';

function setUp(listed: Job[] = []) {
  const api = {
    jobs: vi.fn(async () => listed),
    cancelJob: vi.fn(async () => job({ state: 'cancelled' })),
    retryJob: vi.fn(async () => job({ id: 'j2', state: 'queued' }))
  };
  const source = {};
  const stream = new Signal<object, unknown>(source);
  const jobs = new JobsModel(api);
  jobs.attach(stream);
  const finished: string[] = [];
  jobs.finished.connect((_, ended) => finished.push(`${ended.id} ${ended.state}`));
  return { api, jobs, finished, emit: (data: object) => stream.emit({ schema_id: JOB_SCHEMA, ...data }), stream };
}

describe('JobsModel', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('follows the events of a job to its end', () => {
    const { jobs, finished, emit } = setUp();
    emit(job({ done: 10 }));
    expect(jobs.get('j1')?.done).toBe(10);
    expect(jobs.active).toHaveLength(1);
    emit(job({ done: 100, state: 'succeeded', manifest_id: 'm', updated: '2026-01-01T00:00:01Z' }));
    expect(jobs.active).toEqual([]);
    expect(finished).toEqual(['j1 succeeded']);
  });

  it('ignores events of other kinds', () => {
    const { jobs, stream } = setUp();
    stream.emit({ schema_id: 'https://events.jupyter.org/other', id: 'x', state: 'running' });
    stream.emit({ schema_id: JOB_SCHEMA });
    stream.emit(null);
    expect(jobs.list).toEqual([]);
  });

  it('never goes back: neither to an older record nor from an end', () => {
    const { jobs, finished, emit } = setUp();
    emit(job({ done: 50, updated: '2026-01-01T00:00:02.000Z' }));
    emit(job({ done: 10, updated: '2026-01-01T00:00:01.000Z' }));
    expect(jobs.get('j1')?.done).toBe(50);
    emit(job({ state: 'failed', updated: '2026-01-01T00:00:03Z' }));
    emit(job({ state: 'running', updated: '2026-01-01T00:00:03Z' }));
    expect(jobs.get('j1')?.state).toBe('failed');
    expect(finished).toEqual(['j1 failed']);
  });

  it('tells of the end of a job that ended before anybody knew it', () => {
    const { jobs, finished, emit } = setUp();
    emit(job({ state: 'succeeded' }));
    jobs.apply(job({ state: 'queued' }));
    expect(jobs.get('j1')?.state).toBe('succeeded');
    expect(finished).toEqual(['j1 succeeded']);
  });

  it('lists old jobs without calling them news, newest first', async () => {
    const old = job({ id: 'old', state: 'succeeded', created: '2025-01-01T00:00:00Z' });
    const { jobs, finished } = setUp([old, job({ id: 'new', state: 'failed' })]);
    await jobs.refresh();
    expect(jobs.list.map(({ id }) => id)).toEqual(['new', 'old']);
    expect(finished).toEqual([]);
  });

  it('keeps what an event told while the list was on its way', async () => {
    const reply = deferred<Job[]>();
    const { api, jobs, emit } = setUp();
    api.jobs.mockReturnValueOnce(reply.promise);
    const refreshed = jobs.refresh();
    emit(job({ done: 90, updated: '2026-01-01T00:00:09Z' }));
    reply.resolve([job({ done: 5 })]);
    await refreshed;
    expect(jobs.get('j1')?.done).toBe(90);
  });

  it('asks about a running job that has been silent, and not about ended ones', async () => {
    const { api, jobs, finished, emit } = setUp([job({ state: 'succeeded', updated: '2026-01-01T00:01:00Z' })]);
    emit(job());
    await vi.advanceTimersByTimeAsync(5000);
    expect(api.jobs).toHaveBeenCalledTimes(1);
    expect(finished).toEqual(['j1 succeeded']);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(api.jobs).toHaveBeenCalledTimes(1);
    jobs.dispose();
  });

  it('cancels, and shows an error of the list', async () => {
    const { api, jobs, emit } = setUp();
    emit(job());
    await jobs.cancel('j1');
    expect(jobs.get('j1')?.state).toBe('cancelled');
    api.jobs.mockRejectedValueOnce(new ApiError('gone', 'unreachable', 0));
    await jobs.refresh();
    expect(jobs.error?.message).toBe('gone');
  });
});

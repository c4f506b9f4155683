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
    retryJob: vi.fn(async () => job({ id: 'j2', state: 'queued' })),
    resumeJob: vi.fn(async () => job({ state: 'queued', updated: '2026-01-01T00:00:09Z' })),
    jobLog: vi.fn(async () => ({ lines: [], total: 0 }))
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

  it('measures a rate and the time left, and forgets both at the end', () => {
    let now = 0;
    const { api } = setUp();
    const jobs = new JobsModel(api, () => now);
    jobs.apply(job({ done: 0, total: 1000 }));
    for (let step = 1; step <= 4; step += 1) {
      now = step * 1000;
      jobs.apply(job({ done: step * 100, total: 1000, updated: `2026-01-01T00:00:0${step}Z` }));
    }
    expect(jobs.rateOf('j1')).toBeGreaterThan(90);
    expect(jobs.rateOf('j1')).toBeLessThan(150);
    expect(jobs.secondsLeft(jobs.get('j1')!)).toBeCloseTo(600 / jobs.rateOf('j1'));
    jobs.apply(job({ done: 1000, total: 1000, state: 'succeeded', updated: '2026-01-01T00:00:05Z' }));
    expect(jobs.rateOf('j1')).toBe(0);
    jobs.dispose();
  });

  it('tells once of each job that begins, not of those that were there', async () => {
    const { jobs, emit } = setUp([job({ id: 'old' })]);
    const begun: string[] = [];
    jobs.begun.connect((_, started) => begun.push(started.id));
    await jobs.refresh();
    emit(job({ id: 'new', state: 'queued' }));
    emit(job({ id: 'new', updated: '2026-01-01T00:00:01Z' }));
    expect(begun).toEqual(['new']);
    jobs.dispose();
  });

  it('lets an interrupted job go on', () => {
    const { jobs, emit } = setUp();
    emit(job({ state: 'interrupted', resumable: true, updated: '2026-01-01T00:00:01Z' }));
    emit(job({ state: 'running', updated: '2026-01-01T00:00:01Z' }));
    expect(jobs.get('j1')?.state).toBe('interrupted');
    emit(job({ state: 'running', updated: '2026-01-01T00:00:02Z' }));
    expect(jobs.get('j1')?.state).toBe('running');
    jobs.dispose();
  });

  it("takes the server's own rate and time left where it tells them", () => {
    const { jobs, emit } = setUp();
    emit(job({ done: 10, total: 100, rate: 5, seconds_left: 18 }));
    expect(jobs.rateOf('j1')).toBe(5);
    expect(jobs.secondsLeft(jobs.get('j1')!)).toBe(18);
    jobs.dispose();
  });

  it('asks the server to let a job go on', async () => {
    const { api, jobs, emit } = setUp();
    emit(job({ state: 'interrupted', resumable: true, updated: '2026-01-01T00:00:01Z' }));
    await jobs.resume('j1');
    expect(api.resumeJob).toHaveBeenCalledWith('j1');
    expect(jobs.active.map(({ id }) => id)).toEqual(['j1']);
    jobs.dispose();
  });

  it('clears what has ended, and shows what ends later', async () => {
    const { jobs, emit } = setUp([job({ id: 'old', state: 'failed', updated: '2026-01-01T00:00:05Z' }), job()]);
    await jobs.refresh();
    jobs.clear();
    expect(jobs.shown.map(({ id }) => id)).toEqual(['j1']);
    expect(jobs.clearedAt).toBe('2026-01-01T00:00:05Z');
    emit(job({ state: 'succeeded', updated: '2026-01-01T00:00:06Z' }));
    expect(jobs.shown.map(({ id }) => id)).toEqual(['j1']);
  });

  it('starts the same anew', async () => {
    const { jobs, emit } = setUp();
    emit(job({ state: 'failed' }));
    await jobs.retry('j1');
    expect(jobs.active.map(({ id }) => id)).toEqual(['j2']);
    jobs.dispose();
  });
});

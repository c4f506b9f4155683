import { describe, expect, it, vi } from 'vitest';
import type { JobLog } from '../api/schema';
import { job } from '../testing/records';
import { until } from '../testing/until';
import { JobsModel } from './jobs';
import { JobTable } from './jobTable';

function setUp() {
  const line = { at: '2026-01-01T00:00:00Z', level: 'info' as const, text: 'begun' };
  const api = {
    jobs: vi.fn(async () => []),
    cancelJob: vi.fn(),
    retryJob: vi.fn(),
    resumeJob: vi.fn(),
    jobLog: vi.fn(async (): Promise<JobLog> => ({ lines: [line], total: 1 }))
  };
  const jobs = new JobsModel(api);
  jobs.apply(job({ id: 'run', title: 'Index a.csv', kind: 'index', created: '2026-01-03T00:00:00Z' }));
  jobs.apply(job({ id: 'bad', title: 'Copy b', state: 'failed', created: '2026-01-02T00:00:00Z' }));
  jobs.apply(job({ id: 'done', title: 'Copy c', state: 'succeeded', created: '2026-01-01T00:00:00Z' }));
  const table = new JobTable(jobs);
  return { api, jobs, table, ids: () => table.rows.map(({ id }) => id) };
}

describe('JobTable', () => {
  it('lists all, what runs, what has ended, what failed', () => {
    const { table, ids, jobs } = setUp();
    expect(ids()).toEqual(['run', 'bad', 'done']);
    table.choose('active');
    expect(ids()).toEqual(['run']);
    table.choose('ended');
    expect(ids()).toEqual(['bad', 'done']);
    table.choose('failed');
    expect(ids()).toEqual(['bad']);
    expect([table.count('all'), table.count('failed')]).toEqual([3, 1]);
    jobs.dispose();
  });

  it('finds jobs by what they are called and where they work', () => {
    const { table, ids, jobs } = setUp();
    table.search('copy');
    expect(ids()).toEqual(['bad', 'done']);
    table.search(' INDEX ');
    expect(ids()).toEqual(['run']);
    jobs.dispose();
  });

  it('keeps the focus on its job while others come', () => {
    const { table, jobs } = setUp();
    table.focus('bad');
    expect(table.activeIndex).toBe(1);
    jobs.apply(job({ id: 'new', created: '2026-01-04T00:00:00Z' }));
    expect(table.activeIndex).toBe(2);
    table.choose('active');
    expect(table.active).toBeNull();
    jobs.dispose();
  });

  it('asks for the log when it is unfolded, of the job in focus, and again when there is news', async () => {
    const { api, table, jobs } = setUp();
    table.focus('run');
    expect(api.jobLog).not.toHaveBeenCalled();
    table.unfoldLog(true);
    await until(() => expect(table.log?.lines).toHaveLength(1));
    jobs.apply(job({ id: 'run', kind: 'index', done: 5, updated: '2026-01-05T00:00:00Z' }));
    await until(() => expect(api.jobLog).toHaveBeenCalledTimes(2));
    table.focus('done');
    await until(() => expect(api.jobLog).toHaveBeenLastCalledWith('done'));
    table.unfoldLog(false);
    api.jobLog.mockClear();
    table.focus('bad');
    expect(api.jobLog).not.toHaveBeenCalled();
    jobs.dispose();
  });

  it('shows why there is no log', async () => {
    const { api, table, jobs } = setUp();
    api.jobLog.mockRejectedValue(new Error('gone'));
    table.focus('run');
    table.unfoldLog(true);
    await until(() => expect(table.logError?.message).toBe('gone'));
    jobs.dispose();
  });
});

import { describe, expect, it, vi } from 'vitest';
import { ApiError } from '../api/client';
import type { HitPage, Job, ObjectEntry } from '../api/schema';
import { deferred, job, shownBy } from '../testing/records';
import { until } from '../testing/until';
import { SearchModel } from './search';

const place = { connection: 'demo', bucket: 'b', prefix: 'p/' };
const hit = (key: string): ObjectEntry => ({
  key,
  size: 1,
  last_modified: '2026-01-01T00:00:00Z',
  etag: 'e',
  storage_class: null
});

function searchOver(found: string[], started: () => Promise<Job> = async () => job({ id: 's', kind: 'search' })) {
  const hits = vi.fn(async (_: string, offset: number, limit: number): Promise<HitPage> => {
    return { offset, total: found.length, hits: found.slice(offset, offset + limit).map(hit) };
  });
  const api = { startAction: vi.fn(started), cancelJob: vi.fn(async () => job({ id: 's', state: 'cancelled' })), hits };
  const search = new SearchModel(api, known => known);
  search.show(true);
  search.change({ pattern: 'x' });
  return { api, search, found };
}

const names = (search: SearchModel) => shownBy(search.rows).map(entry => entry.name);

describe('SearchModel', () => {
  it('shows hits as they come, each once', async () => {
    const { api, search, found } = searchOver(['p/1']);
    await search.start(place);
    expect([names(search), search.running]).toEqual([['1'], true]);
    found.push('p/2', 'p/3');
    await Promise.all([search.follow(job({ id: 's', done: 5 })), search.follow(job({ id: 's', done: 9 }))]);
    expect(names(search)).toEqual(['1', '2', '3']);
    await search.follow(job({ id: 's', state: 'succeeded' }));
    expect(search.running).toBe(false);
    expect(api.startAction.mock.calls).toMatchObject([[{ kind: 'search', prefix: 'p/', pattern: 'x' }]]);
  });

  it('takes more hits than a page holds', async () => {
    const { search } = searchOver(Array.from({ length: 2500 }, (_, number) => `p/${number}`));
    await search.start(place);
    expect(search.rows.count).toBe(2500);
  });

  it('gives up the former search, also one whose reply is still to come', async () => {
    const first = deferred<Job>();
    const replies = [first.promise, Promise.resolve(job({ id: 'second' }))];
    const { api, search } = searchOver(['p/1'], () => replies.shift() ?? first.promise);
    const started = search.start(place);
    await until(() => expect(api.startAction).toHaveBeenCalled());
    await search.start({ ...place, prefix: '' });
    first.resolve(job({ id: 'first' }));
    await started;
    expect(search.job?.id).toBe('second');
    expect(api.cancelJob).toHaveBeenCalledWith('first');
    search.show(false);
    expect(api.cancelJob).toHaveBeenLastCalledWith('second');
    expect([search.shown, search.rows.count]).toEqual([false, 0]);
  });

  it('says why it cannot search', async () => {
    const { search } = searchOver([], () => Promise.reject(new ApiError('denied', 'access_denied', 403)));
    await search.start(place);
    expect([search.error?.message, search.running]).toEqual(['denied', false]);
  });
});

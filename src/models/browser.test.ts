import { describe, expect, it, vi } from 'vitest';
import { ApiError } from '../api/client';
import type { Listing } from '../api/schema';
import { deferred, listing, shownBy } from '../testing/records';
import { BrowserModel } from './browser';

type Query = { prefix: string; next_token?: string | null };

function browserWith(objects: (query: Query, signal?: AbortSignal) => Promise<Listing>) {
  const api = { buckets: vi.fn(async () => [{ name: 'b', created: null }]), objects: vi.fn(objects) };
  return { api, browser: new BrowserModel(api, () => 2) };
}

const place = { connection: 'demo', bucket: 'b' };

describe('BrowserModel', () => {
  it('lists buckets, then prefixes before objects', async () => {
    const { browser } = browserWith(async () => listing('', ['a.csv'], { prefixes: ['x/'] }));
    await browser.open({ connection: 'demo' });
    expect(shownBy(browser.rows).map(entry => entry.kind)).toEqual(['bucket']);
    await browser.open(place);
    expect(shownBy(browser.rows).map(entry => [entry.kind, entry.name])).toEqual([
      ['prefix', 'x'],
      ['object', 'a.csv']
    ]);
  });

  it('goes on by token, a page at a time, and asks nothing twice', async () => {
    const { api, browser } = browserWith(async ({ next_token }) =>
      next_token ? listing('', ['c', 'd']) : listing('', ['a', 'b'], { next_token: 't' })
    );
    await browser.open(place);
    expect(browser.hasMore).toBe(true);
    await Promise.all([browser.loadMore(), browser.loadMore()]);
    expect(shownBy(browser.rows).map(entry => entry.key)).toEqual(['a', 'b', 'c', 'd']);
    expect(browser.hasMore).toBe(false);
    await browser.loadMore();
    expect(api.objects).toHaveBeenCalledTimes(2);
    expect(api.objects.mock.calls.map(([query]) => query)).toMatchObject([
      { next_token: null, page_size: 2 },
      { next_token: 't' }
    ]);
  });

  it('drops the late reply of the prefix one has left', async () => {
    const slow = deferred<Listing>();
    const { api, browser } = browserWith(({ prefix }) =>
      prefix === 'slow/' ? slow.promise : Promise.resolve(listing(prefix, [`${prefix}new`]))
    );
    const first = browser.open({ ...place, prefix: 'slow/' });
    await browser.open({ ...place, prefix: 'fast/' });
    expect(api.objects.mock.calls[0][1]?.aborted).toBe(true);
    slow.resolve(listing('slow/', ['slow/old']));
    await first;
    expect(browser.location.prefix).toBe('fast/');
    expect(shownBy(browser.rows).map(entry => entry.key)).toEqual(['fast/new']);
    expect(browser.loading).toBeNull();
  });

  it('drops the late failure of the prefix one has left', async () => {
    const slow = deferred<Listing>();
    const { browser } = browserWith(({ prefix }) =>
      prefix === 'slow/' ? slow.promise : Promise.resolve(listing(prefix, []))
    );
    const first = browser.open({ ...place, prefix: 'slow/' });
    await browser.open({ ...place, prefix: 'fast/' });
    slow.reject(new ApiError('gone', 'not_found', 404));
    await first;
    expect(browser.error).toBeNull();
  });

  it('keeps the rows when the next page fails, and goes on from there', async () => {
    let broken = true;
    const { browser } = browserWith(async ({ next_token }) => {
      if (next_token && broken) {
        throw new ApiError('Slow down', 'service', 503);
      }
      return next_token ? listing('', ['b']) : listing('', ['a'], { next_token: 't' });
    });
    await browser.open(place);
    await browser.loadMore();
    expect(browser.error?.message).toBe('Slow down');
    expect(shownBy(browser.rows)).toHaveLength(1);
    broken = false;
    await browser.loadMore();
    expect(browser.error).toBeNull();
    expect(shownBy(browser.rows).map(entry => entry.key)).toEqual(['a', 'b']);
  });

  it('keeps the rows while it refreshes, and the selection', async () => {
    let reply: Promise<Listing> = Promise.resolve(listing('', ['a', 'b']));
    const { browser } = browserWith(() => reply);
    await browser.open(place);
    browser.select('b');
    const next = deferred<Listing>();
    reply = next.promise;
    const refreshed = browser.refresh();
    expect(shownBy(browser.rows)).toHaveLength(2);
    next.resolve(listing('', ['a', 'b', 'c']));
    await refreshed;
    expect(shownBy(browser.rows)).toHaveLength(3);
    expect(browser.selected?.key).toBe('b');
  });

  it('goes up and selects where it came from', async () => {
    const { browser } = browserWith(async ({ prefix }) => listing(prefix, [], { prefixes: [`${prefix}y/`] }));
    await browser.open({ ...place, prefix: 'x/y/' });
    await browser.up();
    expect([browser.location.prefix, browser.selection]).toEqual(['x/', 'x/y/']);
    await browser.up();
    await browser.up();
    expect([browser.location.bucket, browser.selection]).toEqual([null, 'b']);
  });

  it('filters by any part of the name, whatever the case', async () => {
    const { browser } = browserWith(async () => listing('p/', ['p/Alpha.csv', 'p/beta.csv']));
    await browser.open({ ...place, prefix: 'p/' });
    browser.setFilter('ALPH');
    expect(shownBy(browser.rows).map(entry => entry.name)).toEqual(['Alpha.csv']);
    browser.setFilter('');
    browser.setFilter('p/');
    expect(shownBy(browser.rows)).toEqual([]);
  });

  it('puts a new object where it belongs, once', async () => {
    const { browser } = browserWith(async () => listing('p/', ['p/a', 'p/c'], { prefixes: ['p/x/'] }));
    await browser.open({ ...place, prefix: 'p/' });
    browser.written('b', 'p/b', 7);
    browser.written('b', 'p/b', 8);
    browser.written('b', 'p/d/deep', 1);
    browser.written('b', 'q', 1);
    browser.written('other', 'p/e', 1);
    expect(shownBy(browser.rows).map(entry => entry.key)).toEqual(['p/d/', 'p/x/', 'p/a', 'p/b', 'p/c']);
    expect(shownBy(browser.rows)[3].size).toBe(8);
  });

  it('asks again for as many pages as it has, and keeps what is selected', async () => {
    const { api, browser } = browserWith(async ({ next_token }) =>
      next_token ? listing('', ['c', 'd'], { next_token: 'u' }) : listing('', ['a', 'b'], { next_token: 't' })
    );
    await browser.open(place);
    await browser.loadMore();
    browser.rows.selectOnly(1);
    browser.rows.toggle(3);
    await browser.refresh();
    expect(api.objects).toHaveBeenCalledTimes(4);
    expect(shownBy(browser.rows)).toHaveLength(4);
    expect(browser.rows.selectedRows()).toEqual([1, 3]);
    expect([browser.selection, browser.hasMore]).toEqual(['d', true]);
  });

  it('loads all pages, until it is stopped', async () => {
    const { api, browser } = browserWith(async ({ next_token }) =>
      listing('', [`k${next_token ?? 0}`], { next_token: String(Number(next_token ?? 0) + 1) })
    );
    await browser.open(place);
    browser.changed.connect(() => browser.rows.count >= 5 && browser.loadingAll && browser.stopLoading());
    await browser.loadAll();
    expect(api.objects).toHaveBeenCalledTimes(5);
    expect(browser.loadingAll).toBe(false);
  });

  it('selects the row that it is sent to when its page comes', async () => {
    const { browser } = browserWith(async ({ next_token }) =>
      next_token ? listing('', ['c']) : listing('', ['a', 'b'], { next_token: 't' })
    );
    await browser.open(place, 'c');
    expect([browser.selection, browser.selected]).toEqual(['c', null]);
    await browser.loadMore();
    expect(browser.selected?.key).toBe('c');
  });

  it('shows all keys in one list', async () => {
    const { api, browser } = browserWith(async ({ prefix }) => listing(prefix, ['x/y/z']));
    await browser.open({ ...place, prefix: 'x/' });
    await browser.setFlat(true);
    expect(api.objects.mock.calls[1][0]).toMatchObject({ prefix: 'x/', delimiter: '' });
    expect(shownBy(browser.rows)[0].name).toBe('y/z');
    browser.written('b', 'x/y/a', 3);
    expect(shownBy(browser.rows).map(entry => entry.kind)).toEqual(['object', 'object']);
  });
});

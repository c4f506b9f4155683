import { describe, expect, it, vi } from 'vitest';
import type { ActionRequest } from '../api/client';
import type { Job, Listing } from '../api/schema';
import { job, listing, shownBy } from '../testing/records';
import { ActionsModel } from './actions';
import { BrowserModel } from './browser';
import { JobsModel } from './jobs';
import { copyName, inTheWay } from './taken';

const place = { connection: 'demo', bucket: 'b', prefix: 'p/' };

/** Actions over a bucket that is a list of keys; each job ends as `end` says. */
function actionsOver(keys: string[], end: (request: ActionRequest) => Partial<Job> = () => ({ state: 'succeeded' })) {
  const held = [...keys];
  const objects = vi.fn(async ({ prefix }: { prefix: string }): Promise<Listing> => {
    const below = held.filter(key => key.startsWith(prefix));
    const folders = below.filter(key => key.slice(prefix.length).includes('/'));
    const prefixes = [...new Set(folders.map(key => prefix + key.slice(prefix.length).split('/')[0] + '/'))];
    return listing(
      prefix,
      below.filter(key => !folders.includes(key)),
      { prefixes }
    );
  });
  const browser = new BrowserModel({ buckets: async () => [], objects });
  const jobs = new JobsModel({
    jobs: async () => [],
    cancelJob: async id => job({ id }),
    retryJob: async id => job({ id }),
    resumeJob: async id => job({ id }),
    jobLog: async () => ({ lines: [], total: 0 })
  });
  let number = 0;
  const startAction = vi.fn(async (request: ActionRequest) => {
    number += 1;
    const started = job({ id: `j${number}`, kind: request.kind, uri: 's3://b/' });
    const ended = { ...started, updated: '2026-01-01T00:00:01Z', ...end(request) };
    setTimeout(() => jobs.apply(ended));
    return started;
  });
  const onChanged = vi.fn();
  const api = { startAction, startSend: startAction as never, createFolder: vi.fn(async () => undefined) };
  const actions = new ActionsModel({ api, browser, jobs, rows: () => browser.rows, onChanged });
  return { actions, browser, held, startAction, objects, onChanged };
}

const names = (browser: BrowserModel) => shownBy(browser.rows).map(entry => entry.name);

describe('ActionsModel', () => {
  it('names what is selected, folders apart', async () => {
    const { actions, browser } = actionsOver(['p/a', 'p/b', 'p/x/1']);
    await browser.open(place);
    expect(actions.selection()).toBeNull();
    browser.rows.selectAll();
    expect(actions.selection()).toEqual({
      connection: 'demo',
      bucket: 'b',
      keys: ['p/a', 'p/b'],
      prefixes: ['p/x/']
    });
  });

  it('deletes: the rows are on their way out, then gone, and S3 has been asked', async () => {
    const { actions, browser, held, objects, onChanged } = actionsOver(['p/a', 'p/b', 'p/c']);
    await browser.open(place);
    browser.rows.selectOnly(1);
    const selection = actions.selection();
    held.splice(1, 1);
    const removed = selection && actions.remove(selection, false);
    expect([actions.isLeaving('p/b'), actions.isLeaving('p/a')]).toEqual([true, false]);
    expect((await removed)?.state).toBe('succeeded');
    expect(names(browser)).toEqual(['a', 'c']);
    expect(actions.isLeaving('p/b')).toBe(false);
    expect(objects).toHaveBeenCalledTimes(2);
    expect(onChanged).toHaveBeenCalledWith('demo', 'b', ['p/b']);
  });

  it('leaves rows where they are when the deletion fails', async () => {
    const { actions, browser } = actionsOver(['p/a'], () => ({ state: 'failed' }));
    await browser.open(place);
    browser.rows.selectOnly(0);
    const selection = actions.selection();
    expect(selection && (await actions.remove(selection, true)).state).toBe('failed');
    expect([names(browser), actions.isLeaving('p/a')]).toEqual([['a'], false]);
  });

  it('takes part in jobs that end before the reply that names them', async () => {
    const { actions, browser, startAction } = actionsOver(['p/a']);
    await browser.open(place);
    browser.rows.selectOnly(0);
    const selection = actions.selection();
    const ended = job({
      id: 'quick',
      kind: 'delete',
      state: 'succeeded',
      uri: 's3://b/',
      updated: '2026-01-02T00:00:00Z'
    });
    startAction.mockImplementationOnce(async () => {
      actionsJobs(actions).apply(ended);
      return { ...ended, state: 'queued', updated: '2026-01-01T00:00:00Z' };
    });
    expect(selection && (await actions.remove(selection, false)).state).toBe('succeeded');
  });

  it('moves what was cut once, and forgets it then', async () => {
    const { actions, browser, startAction } = actionsOver(['p/a', 'q/b']);
    await browser.open(place);
    browser.rows.selectOnly(0);
    const selection = actions.selection();
    if (selection) {
      actions.setClip('cut', selection);
    }
    expect(actions.isLeaving('p/a')).toBe(true);
    // Where it is already there is nothing to do.
    expect(await actions.paste('fail', place)).toBeNull();
    if (selection) {
      actions.setClip('cut', selection);
    }
    await browser.open({ ...place, prefix: 'q/' });
    await actions.paste();
    expect(startAction.mock.calls).toMatchObject([
      [{ kind: 'move', keys: ['p/a'], to_bucket: 'b', to_prefix: 'q/', on_conflict: 'fail' }]
    ]);
    expect(actions.clip).toBeNull();
  });

  it('makes a copy of another name of what is pasted where it is', async () => {
    const { actions, browser, startAction } = actionsOver(['p/a.csv', 'p/a copy.csv']);
    await browser.open(place);
    browser.select('p/a.csv');
    const selection = actions.selection();
    if (selection) {
      actions.setClip('copy', selection);
    }
    await actions.paste();
    expect(startAction.mock.calls).toMatchObject([[{ kind: 'copy', keys: ['p/a.csv'], rename: 'p/a copy 2.csv' }]]);
  });

  it('renames an object and a folder in their place, and selects them', async () => {
    const { actions, browser, held, startAction } = actionsOver(['p/a', 'p/x/1']);
    await browser.open(place);
    browser.select('p/x/');
    held.splice(1, 1, 'p/y/1');
    const folder = actions.selection();
    if (folder) {
      await actions.rename(folder, 'y');
    }
    expect(startAction.mock.calls).toMatchObject([[{ kind: 'move', prefixes: ['p/x/'], rename: 'p/y/' }]]);
    expect([names(browser), browser.selected?.key]).toEqual([['y', 'a'], 'p/y/']);
  });
});

describe('copyName', () => {
  it('keeps the ending and finds a free name', () => {
    expect(copyName('p/a.tar.gz', new Set())).toBe('p/a copy.tar.gz');
    expect(copyName('p/a', new Set(['p/a copy']))).toBe('p/a copy 2');
    expect(copyName('p/x.ms/', new Set())).toBe('p/x.ms copy/');
    expect(copyName('.env', new Set())).toBe('.env copy');
  });
});

describe('inTheWay', () => {
  it('tells a name that is taken from other troubles', () => {
    const taken = 's3://b/a exists already; choose to skip or to replace it';
    const failed = (code: string, message: string, notes: string[] = []) =>
      inTheWay(job({ state: 'failed', error: { code, message }, notes }));
    expect(failed('conflict', taken)).toEqual(['s3://b/a exists already']);
    expect(failed('incomplete', 'two failed', [`a: ${taken}`, `a: ${taken}`])).toEqual(['s3://b/a exists already']);
    expect(failed('incomplete', 'denied', ['a: denied'])).toEqual([]);
    expect(inTheWay(job({ state: 'succeeded' }))).toEqual([]);
  });
});

function actionsJobs(actions: ActionsModel): JobsModel {
  return (actions as unknown as { options: { jobs: JobsModel } }).options.jobs;
}

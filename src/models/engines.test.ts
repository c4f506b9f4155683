import { describe, expect, it, vi } from 'vitest';
import { ApiError } from '../api/client';
import type { ExecutorInfo } from '../api/schema';
import { until } from '../testing/until';
import { EnginesModel } from './engines';

const integer = { anyOf: [{ type: 'integer', minimum: 1, maximum: 4096 }, { type: 'null' }], default: null };
const address = { anyOf: [{ type: 'string' }, { type: 'null' }], default: null, title: 'Scheduler' };

function engine(name: string, partial: Partial<ExecutorInfo> = {}): ExecutorInfo {
  const properties = { workers: integer, ...(name === 'dask' && { address }) };
  const info = { name, title: name, where: 'process' as const, usable: true, extra: null, problem: null };
  return { ...info, options_schema: { properties }, ...partial };
}

async function setUp(list = [engine('threads'), engine('dask'), engine('ray', { usable: false })]) {
  const cluster = { name: 'Local', scheduler_address: 'tcp://127.0.0.1:1', workers: 2 };
  const api = { executors: vi.fn(async () => list), daskClusters: vi.fn(async () => [cluster]) };
  const engines = new EnginesModel(api);
  await engines.load();
  return { api, engines };
}

describe('EnginesModel', () => {
  it("takes the server's own threads until another one is chosen", async () => {
    const { api, engines } = await setUp();
    expect(engines.request).toEqual({ executor: 'threads', executor_options: {}, priority: 'normal' });
    expect(engines.isOwn).toBe(true);
    expect(api.daskClusters).not.toHaveBeenCalled();
  });

  it('sends the options of the chosen engine, and keeps those of each', async () => {
    const { engines } = await setUp();
    engines.setValue('workers', '7');
    engines.choose('dask');
    engines.setValue('address', 'tcp://10.0.0.5:8786');
    expect(engines.request).toEqual({
      executor: 'dask',
      executor_options: { address: 'tcp://10.0.0.5:8786' },
      priority: 'normal'
    });
    engines.choose('threads');
    expect(engines.request).toEqual({ executor: 'threads', executor_options: { workers: 7 }, priority: 'normal' });
    expect(engines.isOwn).toBe(false);
  });

  it('asks for clusters when Dask is chosen, and does without', async () => {
    const { api, engines } = await setUp();
    engines.choose('dask');
    await until(() => expect(engines.clusters).toHaveLength(1));
    api.daskClusters.mockRejectedValueOnce(new Error('404'));
    engines.choose('dask');
    await until(() => expect(engines.clusters).toEqual([]));
    expect(engines.error).toBeNull();
  });

  it('says of a job how soon it is wanted', async () => {
    const { engines } = await setUp();
    engines.setPriority('high');
    expect(engines.request.priority).toBe('high');
    expect(engines.toJSON()).not.toHaveProperty('priority');
  });

  it('says what is wrong with an option', async () => {
    const { engines } = await setUp();
    engines.setValue('workers', '0');
    expect(engines.faults).toEqual({ workers: 'minimum' });
  });

  it('falls back where the remembered engine cannot be used here', async () => {
    const { engines } = await setUp();
    engines.restore({ chosen: 'ray', values: { ray: { workers: '3', odd: 4 }, dask: 'x' } });
    expect(engines.engine?.name).toBe('threads');
    expect(engines.toJSON()).toEqual({ chosen: 'ray', values: { ray: { workers: '3' }, dask: {} } });
    engines.restore(undefined);
    expect(engines.chosen).toBe('ray');
  });

  it('shows an error of the list, asks once, and after an error again', async () => {
    const api = { executors: vi.fn(async () => [engine('threads')]), daskClusters: vi.fn(async () => []) };
    api.executors.mockRejectedValueOnce(new ApiError('gone', 'unreachable', 0));
    const engines = new EnginesModel(api);
    await engines.load();
    expect(engines.error?.message).toBe('gone');
    expect(engines.request.executor).toBe('threads');
    await engines.load();
    await engines.load();
    expect(engines.error).toBeNull();
    expect(api.executors).toHaveBeenCalledTimes(2);
  });

  it('waits for the list only where something else was chosen, and then does not send less', async () => {
    const api = {
      executors: vi.fn(async () => [engine('threads'), engine('dask')]),
      daskClusters: vi.fn(async () => [])
    };
    api.executors.mockRejectedValueOnce(new ApiError('gone', 'unreachable', 0));
    const engines = new EnginesModel(api);
    expect(await engines.ready()).toEqual({ executor: 'threads', executor_options: {}, priority: 'normal' });
    expect(api.executors).not.toHaveBeenCalled();
    engines.restore({ chosen: 'dask', values: { dask: { workers: '2' } } });
    await expect(engines.ready()).rejects.toThrow('gone');
    expect(await engines.ready()).toEqual({ executor: 'dask', executor_options: { workers: 2 }, priority: 'normal' });
  });
});

import { describe, expect, it, vi } from 'vitest';
import type { BenchmarkResult, BenchmarkSummary, FormatInfo, Job } from '../api/schema';
import { benchmark, job } from '../testing/records';
import { until } from '../testing/until';
import { BenchmarkModel } from './benchmark';
import { EnginesModel } from './engines';
import type { IFunctions, IProgress, IRegistered, NoFunctions } from './functions';
import { JobsModel } from './jobs';

const csv = { name: 'csv', title: 'CSV', version: 1, extensions: [], usable: true, extra: null, problem: null };
const target = { connection: 'demo', bucket: 'b', key: 'a.csv', format: 'csv', params: {} };

function summary({ id, uri, created, parameter }: BenchmarkResult): BenchmarkSummary {
  return { id, uri, created, parameter } as BenchmarkSummary;
}

function setUp(results: BenchmarkResult[] = [], functions: IFunctions | null = null) {
  const known = new Map(results.map(result => [result.id, result]));
  const api = {
    formats: vi.fn(async (): Promise<FormatInfo[]> => [{ ...csv, views: [], params_schema: {} }]),
    startBenchmark: vi.fn(async (): Promise<Job> => job({ id: 'bj', kind: 'benchmark', state: 'queued' })),
    benchmarks: vi.fn(async () => [...known.values()].map(summary)),
    benchmark: vi.fn(async (id: string) => known.get(id)!),
    deleteBenchmark: vi.fn(async (id: string) => void known.delete(id)),
    saveBenchmark: vi.fn(async (result: BenchmarkResult) => {
      known.set(result.id, result);
      return summary(result);
    }),
    benchmarkCsv: (id: string) => `csv/${id}`
  };
  const jobs = new JobsModel({
    jobs: vi.fn(async () => []),
    cancelJob: vi.fn(async () => job({ id: 'bj', state: 'cancelled' })),
    retryJob: vi.fn(),
    resumeJob: vi.fn(),
    jobLog: vi.fn()
  });
  const engines = new EnginesModel({ executors: vi.fn(async () => []), daskClusters: vi.fn(async () => []) });
  const model = new BenchmarkModel(target, { api, jobs, engines, functions });
  const tell = (partial: Partial<Job>) =>
    jobs.apply(job({ id: 'bj', kind: 'benchmark', unit: 'measurements', ...partial }));
  return { api, jobs, model, known, tell };
}

describe('BenchmarkModel', () => {
  it('shows the newest result of the object, and none of another one', async () => {
    const other = benchmark('o', { 1: 1 }, { uri: 's3://b/other.csv' });
    const { model } = setUp([benchmark('new', { 1: 1 }), benchmark('old', { 1: 1 }), other]);
    await model.load();
    expect(model.saved.map(({ id }) => id)).toEqual(['new', 'old']);
    expect(model.result?.id).toBe('new');
  });

  it('draws what has been measured while the job runs, and the last word', async () => {
    const { api, model, known, tell, jobs } = setUp();
    await model.load();
    await model.start();
    expect(model.running).toBe(true);
    expect(api.startBenchmark).toHaveBeenCalledWith(expect.objectContaining({ uri: 's3://b/a.csv', timed: 'read' }));
    known.set('r', benchmark('r', { 1: 1 }, { finished: false }));
    tell({ benchmark_id: 'r', done: 1, updated: '2026-01-01T00:00:01Z' });
    await until(() => expect(model.result?.points).toHaveLength(1));
    known.set('r', benchmark('r', { 1: 1, 2: 2 }));
    tell({ benchmark_id: 'r', done: 2, state: 'succeeded', updated: '2026-01-01T00:00:02Z' });
    await until(() => expect(model.saved.map(({ id }) => id)).toEqual(['r']));
    expect(model.result?.finished).toBe(true);
    expect(model.running).toBe(false);
    jobs.dispose();
  });

  it('lists a benchmark that ended while its result was on its way', async () => {
    const { api, model, known, tell, jobs } = setUp();
    await model.load();
    await model.start();
    known.set('r', benchmark('r', { 1: 1 }, { finished: false }));
    let arrive: () => void = () => undefined;
    api.benchmark.mockImplementationOnce(async id => {
      const early = known.get(id)!;
      await new Promise<void>(done => (arrive = done));
      return early;
    });
    tell({ benchmark_id: 'r', done: 1, updated: '2026-01-01T00:00:01Z' });
    known.set('r', benchmark('r', { 1: 1, 2: 2 }));
    tell({ benchmark_id: 'r', done: 2, state: 'succeeded', updated: '2026-01-01T00:00:02Z' });
    arrive();
    await until(() => expect(model.saved.map(({ id }) => id)).toEqual(['r']));
    expect(model.result?.finished).toBe(true);
    jobs.dispose();
  });

  it('finds a benchmark of the object that runs already', async () => {
    const { model, known, tell, jobs } = setUp();
    known.set('r', benchmark('r', { 1: 1 }, { finished: false }));
    tell({ benchmark_id: 'r', done: 1, uri: 's3://b/a.csv' });
    expect(model.running).toBe(true);
    await until(() => expect(model.result?.id).toBe('r'));
    jobs.dispose();
  });

  it('leaves an older result in view that somebody looks at meanwhile', async () => {
    const { api, model, known, tell, jobs } = setUp([benchmark('old', { 1: 1 })]);
    await model.load();
    await model.start();
    known.set('r', benchmark('r', { 1: 1 }, { finished: false }));
    tell({ benchmark_id: 'r', done: 1, updated: '2026-01-01T00:00:01Z' });
    await until(() => expect(model.result?.id).toBe('r'));
    await model.show('old');
    api.benchmark.mockClear();
    tell({ benchmark_id: 'r', done: 2, state: 'succeeded', updated: '2026-01-01T00:00:02Z' });
    await until(() => expect(model.saved).toHaveLength(2));
    expect(model.result?.id).toBe('old');
    expect(api.benchmark).not.toHaveBeenCalled();
    jobs.dispose();
  });

  it('compares results of one parameter, and forgets one that is deleted', async () => {
    const bytes = benchmark('bytes', { 1: 1 }, { parameter: 'slice_bytes' });
    const { model } = setUp([benchmark('a', { 1: 1 }), benchmark('b', { 2: 2 }), bytes]);
    await model.load();
    await model.compare('b');
    expect(model.compared?.id).toBe('b');
    await model.show('bytes');
    expect(model.compared).toBeNull();
    await model.show('a');
    await model.compare('b');
    await model.remove('b');
    expect(model.compared).toBeNull();
    await model.remove('a');
    expect(model.result?.id).toBe('bytes');
  });

  it('says why a benchmark was refused', async () => {
    const { api, model } = setUp();
    await model.load();
    api.startBenchmark.mockRejectedValueOnce(new Error('there is no function'));
    await model.start();
    expect(model.submitError?.message).toBe('there is no function');
    expect(model.canStart).toBe(true);
  });

  it('cannot start what is not complete', async () => {
    const { api, model } = setUp();
    await model.load();
    model.change({ way: 'list' });
    expect(model.canStart).toBe(false);
    await model.start();
    expect(api.startBenchmark).not.toHaveBeenCalled();
  });
});

describe('functions of a notebook', () => {
  const registered: IRegistered[] = [{ name: 'read', doc: '', per: 'slice' }];

  function withFunctions(found: IRegistered[] | NoFunctions) {
    const cancel = vi.fn(async () => undefined);
    const asked: { report: (progress: IProgress) => void; end: (result: BenchmarkResult) => void }[] = [];
    const functions: IFunctions = {
      notebook: 'a.ipynb',
      list: vi.fn(async () => found),
      run: (_, __, report) => ({ result: new Promise(end => asked.push({ report, end })), cancel })
    };
    return { ...setUp([], functions), asked, cancel };
  }

  it('are asked for when they are wanted, and the first is chosen', async () => {
    const { model } = withFunctions(registered);
    await model.load();
    model.change({ timed: 'notebook' });
    expect(model.canStart).toBe(false);
    await until(() => expect(model.sweep.registered).toBe('read'));
    expect(model.canStart).toBe(true);
  });

  it('are missing, and that is said', async () => {
    const { model } = withFunctions('none');
    await model.load();
    await model.findFunctions();
    expect(model.registered).toBe('none');
    expect(model.sweep.registered).toBe('');
  });

  it('run in the kernel; the result is saved by us', async () => {
    const { api, model, asked, cancel } = withFunctions(registered);
    await model.load();
    model.change({ timed: 'notebook', registered: 'read' });
    await model.findFunctions();
    const started = model.start();
    await until(() => expect(asked).toHaveLength(1));
    asked[0].report({ done: 1, total: 3, phase: 'measuring' });
    expect(model.inNotebook?.done).toBe(1);
    await model.cancel();
    expect(cancel).toHaveBeenCalledTimes(1);
    asked[0].end(benchmark('n', { 1: 1 }));
    await started;
    expect(api.saveBenchmark).toHaveBeenCalledWith(expect.objectContaining({ id: 'n' }));
    expect(model.saved.map(({ id }) => id)).toEqual(['n']);
    expect(model.running).toBe(false);
    expect(api.startBenchmark).not.toHaveBeenCalled();
  });
});

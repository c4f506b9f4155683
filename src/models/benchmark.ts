/* The benchmarks of one object: the form, the one that runs, those that are saved, and which are shown. */
import type { ApiClient } from '../api/client';
import { ApiError, asApiError } from '../api/client';
import type { BenchmarkResult, BenchmarkSummary, FormatInfo, Job } from '../api/schema';
import type { EnginesModel } from './engines';
import type { IFunctions, IProgress, IRegistered, IRun, NoFunctions } from './functions';
import type { JobsModel } from './jobs';
import { isActive } from './jobs';
import { makeUri } from './location';
import type { ITargetObject } from './object';
import { Observable } from './observable';
import type { ISweep, SweepField } from './sweep';
import { benchmarkRequest, initialSweep, sweepFaults } from './sweep';

export interface IBenchmarkTarget extends ITargetObject {
  format: string;
  /** How the object is read; no way to cut among it. */
  params: Record<string, unknown>;
}

export interface IBenchmarkOptions {
  api: Pick<
    ApiClient,
    'formats' | 'startBenchmark' | 'benchmarks' | 'benchmark' | 'deleteBenchmark' | 'saveBenchmark' | 'benchmarkCsv'
  >;
  jobs: JobsModel;
  engines: EnginesModel;
  functions: IFunctions | null;
}

export class BenchmarkModel extends Observable {
  constructor(
    public target: IBenchmarkTarget,
    private readonly options: IBenchmarkOptions
  ) {
    super();
    options.jobs.changed.connect(this.onJobs, this);
    options.engines.changed.connect(this.emit, this);
  }

  sweep: ISweep = initialSweep();
  format: FormatInfo | null = null;
  formatError: ApiError | null = null;
  submitting = false;
  submitError: ApiError | null = null;
  jobId: string | null = null;
  /** A run in the notebook's kernel, which is no job of the server. */
  inNotebook: IProgress | null = null;

  /** Saved results of this object, newest first. */
  saved: BenchmarkSummary[] = [];
  savedLoaded = false;
  savedError: ApiError | null = null;
  /** What is shown, and what is laid over it. */
  result: BenchmarkResult | null = null;
  compared: BenchmarkResult | null = null;
  resultError: ApiError | null = null;

  /** Functions of the active notebook, or why there are none; null until asked for. */
  registered: IRegistered[] | NoFunctions | null = null;

  get uri(): string {
    return makeUri(this.target.bucket, this.target.key);
  }

  get job(): Job | null {
    return this.options.jobs.get(this.jobId);
  }

  get running(): boolean {
    return this.inNotebook !== null || (this.job !== null && isActive(this.job));
  }

  get faults(): Partial<Record<SweepField, string>> {
    return sweepFaults(this.sweep);
  }

  get canStart(): boolean {
    const { engines } = this.options;
    const ready = this.format !== null && this.format.usable && !this.running && !this.submitting;
    return ready && !Object.keys(this.faults).length && !engines.hasFaults;
  }

  get notebook(): string | null {
    return this.options.functions?.notebook ?? null;
  }

  /** The format, the saved results, and one of them: the wanted one, that of the running job, or the newest. */
  async load(wanted: string | null = null): Promise<void> {
    this.adopt();
    await Promise.all([this.loadFormat(), this.loadSaved()]);
    if (!this.result && (wanted !== null || this.saved.length)) {
      await this.show(wanted ?? this.job?.benchmark_id ?? this.saved[0].id);
      this._watching ||= wanted === null;
    }
  }

  /** The same object, read in another way: as the form in the panel says now. */
  async retarget(target: IBenchmarkTarget): Promise<void> {
    const other = target.format !== this.target.format;
    this.target = target;
    if (other) {
      this.sweep = { ...this.sweep, parameter: 'num_slices', view: '' };
      await this.loadFormat();
    }
    this.emit();
  }

  async loadFormat(): Promise<void> {
    try {
      const formats = await this.options.api.formats();
      this.format = formats.find(({ name }) => name === this.target.format) ?? null;
      this.formatError = this.format
        ? null
        : new ApiError(`This server has no format called “${this.target.format}”.`, 'not_found', 404);
    } catch (error) {
      this.formatError = asApiError(error);
    }
    this.emit();
  }

  async loadSaved(): Promise<void> {
    try {
      const all = await this.options.api.benchmarks();
      this.saved = all.filter(({ uri }) => uri === this.uri);
      this.savedError = null;
      this.savedLoaded = true;
    } catch (error) {
      this.savedError = asApiError(error);
    }
    this.emit();
  }

  change(part: Partial<ISweep>): void {
    this.sweep = { ...this.sweep, ...part };
    this.emit();
    if (part.timed === 'notebook') {
      void this.findFunctions();
    }
  }

  async findFunctions(): Promise<void> {
    this.registered = null;
    this.emit();
    const found = await (this.options.functions?.list() ?? Promise.resolve('notebook' as const));
    this.registered = found;
    const names = Array.isArray(found) ? found.map(({ name }) => name) : [];
    if (!names.includes(this.sweep.registered)) {
      this.sweep = { ...this.sweep, registered: names[0] ?? '' };
    }
    this.emit();
  }

  async start(): Promise<void> {
    if (!this.canStart) {
      return;
    }
    this.submitting = true;
    this.submitError = null;
    this.emit();
    try {
      const { connection, format, params } = this.target;
      const engine = await this.options.engines.ready();
      const request = benchmarkRequest(this.sweep, { connection, uri: this.uri, format, params }, engine);
      if (this.sweep.timed === 'notebook') {
        await this.runInNotebook(request);
      } else {
        const job = await this.options.api.startBenchmark(request);
        this.jobId = job.id;
        this._watching = true;
        this.options.jobs.apply(job);
      }
    } catch (error) {
      this.submitError = asApiError(error);
    }
    this.submitting = false;
    this.emit();
  }

  async cancel(): Promise<void> {
    try {
      if (this._run) {
        await this._run.cancel();
      } else if (this.jobId !== null) {
        await this.options.jobs.cancel(this.jobId);
      }
    } catch (error) {
      this.submitError = asApiError(error);
      this.emit();
    }
  }

  /** Show a result; another one than that of the running job stays in view while that goes on. */
  async show(id: string | null): Promise<void> {
    this._watching = id === null || id === this.job?.benchmark_id;
    this.resultError = null;
    try {
      this.result = id === null ? null : await this.options.api.benchmark(id);
      if (this.compared && (this.compared.id === id || this.compared.parameter !== this.result?.parameter)) {
        this.compared = null;
      }
    } catch (error) {
      this.resultError = asApiError(error);
    }
    this.emit();
  }

  /** Lay a second result over the one that is shown; the same once more takes it away. */
  async compare(id: string): Promise<void> {
    try {
      this.compared = this.compared?.id === id ? null : await this.options.api.benchmark(id);
    } catch (error) {
      this.resultError = asApiError(error);
    }
    this.emit();
  }

  async remove(id: string): Promise<void> {
    await this.options.api.deleteBenchmark(id);
    this.saved = this.saved.filter(summary => summary.id !== id);
    this.compared = this.compared?.id === id ? null : this.compared;
    if (this.result?.id === id) {
      await this.show(this.saved[0]?.id ?? null);
    }
    this.emit();
  }

  csvAddress(id: string): string {
    return this.options.api.benchmarkCsv(id);
  }

  dispose(): void {
    this.options.jobs.changed.disconnect(this.onJobs, this);
    this.options.engines.changed.disconnect(this.emit, this);
    super.dispose();
  }

  private async runInNotebook(request: Parameters<IFunctions['run']>[1]): Promise<void> {
    const { functions, api } = this.options;
    if (!functions) {
      return;
    }
    this.inNotebook = { done: 0, total: 0, phase: '' };
    this.submitting = false;
    this._run = functions.run(this.sweep.registered, request, progress => {
      this.inNotebook = progress;
      this.emit();
    });
    this.emit();
    try {
      const result = await this._run.result;
      this.result = result;
      await api.saveBenchmark(result);
      await this.loadSaved();
    } finally {
      this._run = null;
      this.inNotebook = null;
    }
  }

  /** A benchmark of this object that runs already: after a reload, or started elsewhere. */
  private adopt(): void {
    if (!this.job || !isActive(this.job)) {
      const running = this.options.jobs.active.find(({ kind, uri }) => kind === 'benchmark' && uri === this.uri);
      if (running) {
        this.jobId = running.id;
        this._watching = true;
      }
    }
  }

  private onJobs(): void {
    this.adopt();
    const { job } = this;
    if (job && job.updated !== this._seen) {
      this._seen = job.updated;
      void this.follow(job);
    }
    this.emit();
  }

  /** What has been measured so far; one request at a time, the last word always. */
  private async follow(job: Job): Promise<void> {
    const measured = this._watching && job.benchmark_id !== null && (job.done > this._measured || !isActive(job));
    if (measured) {
      this._measured = job.done;
      if (this._fetching) {
        this._again = true;
        return;
      }
      this._fetching = true;
      do {
        this._again = false;
        await this.show((this.job ?? job).benchmark_id);
      } while (this._again);
      this._fetching = false;
    }
    // As it is now: it may have ended while its result was on its way.
    if (!isActive(this.job ?? job)) {
      this._measured = 0;
      await this.loadSaved();
    }
  }

  private _run: IRun | null = null;
  private _watching = true;
  private _seen = '';
  private _measured = 0;
  private _fetching = false;
  private _again = false;
}

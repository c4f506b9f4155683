/* Where tasks run: the engines that there are, the chosen one, and its options. */
import type { ReadonlyPartialJSONObject, ReadonlyPartialJSONValue } from '@lumino/coreutils';
import type { ApiClient, ApiError, IDaskCluster } from '../api/client';
import { asApiError } from '../api/client';
import type { ExecutorInfo, Job } from '../api/schema';
import type { FieldValue, FormFault, IForm, IFormState } from './form';
import { faultsOf, formOf, initialState, paramsOf } from './form';
import { Observable } from './observable';

/** The server's own threads: always there. */
export const OWN = 'threads';

/** The option in which an engine takes the address of a Dask scheduler. */
export const ADDRESS = 'address';

export type Priority = Job['priority'];

export interface IEngineRequest {
  executor: string;
  executor_options: Record<string, unknown>;
  priority: Priority;
}

type Api = Pick<ApiClient, 'executors' | 'daskClusters'>;

export class EnginesModel extends Observable {
  constructor(private readonly api: Api) {
    super();
  }

  list: ExecutorInfo[] = [];
  loaded = false;
  error: ApiError | null = null;
  /** What a person chose; `engine` tells what is in force. */
  chosen: string = OWN;
  /** Which of the jobs that wait comes first. Not remembered: it is said of one job. */
  priority: Priority = 'normal';
  /** Dask clusters that this JupyterLab keeps. */
  clusters: IDaskCluster[] = [];

  /** The chosen engine, unless it cannot be used here: then the server's own threads. */
  get engine(): ExecutorInfo | null {
    const chosen = this.list.find(({ name }) => name === this.chosen);
    return chosen?.usable ? chosen : (this.list.find(({ name }) => name === OWN) ?? null);
  }

  get form(): IForm {
    const { engine } = this;
    return formOf(engine ? engine.options_schema : {});
  }

  get state(): IFormState {
    const initial = initialState(this.form);
    const kept = this._values.get(this.engine?.name ?? OWN) ?? {};
    return { ...initial, values: { ...initial.values, ...kept } };
  }

  get faults(): Record<string, FormFault> {
    return faultsOf(this.form, this.state);
  }

  get hasFaults(): boolean {
    return Object.keys(this.faults).length > 0;
  }

  /** What a request says of it. */
  get request(): IEngineRequest {
    return {
      executor: this.engine?.name ?? OWN,
      executor_options: paramsOf(this.form, this.state),
      priority: this.priority
    };
  }

  /** Whether a person chose something else than what is there anyway. */
  get isOwn(): boolean {
    const { executor, executor_options } = this.request;
    return executor === OWN && !Object.keys(executor_options).length;
  }

  /** Ask which there are, once; after an error anew. */
  async load(): Promise<void> {
    if (!this.loaded) {
      this._loading ??= this.ask();
      await this._loading;
    }
  }

  /** What a request says of it, as soon as that can be told. Throws when the chosen engine cannot be asked for. */
  async ready(): Promise<IEngineRequest> {
    if (this.chosen !== OWN || this._values.has(OWN)) {
      await this.load();
      if (!this.loaded && this.error) {
        throw this.error;
      }
    }
    return this.request;
  }

  choose(name: string): void {
    this.chosen = name;
    this.emit();
    void this.findClusters();
  }

  setPriority(priority: Priority): void {
    this.priority = priority;
    this.emit();
  }

  setValue(name: string, value: FieldValue): void {
    const engine = this.engine?.name ?? OWN;
    this._values.set(engine, { ...this._values.get(engine), [name]: value });
    this.emit();
  }

  toJSON(): ReadonlyPartialJSONObject {
    return { chosen: this.chosen, values: Object.fromEntries(this._values) };
  }

  /** What was remembered; what makes no sense is passed over. */
  restore(value: ReadonlyPartialJSONValue | undefined): void {
    const { chosen, values } = (isRecord(value) ? value : {}) as { chosen?: unknown; values?: unknown };
    if (typeof chosen === 'string') {
      this.chosen = chosen;
    }
    for (const [engine, kept] of Object.entries(isRecord(values) ? values : {})) {
      const known = Object.entries(isRecord(kept) ? kept : {}).filter(
        (entry): entry is [string, FieldValue] => typeof entry[1] === 'string' || typeof entry[1] === 'boolean'
      );
      this._values.set(engine, Object.fromEntries(known));
    }
    this.emit();
    void this.findClusters();
  }

  private async ask(): Promise<void> {
    try {
      this.list = await this.api.executors();
      this.loaded = true;
      this.error = null;
    } catch (error) {
      this.error = asApiError(error);
    }
    this._loading = null;
    this.emit();
    await this.findClusters();
  }

  /** Only for Dask, and where nobody keeps clusters there are none: not worth an error. */
  private async findClusters(): Promise<void> {
    if (this.engine?.name === 'dask') {
      this.clusters = await this.api.daskClusters().catch(() => []);
      this.emit();
    }
  }

  private _loading: Promise<void> | null = null;
  private readonly _values = new Map<string, Record<string, FieldValue>>();
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

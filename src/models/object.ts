/* One object: what it is, which format fits, and how it is to be cut. */
import type { ApiClient, ApiError } from '../api/client';
import { asApiError, isAbort } from '../api/client';
import type { FormatInfo, Job, ObjectDetail } from '../api/schema';
import type { IEngineRequest } from './engines';
import type { FieldValue, IForm, IFormState } from './form';
import { faultsOf, formOf, initialState, paramsOf } from './form';
import { Observable } from './observable';

export interface ITargetObject {
  connection: string;
  bucket: string;
  key: string;
}

type Api = Pick<ApiClient, 'object' | 'formats' | 'startPartition'>;

export class ObjectModel extends Observable {
  constructor(private readonly api: Api) {
    super();
  }

  target: ITargetObject | null = null;
  detail: ObjectDetail | null = null;
  formats: FormatInfo[] = [];
  loading = false;
  error: ApiError | null = null;
  /** The format a person chose instead of the detected one. */
  chosen: string | null = null;
  submitting = false;
  submitError: ApiError | null = null;
  /** The partition started last for this object. */
  jobId: string | null = null;

  /** The format in force: the chosen one, else what the bytes say. */
  get format(): FormatInfo | null {
    const name = this.chosen ?? this.detail?.format;
    return this.formats.find(format => format.name === name) ?? null;
  }

  get form(): IForm | null {
    const format = this.format;
    if (!format) {
      return null;
    }
    let form = this._forms.get(format.name);
    if (!form) {
      form = formOf(format.params_schema);
      this._forms.set(format.name, form);
    }
    return form;
  }

  /** What stands in the form. It outlives the object, so that the next one is cut alike. */
  get state(): IFormState {
    const { format, form } = this;
    if (!format || !form) {
      return { cutBy: null, values: {} };
    }
    return this._states.get(format.name) ?? initialState(form);
  }

  get canPartition(): boolean {
    const { form, format } = this;
    const ready = !this.loading && !this.submitting && this.detail !== null;
    return ready && !!form && !!format?.usable && !Object.keys(faultsOf(form, this.state)).length;
  }

  /** How the object is read, as the form says: no way to cut among it. */
  get readingParams(): Record<string, unknown> {
    const { form } = this;
    const only = form && { cut: [], plain: [], reading: form.reading };
    return only ? paramsOf(only, this.state) : {};
  }

  async show(target: ITargetObject | null): Promise<void> {
    const same = target && this.target && sameObject(target, this.target);
    this.target = target;
    if (!target) {
      this.detail = null;
    }
    if (!same) {
      // The former object stays in view until the new one is there: nothing jumps.
      this.chosen = null;
      this.jobId = null;
      this.submitError = null;
    }
    await this.load();
  }

  load(): Promise<void> {
    this._settled = this.look();
    return this._settled;
  }

  /** Over when what is being looked at is known. */
  get settled(): Promise<void> {
    return this._settled;
  }

  private async look(): Promise<void> {
    this._abort?.abort();
    const abort = (this._abort = new AbortController());
    const { target } = this;
    this.error = null;
    this.loading = target !== null;
    this.emit();
    if (!target) {
      return;
    }
    try {
      const [detail, formats] = await Promise.all([
        this.api.object(target, abort.signal),
        this.formats.length ? this.formats : this.api.formats()
      ]);
      this.formats = formats;
      if (abort.signal.aborted) {
        return;
      }
      this.detail = detail;
    } catch (error) {
      if (abort.signal.aborted || isAbort(error)) {
        return;
      }
      this.error = asApiError(error);
      this.detail = null;
    }
    this.loading = false;
    this.emit();
  }

  chooseFormat(name: string | null): void {
    this.chosen = name === this.detail?.format ? null : name;
    this.submitError = null;
    this.emit();
  }

  cutBy(name: string | null): void {
    this.change({ ...this.state, cutBy: name });
  }

  setValue(name: string, value: FieldValue): void {
    const { state } = this;
    this.change({ ...state, values: { ...state.values, [name]: value } });
  }

  /** Cut by a value that was found to be good; where the format has no such way, by the number of slices it makes. */
  use(parameter: string, value: number, numSlices: number | null): void {
    const has = (name: string) => this.form?.cut.some(field => field.name === name) ?? false;
    const [name, wanted] = has(parameter) ? [parameter, value] : ['num_slices', numSlices ?? value];
    const { state } = this;
    this.change({ cutBy: name, values: { ...state.values, [name]: String(wanted) } });
  }

  /** Start the partition on an engine; the job, or null when it was refused (see `submitError`). */
  async partition(engine: () => Promise<IEngineRequest>): Promise<Job | null> {
    const { target, detail, form, format } = this;
    if (!target || !detail || !form || !format || !this.canPartition) {
      return null;
    }
    this.submitting = true;
    this.submitError = null;
    this.emit();
    try {
      const params = paramsOf(form, this.state);
      const job = await this.api.startPartition({
        kind: 'partition',
        connection: target.connection,
        uri: detail.uri,
        format: format.name,
        params,
        ...(await engine())
      });
      if (target === this.target) {
        this.jobId = job.id;
      }
      return job;
    } catch (error) {
      this.submitError = asApiError(error);
      return null;
    } finally {
      this.submitting = false;
      this.emit();
    }
  }

  private change(state: IFormState): void {
    if (this.format) {
      this._states.set(this.format.name, state);
      this.emit();
    }
  }

  private _settled: Promise<void> = Promise.resolve();
  private readonly _forms = new Map<string, IForm>();
  private readonly _states = new Map<string, IFormState>();
  private _abort: AbortController | null = null;
}

function sameObject(a: ITargetObject, b: ITargetObject): boolean {
  return a.connection === b.connection && a.bucket === b.bucket && a.key === b.key;
}

/* Counting what a selection holds, piece by piece, before something is done to it. */
import type { ApiClient, ApiError } from '../api/client';
import { asApiError } from '../api/client';
import type { MeasureRequest, Selection } from '../api/schema';
import { Observable } from './observable';

type Api = Pick<ApiClient, 'measure'>;

export class Measuring extends Observable {
  constructor(
    private readonly api: Api,
    private readonly selection: Selection,
    private readonly versions: boolean
  ) {
    super();
  }

  objects = 0;
  bytes = 0;
  /** Also those that are not the newest, and delete markers; 0 unless asked for. */
  allVersions = 0;
  done = false;
  error: ApiError | null = null;

  async run(): Promise<void> {
    let next_token: string | null = null;
    try {
      do {
        const request: MeasureRequest = { ...this.selection, versions: this.versions, next_token };
        const found = await this.api.measure(request, this._abort.signal);
        this.objects += found.objects;
        this.bytes += found.bytes;
        this.allVersions += found.versions;
        next_token = found.next_token;
        this.done = next_token === null;
        this.emit();
      } while (next_token !== null && !this.isDisposed);
    } catch (error) {
      if (!this._abort.signal.aborted) {
        this.error = asApiError(error);
        this.emit();
      }
    }
  }

  dispose(): void {
    this._abort.abort();
    super.dispose();
  }

  private readonly _abort = new AbortController();
}

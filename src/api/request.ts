/* How the REST API is asked: one call a request, every failure an ApiError in the server's words. */
import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

const ROOT = 'cloud-data-cockpit/api';

/** A request that failed: `message` is in the server's words, `code` is stable, `status` 0 means no reply at all. */
export class ApiError extends Error {
  constructor(
    message: string,
    readonly code: string,
    readonly status: number
  ) {
    super(message);
    this.name = 'ApiError';
  }

  /** Whether the same request may succeed a moment later. */
  get passing(): boolean {
    return this.status === 0 || this.status === 429 || (this.status >= 500 && this.status !== 501);
  }
}

/** True for the rejection of a request that we gave up ourselves. */
export function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

/** Any thrown value as an ApiError, so that a view always has words to show. */
export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) {
    return error;
  }
  return new ApiError(error instanceof Error ? error.message : String(error), 'unexpected', -1);
}

type Query = Record<string, string | number | null | undefined>;

interface ICall {
  method?: string;
  query?: Query;
  json?: unknown;
  body?: Blob;
  headers?: Record<string, string>;
  keepalive?: boolean;
  signal?: AbortSignal;
}

export class Requests {
  constructor(protected readonly settings: ServerConnection.ISettings = ServerConnection.makeSettings()) {}

  /** The address of a route, for what the browser fetches by itself. */
  protected address(route: string): string {
    return URLExt.join(this.settings.baseUrl, ROOT, route);
  }

  protected async call<T>(
    route: string,
    { method = 'GET', query, json, body, headers, keepalive, signal }: ICall = {}
  ): Promise<T> {
    const url = this.address(route) + queryString(query);
    // Under JupyterLab's own "no-store" each URL gets a number added, which the server takes for a parameter.
    const init: RequestInit = { method, signal, keepalive, cache: 'reload' };
    if (json !== undefined) {
      init.body = JSON.stringify(json);
    } else if (body !== undefined) {
      init.body = body;
      init.headers = { 'Content-Type': 'application/octet-stream', ...headers };
    }
    let response: Response;
    try {
      response = await ServerConnection.makeRequest(url, init, this.settings);
    } catch {
      // JupyterLab makes a network error of an abort as well.
      signal?.throwIfAborted();
      throw new ApiError('The Jupyter server does not answer. Is it still running?', 'unreachable', 0);
    }
    if (!response.ok) {
      throw await problemOf(response);
    }
    return response.status === 204 ? (undefined as T) : ((await response.json()) as T);
  }
}

/** `?a=1&b=2` with every value encoded; what is null or undefined is left out. */
function queryString(query: Query = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== null && value !== undefined);
  const encoded = given.map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`);
  return encoded.length ? `?${encoded.join('&')}` : '';
}

/** The server's own words where it gave some; a reply of another kind comes from a proxy or a missing extension. */
async function problemOf(response: Response): Promise<ApiError> {
  const text = await response.text();
  try {
    const problem: unknown = JSON.parse(text);
    if (typeof problem === 'object' && problem !== null && 'message' in problem && problem.message) {
      const code = 'code' in problem ? String(problem.code) : 'error';
      return new ApiError(String(problem.message), code, response.status);
    }
  } catch {
    // Not JSON: the words below say what is known.
  }
  const words =
    response.status === 404
      ? 'The Data Cockpit server extension does not answer. Check that `jupyter server extension list` shows cloud_data_cockpit as enabled, and restart Jupyter.'
      : `The server answered ${response.status} ${response.statusText}`.trim() + ' and gave no reason.';
  return new ApiError(words, 'error', response.status);
}

/* The REST API of the server extension: one method a route, every failure an ApiError. */
import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import type {
  Bucket,
  ChangeRequest,
  ConnectionDraft,
  ConnectionInfo,
  ConnectionReport,
  ConnectionTest,
  CopyRequest,
  DeleteRequest,
  DownloadRequest,
  DownloadTicket,
  FolderRequest,
  FormatInfo,
  HitPage,
  Job,
  Listing,
  ManifestSummary,
  Measured,
  MeasureRequest,
  MultipartPage,
  ObjectDetail,
  PartitionRequest,
  PartReceipt,
  PendingUpload,
  PresignedLink,
  PresignRequest,
  ResumeRequest,
  SearchRequest,
  Selection,
  SendRequest,
  ServerInfo,
  SlicePage,
  SweepRequest,
  Swept,
  Tags,
  TagsRequest,
  ThawRequest,
  Upload,
  UploadRequest,
  VersionPage,
  VersionRequest
} from './schema';

/** What acts on objects, by its kind. */
export type ActionRequest = CopyRequest | DeleteRequest | DownloadRequest | ChangeRequest | SearchRequest;

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

export type ObjectQuery = { connection: string; bucket: string; key: string; version_id?: string | null };

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

export class ApiClient {
  constructor(private readonly settings: ServerConnection.ISettings = ServerConnection.makeSettings()) {}

  info(): Promise<ServerInfo> {
    return this.call('info');
  }

  connections(): Promise<ConnectionInfo[]> {
    return this.call('connections');
  }

  addConnection(draft: ConnectionDraft): Promise<ConnectionInfo> {
    return this.call('connections', { method: 'POST', json: draft });
  }

  changeConnection(name: string, draft: ConnectionDraft): Promise<ConnectionInfo> {
    return this.call(`connections/${encodeURIComponent(name)}`, { method: 'PUT', json: draft });
  }

  async removeConnection(name: string): Promise<void> {
    await this.call<unknown>(`connections/${encodeURIComponent(name)}`, { method: 'DELETE' });
  }

  testConnection(test: ConnectionTest, signal?: AbortSignal): Promise<ConnectionReport> {
    return this.call('connections/test', { method: 'POST', json: test, signal });
  }

  formats(): Promise<FormatInfo[]> {
    return this.call('formats');
  }

  buckets(connection: string, signal?: AbortSignal): Promise<Bucket[]> {
    return this.call('buckets', { query: { connection }, signal });
  }

  createBucket(connection: string, bucket: string): Promise<Bucket> {
    return this.call('buckets', { method: 'POST', json: { connection, bucket } });
  }

  objects(
    query: {
      connection: string;
      bucket: string;
      prefix: string;
      next_token?: string | null;
      page_size?: number;
      delimiter?: string;
    },
    signal?: AbortSignal
  ): Promise<Listing> {
    return this.call('objects', { query, signal });
  }

  object(query: ObjectQuery & { detect?: boolean }, signal?: AbortSignal): Promise<ObjectDetail> {
    return this.call('object', { query: { ...query, detect: query.detect?.toString() }, signal });
  }

  versions(
    query: { connection: string; bucket: string; key?: string; prefix?: string; next_token?: string | null },
    signal?: AbortSignal
  ): Promise<VersionPage> {
    return this.call('versions', { query, signal });
  }

  /** Make a version the newest; of a delete marker: take it away. */
  restoreVersion(request: VersionRequest): Promise<ObjectDetail> {
    return this.call('versions/restore', { method: 'POST', json: request });
  }

  async deleteVersion(query: { connection: string; bucket: string; key: string; version_id: string }): Promise<void> {
    await this.call<unknown>('versions', { method: 'DELETE', query });
  }

  tags(query: ObjectQuery, signal?: AbortSignal): Promise<Tags> {
    return this.call('tags', { query, signal });
  }

  saveTags(request: TagsRequest): Promise<Tags> {
    return this.call('tags', { method: 'PUT', json: request });
  }

  presign(request: PresignRequest): Promise<PresignedLink> {
    return this.call('presign', { method: 'POST', json: request });
  }

  /** Bring an archived object back. */
  thaw(request: ThawRequest): Promise<ObjectDetail> {
    return this.call('thaw', { method: 'POST', json: request });
  }

  async createFolder(request: FolderRequest): Promise<void> {
    await this.call<unknown>('folders', { method: 'POST', json: request });
  }

  /** Count a piece of what a selection holds. */
  measure(request: MeasureRequest, signal?: AbortSignal): Promise<Measured> {
    return this.call('measure', { method: 'POST', json: request, signal });
  }

  /** A way to fetch a selection with the browser, once. */
  downloadTicket(selection: Selection): Promise<DownloadTicket> {
    return this.call('downloads', { method: 'POST', json: selection });
  }

  /** The address of what a ticket names. */
  addressOf(ticket: DownloadTicket): string {
    return URLExt.join(this.settings.baseUrl, ROOT, ticket.path);
  }

  /** Copy, move, delete, bring into Jupyter's directory, change or search. */
  startAction(request: ActionRequest): Promise<Job> {
    return this.call('jobs', { method: 'POST', json: request });
  }

  hits(jobId: string, offset: number, limit: number): Promise<HitPage> {
    return this.call(`jobs/${encodeURIComponent(jobId)}/hits`, { query: { offset, limit } });
  }

  startUpload(request: UploadRequest): Promise<Upload> {
    return this.call('uploads', { method: 'POST', json: request });
  }

  /** `crc32` of the body in hexadecimal digits: the server and S3 refuse other bytes. */
  putPart(jobId: string, number: number, body: Blob, crc32: string, signal?: AbortSignal): Promise<PartReceipt> {
    const headers = { 'X-Part-Crc32': crc32 };
    return this.call(`uploads/${encodeURIComponent(jobId)}/parts/${number}`, { method: 'PUT', body, headers, signal });
  }

  /** 409 when the key came to exist while the parts were sent, unless `overwrite`. */
  completeUpload(jobId: string, overwrite = false): Promise<Job> {
    const query = { overwrite: overwrite ? 'true' : null };
    return this.call(`uploads/${encodeURIComponent(jobId)}/complete`, { method: 'POST', query });
  }

  /** A small file in one request; its job has succeeded when the reply comes, and is in no list. */
  uploadWhole(
    query: { connection: string; bucket: string; key: string; content_type: string | null; overwrite: boolean },
    body: Blob,
    crc32: string,
    signal?: AbortSignal
  ): Promise<Job> {
    const asked = { ...query, overwrite: String(query.overwrite) };
    return this.call('uploads/whole', {
      method: 'POST',
      query: asked,
      body,
      headers: { 'X-Part-Crc32': crc32 },
      signal
    });
  }

  pendingUploads(): Promise<PendingUpload[]> {
    return this.call('uploads');
  }

  resumeUpload(jobId: string, request: ResumeRequest): Promise<Upload> {
    return this.call(`uploads/${encodeURIComponent(jobId)}/resume`, { method: 'POST', json: request });
  }

  /** `keepalive`: also when the page goes away at this moment. */
  pauseUpload(jobId: string, keepalive = false): Promise<Job> {
    return this.call(`uploads/${encodeURIComponent(jobId)}/pause`, { method: 'POST', keepalive });
  }

  /** Files and folders of the Jupyter server, or URLs, to a prefix. */
  startSend(request: SendRequest): Promise<Job> {
    return this.call('jobs', { method: 'POST', json: request });
  }

  /** The open multipart uploads of a bucket, whoever began them. */
  multiparts(
    query: { connection: string; bucket: string; next_token?: string | null },
    signal?: AbortSignal
  ): Promise<MultipartPage> {
    return this.call('multiparts', { query, signal });
  }

  sweepMultiparts(request: SweepRequest): Promise<Swept> {
    return this.call('multiparts/sweep', { method: 'POST', json: request });
  }

  startPartition(request: PartitionRequest): Promise<Job> {
    return this.call('jobs', { method: 'POST', json: request });
  }

  jobs(): Promise<Job[]> {
    return this.call('jobs');
  }

  cancelJob(id: string): Promise<Job> {
    return this.call(`jobs/${encodeURIComponent(id)}/cancel`, { method: 'POST' });
  }

  retryJob(id: string): Promise<Job> {
    return this.call(`jobs/${encodeURIComponent(id)}/retry`, { method: 'POST' });
  }

  manifests(): Promise<ManifestSummary[]> {
    return this.call('manifests');
  }

  async deleteManifest(id: string): Promise<void> {
    await this.call<unknown>(`manifests/${encodeURIComponent(id)}`, { method: 'DELETE' });
  }

  slices(id: string, offset: number, limit: number, signal?: AbortSignal): Promise<SlicePage> {
    return this.call(`manifests/${encodeURIComponent(id)}/slices`, { query: { offset, limit }, signal });
  }

  private async call<T>(
    route: string,
    { method = 'GET', query, json, body, headers, keepalive, signal }: ICall = {}
  ): Promise<T> {
    const url = URLExt.join(this.settings.baseUrl, ROOT, route) + queryString(query);
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

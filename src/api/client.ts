/* The REST API of the server extension: one method a route. */
import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import { Requests } from './request';
import type {
  BenchmarkRequest,
  BenchmarkResult,
  BenchmarkSummary,
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
  ExecutorInfo,
  FolderRequest,
  FoundPlace,
  FormatInfo,
  HitPage,
  IndexRequest,
  Job,
  JobLog,
  Listing,
  ManifestSummary,
  Measured,
  MeasureRequest,
  MultipartPage,
  ObjectDetail,
  PartitionRequest,
  RestoreRequest,
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
  VersionPage
} from './schema';

export { ApiError, asApiError, isAbort } from './request';

/** What acts on objects, by its kind. */
export type ActionRequest =
  CopyRequest | DeleteRequest | DownloadRequest | ChangeRequest | RestoreRequest | SearchRequest;

export type ObjectQuery = { connection: string; bucket: string; key: string; version_id?: string | null };

export class ApiClient extends Requests {
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

  /** What a pasted text names. */
  place(text: string): Promise<FoundPlace> {
    return this.call('places', { method: 'POST', json: { text } });
  }

  /** A way to fetch a selection with the browser, once. */
  downloadTicket(selection: Selection): Promise<DownloadTicket> {
    return this.call('downloads', { method: 'POST', json: selection });
  }

  /** The address of what a ticket names. */
  addressOf(ticket: DownloadTicket): string {
    return this.address(ticket.path);
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

  /** Scan an object, so that every later cut is quick. */
  startIndex(request: IndexRequest): Promise<Job> {
    return this.call('jobs', { method: 'POST', json: request });
  }

  startBenchmark(request: BenchmarkRequest): Promise<Job> {
    return this.call('jobs', { method: 'POST', json: request });
  }

  executors(): Promise<ExecutorInfo[]> {
    return this.call('executors');
  }

  /** Clusters that dask-labextension keeps; none where it is not installed. */
  async daskClusters(): Promise<IDaskCluster[]> {
    const url = URLExt.join(this.settings.baseUrl, 'dask/clusters');
    const response = await ServerConnection.makeRequest(url, { cache: 'reload' }, this.settings);
    const found: unknown = response.ok ? await response.json() : [];
    return Array.isArray(found) ? found.filter(isCluster) : [];
  }

  benchmarks(): Promise<BenchmarkSummary[]> {
    return this.call('benchmarks');
  }

  benchmark(id: string): Promise<BenchmarkResult> {
    return this.call(`benchmarks/${encodeURIComponent(id)}`);
  }

  /** Keep what was measured elsewhere, such as in a notebook's kernel. */
  saveBenchmark(result: BenchmarkResult): Promise<BenchmarkSummary> {
    return this.call('benchmarks', { method: 'POST', json: result });
  }

  async deleteBenchmark(id: string): Promise<void> {
    await this.call<unknown>(`benchmarks/${encodeURIComponent(id)}`, { method: 'DELETE' });
  }

  /** The address of a benchmark's values as CSV. */
  benchmarkCsv(id: string): string {
    return this.address(`benchmarks/${encodeURIComponent(id)}/csv`);
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

  /** Let an interrupted job go on. */
  resumeJob(id: string): Promise<Job> {
    return this.call(`jobs/${encodeURIComponent(id)}/resume`, { method: 'POST' });
  }

  jobLog(id: string): Promise<JobLog> {
    return this.call(`jobs/${encodeURIComponent(id)}/log`);
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
}

/** A cluster of dask-labextension, as far as we use it. */
export interface IDaskCluster {
  name: string;
  scheduler_address: string;
  workers: number;
}

function isCluster(value: unknown): value is IDaskCluster {
  return typeof value === 'object' && value !== null && 'scheduler_address' in value;
}

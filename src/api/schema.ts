/* The records of the REST API. Generated from cloud_data_cockpit/models/ by `jlpm types`: do not edit. */

/**
 * A value and what its measurements come to; `throughput` in bytes a second with its 95 % interval.
 *
 * Seconds and throughput are geometric means, other figures medians over the runs, `peak_memory` and `failures` their
 * largest. `cost` is for reading the object once. `as_fast` tells that it cannot be told apart from the fastest.
 */
export interface BenchmarkPoint {
  value: number;
  num_slices: number;
  slice_bytes: number;
  runs: number;
  stage: number;
  partition_seconds: number;
  seconds: number | null;
  throughput: number | null;
  throughput_low: number | null;
  throughput_high: number | null;
  slice_median: number | null;
  slice_p95: number | null;
  requests: number | null;
  bytes: number;
  cost: number | null;
  peak_memory: number | null;
  failures: number;
  problem: string | null;
  as_fast: boolean;
}
/**
 * A sweep over `parameter` of the cut of `uri`.
 *
 * `timed`: "read" (bytes), "get" (the natural object), a view of the format, or "module:function". `per` tells whether
 * a function takes one slice or, as the first Data Cockpit's did, all of them and gives seconds; "auto" goes by the
 * name of its argument (`slices`).
 */
export interface BenchmarkRequest {
  priority?: 'low' | 'normal' | 'high';
  kind: 'benchmark';
  connection: string | null;
  uri: string;
  format: string | null;
  params: {
    [k: string]: unknown;
  };
  parameter: string;
  sweep: SweepValues;
  timed: string;
  per: 'auto' | 'slice' | 'slices';
  repeats: number;
  warm_up: number;
  executor: string;
  executor_options: {
    [k: string]: unknown;
  };
  seed: number;
  prices: Prices;
}
/**
 * Which values are tried: a list, `count` from `start` to `stop`, or (`search` "best") the best between these.
 *
 * Without `values`, `start` and `stop`, a search finds bounds that suit the object.
 */
export interface SweepValues {
  values: number[];
  start: number | null;
  stop: number | null;
  count: number;
  spacing: 'linear' | 'geometric';
  search: 'all' | 'best';
}
/**
 * What a service asks for: S3 Standard's list prices in us-east-1 unless told otherwise.
 *
 * `transfer_per_gb` (10^9 bytes) is for data that leave the region, to the internet; within a region it is 0.
 */
export interface Prices {
  currency: string;
  get_per_thousand: number;
  transfer_per_gb: number;
  note: string;
}
/**
 * A finished sweep, or one under way (`finished` false): saved as JSON, comparable between runs and machines.
 *
 * `index_seconds` is None when the index was there already. `seconds` is the length of the whole sweep.
 */
export interface BenchmarkResult {
  version: 1;
  id: string;
  created: string;
  finished: boolean;
  uri: string;
  etag: string;
  size: number;
  connection: string | null;
  format: string;
  params: {
    [k: string]: unknown;
  };
  parameter: string;
  sweep: SweepValues1;
  timed: string;
  executor: string;
  workers: number;
  machine: Machine;
  repeats: number;
  warm_up: number;
  seed: number;
  prices: Prices1;
  index_seconds: number | null;
  seconds: number;
  points: BenchmarkPoint[];
  runs: BenchmarkRun[];
  recommendation: Recommendation | null;
  notes: string[];
}
/**
 * Which values are tried: a list, `count` from `start` to `stop`, or (`search` "best") the best between these.
 *
 * Without `values`, `start` and `stop`, a search finds bounds that suit the object.
 */
export interface SweepValues1 {
  values: number[];
  start: number | null;
  stop: number | null;
  count: number;
  spacing: 'linear' | 'geometric';
  search: 'all' | 'best';
}
/**
 * Where a benchmark was made.
 */
export interface Machine {
  system: string;
  cpu_count: number;
  python: string;
  package: string;
}
/**
 * What a service asks for: S3 Standard's list prices in us-east-1 unless told otherwise.
 *
 * `transfer_per_gb` (10^9 bytes) is for data that leave the region, to the internet; within a region it is 0.
 */
export interface Prices1 {
  currency: string;
  get_per_thousand: number;
  transfer_per_gb: number;
  note: string;
}
/**
 * One measurement: all slices of one value, once. Seconds; bytes of the object; `peak_memory` in bytes.
 *
 * `round` counts from 0 and in it every value is measured once; `stage` is that of a search. `peak_memory` is the
 * resident memory of the largest process that read. `requests` is None where the source does not count them.
 */
export interface BenchmarkRun {
  value: number;
  stage: number;
  round: number;
  partition_seconds: number;
  seconds: number;
  num_slices: number;
  bytes: number;
  records: number;
  requests: number | null;
  peak_memory: number | null;
  slice_median: number | null;
  slice_p95: number | null;
  failures: number;
  problem: string | null;
}
/**
 * The value to use, and how sure that is.
 *
 * `gain` is its throughput over that of the fastest value that can be told apart from it, with a 95 % bootstrap
 * interval. Verdicts: "best"; "cheaper": as fast as the fastest as far as can be told, with fewer requests or slices;
 * "no difference": none of the values can be told apart, the cheapest is named; "none": every value failed.
 */
export interface Recommendation {
  verdict: 'best' | 'cheaper' | 'no difference' | 'only one' | 'none';
  value: number | null;
  num_slices: number | null;
  gain: number | null;
  gain_low: number | null;
  gain_high: number | null;
  words: string;
}
/**
 * A line of the list of saved benchmarks.
 */
export interface BenchmarkSummary {
  id: string;
  created: string;
  finished: boolean;
  uri: string;
  format: string;
  parameter: string;
  timed: string;
  executor: string;
  workers: number;
  machine: Machine;
  verdict: ('best' | 'cheaper' | 'no difference' | 'only one' | 'none') | null;
  value: number | null;
  throughput: number | null;
}
export interface Bucket {
  name: string;
  created: string | null;
}
/**
 * Change what an object says of itself; None leaves a field as it is. S3 does that by copying it onto itself.
 */
export interface ChangeRequest {
  priority?: 'low' | 'normal' | 'high';
  kind: 'change';
  connection: string;
  bucket: string;
  key: string;
  content_type: string | null;
  metadata: {
    [k: string]: string;
  } | null;
  storage_class: string | null;
}
/**
 * The sum of bytes [start, start + length) of the object, as the scan read them; `value` in hexadecimal digits.
 */
export interface Checksum {
  algorithm: 'crc32';
  start: number;
  length: number;
  value: string;
}
/**
 * To a file whose name ends with `suffix` belong those of the same stem that end with one of `companions`.
 *
 * Compared without regard to case. `required`: neither is of use without the other.
 */
export interface CompanionRule {
  suffix: string;
  companions: string[];
  required: boolean;
}
/**
 * What a person enters for a connection of her own. Secrets go to `keep_in` and to no other place.
 *
 * `access_key` and `secret_key` may be left out when a saved connection is changed: those kept stay.
 */
export interface ConnectionDraft {
  name: string;
  endpoint_url: string | null;
  region: string | null;
  addressing: 'auto' | 'path' | 'virtual';
  credentials: 'profile' | 'keys' | 'environment' | 'anonymous';
  profile: string | null;
  access_key: string | null;
  secret_key: string | null;
  session_token: string | null;
  keep_in: 'keyring' | 'aws-credentials-file' | 'process';
  role_arn: string | null;
  requester_pays: boolean;
  verify_tls: boolean;
  ca_bundle: string | null;
  buckets: string[];
}
/**
 * A connection as the panel shows it. `saved`: made by the user, may be changed and removed.
 *
 * `secret` tells where its credentials are kept; `expires` when those in use end, where that is known; `problem` why
 * it cannot be used now and what to do.
 */
export interface ConnectionInfo {
  ref: ConnectionRef;
  saved: boolean;
  source: string;
  secret: 'none' | 'configured' | 'keyring' | 'aws-credentials-file' | 'process';
  expires: string | null;
  problem: string | null;
}
/**
 * How to reach an S3 service. Names credentials (a profile, the environment), never holds them.
 *
 * `buckets` are pinned: shown where the service does not let one list buckets. `role_arn` is assumed with the
 * credentials of the profile or the environment. `ca_bundle` is a path on the machine that connects.
 */
export interface ConnectionRef {
  name: string;
  kind: 'demo' | 'profile' | 'environment' | 'anonymous' | 'custom';
  profile: string | null;
  endpoint_url: string | null;
  region: string | null;
  anonymous: boolean;
  addressing: 'auto' | 'path' | 'virtual';
  requester_pays: boolean;
  verify_tls: boolean;
  ca_bundle: string | null;
  role_arn: string | null;
  buckets: string[];
}
/**
 * What a test found. `cause` and `cure` are words for people, empty when `ok`; `milliseconds` of one request.
 */
export interface ConnectionReport {
  ok: boolean;
  cause: string;
  cure: string;
  identity: string | null;
  region: string | null;
  buckets: number | null;
  milliseconds: number | null;
}
/**
 * Test the connection `name`, or `draft` before it is saved; `bucket` to look into where none may be listed.
 */
export interface ConnectionTest {
  name: string | null;
  draft: ConnectionDraft | null;
  bucket: string | null;
}
/**
 * Copy or move a selection below `to_prefix` of `to_bucket`, also to another connection.
 *
 * `rename` is the exact key (of one object) or prefix (of one prefix) in place of a name below `to_prefix`.
 */
export interface CopyRequest {
  priority?: 'low' | 'normal' | 'high';
  connection: string;
  bucket: string;
  /**
   * @maxItems 100000
   */
  keys: string[];
  /**
   * @maxItems 10000
   */
  prefixes: string[];
  kind: 'copy' | 'move';
  to_connection: string;
  to_bucket: string;
  to_prefix: string;
  rename: string | null;
  on_conflict: 'fail' | 'skip' | 'replace';
}
/**
 * Delete a selection. With `all_versions` a versioned bucket keeps nothing of it; else it keeps what was there.
 */
export interface DeleteRequest {
  priority?: 'low' | 'normal' | 'high';
  connection: string;
  bucket: string;
  /**
   * @maxItems 100000
   */
  keys: string[];
  /**
   * @maxItems 10000
   */
  prefixes: string[];
  kind: 'delete';
  all_versions: boolean;
}
/**
 * Bring a selection into `directory`, a path below Jupyter's own directory.
 */
export interface DownloadRequest {
  priority?: 'low' | 'normal' | 'high';
  connection: string;
  bucket: string;
  /**
   * @maxItems 100000
   */
  keys: string[];
  /**
   * @maxItems 10000
   */
  prefixes: string[];
  kind: 'download';
  directory: string;
  on_conflict: 'fail' | 'skip' | 'replace';
}
/**
 * Where the browser fetches what it asked for, once and soon: a path below the API's root.
 */
export interface DownloadTicket {
  path: string;
  filename: string;
  size: number | null;
}
/**
 * An engine as the panel needs it; `options_schema` is the JSON schema from which its form is drawn.
 */
export interface ExecutorInfo {
  name: string;
  title: string;
  where: 'process' | 'machine' | 'cluster';
  usable: boolean;
  extra: string | null;
  problem: string | null;
  options_schema: {
    [k: string]: unknown;
  };
}
/**
 * Make the marker of a folder: an empty object whose key is `prefix`, which ends with "/".
 */
export interface FolderRequest {
  connection: string;
  bucket: string;
  prefix: string;
}
/**
 * A format as the panel needs it; `params_schema` is the JSON schema from which the form is drawn.
 *
 * `views`: names of the methods by which a slice is read, besides `read` and `get`.
 */
export interface FormatInfo {
  name: string;
  title: string;
  version: number;
  extensions: string[];
  usable: boolean;
  extra: string | null;
  problem: string | null;
  params_schema: {
    [k: string]: unknown;
  };
  views: string[];
}
/**
 * A place that a text names. `key` is a key, a prefix, or empty; `endpoint_hint` is None where it is AWS's.
 */
export interface FoundPlace {
  bucket: string;
  key: string;
  version_id: string | null;
  endpoint_hint: string | null;
  region: string | null;
}
/**
 * Hits `offset` .. of a search; `total` so far.
 */
export interface HitPage {
  offset: number;
  total: number;
  hits: ObjectEntry[];
}
/**
 * One row of a listing. `size` in bytes; `etag` without quotes.
 */
export interface ObjectEntry {
  key: string;
  size: number;
  last_modified: string;
  etag: string;
  storage_class: string | null;
}
/**
 * Index `uri` on the engine `executor`, so that later cuts are quick; `params` that say how it is read.
 */
export interface IndexRequest {
  priority?: 'low' | 'normal' | 'high';
  connection: string;
  uri: string;
  format: string | null;
  params: {
    [k: string]: unknown;
  };
  executor: string;
  executor_options: {
    [k: string]: unknown;
  };
  kind: 'index';
}
/**
 * What a person started. `done` of `total` in `unit`; `manifest_id` once a partition has succeeded.
 *
 * `benchmark_id` from the first measurement of a benchmark on.
 * `items` counts whole objects: copied, deleted, found. `resumable`: it stopped half-way and can go on.
 * `user` is the name of the Jupyter user who started it, "" when it came with nothing but the server's token.
 * `executor` is the engine, for kinds that have one. `started` is when it last began to run; `rate`, in `unit` a
 * second over the last seconds, and `seconds_left` are known only while it does.
 */
export interface Job {
  id: string;
  kind:
    | 'partition'
    | 'index'
    | 'benchmark'
    | 'upload'
    | 'copy'
    | 'move'
    | 'delete'
    | 'download'
    | 'change'
    | 'restore'
    | 'search';
  title: string;
  state: 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'interrupted';
  created: string;
  updated: string;
  done: number;
  total: number;
  unit: 'bytes' | 'records' | 'objects' | 'measurements';
  items: number;
  items_total: number;
  phase: string;
  connection: string;
  uri: string;
  manifest_id: string | null;
  benchmark_id: string | null;
  resumable: boolean;
  priority: 'low' | 'normal' | 'high';
  user: string;
  executor: string | null;
  started: string | null;
  rate: number | null;
  seconds_left: number | null;
  notes: string[];
  error: Problem | null;
}
/**
 * The body of every error reply; `code` is stable, `message` is for people.
 */
export interface Problem {
  code: string;
  message: string;
}
/**
 * The newest lines of the log of a job, oldest first; `total` counts those too that are not kept any more.
 */
export interface JobLog {
  lines: LogLine[];
  total: number;
}
/**
 * What happened to a job, and when.
 */
export interface LogLine {
  at: string;
  level: 'info' | 'warning' | 'error';
  text: string;
}
/**
 * One page of a bucket below `prefix`: common prefixes first, then objects, both in UTF-8 byte order.
 */
export interface Listing {
  bucket: string;
  prefix: string;
  prefixes: string[];
  objects: ObjectEntry[];
  next_token: string | null;
}
/**
 * A saved list of slices with all that is needed to read them again, credentials excepted.
 *
 * `checksum` is of the bytes that the slices hold together, where they are one stretch of the object's bytes. `tags`
 * are words of people's own, to find it by.
 */
export interface Manifest {
  version: 1;
  id: string;
  created: string;
  uri: string;
  etag: string;
  size: number;
  connection: ConnectionRef | null;
  format: string;
  format_version: number;
  params: {
    [k: string]: unknown;
  };
  shared: {
    [k: string]: unknown;
  };
  records: number;
  notes: string[];
  /**
   * @maxItems 50
   */
  tags: string[];
  checksum: Checksum | null;
  slices: SliceTable;
}
/**
 * The slices of a manifest by columns, so that a million of them load fast.
 *
 * `range_counts[i]` ranges of slice i stand one after another in `offsets` and `lengths`; `details` is empty when no
 * slice has any.
 */
export interface SliceTable {
  records: number[];
  range_counts: number[];
  offsets: number[];
  lengths: number[];
  details: {
    [k: string]: unknown;
  }[];
}
/**
 * Another id, other tags; None leaves what is there.
 */
export interface ManifestChange {
  id: string | null;
  tags: string[] | null;
}
/**
 * A manifest without its slices. `bytes` is the sum over the slices.
 */
export interface ManifestSummary {
  id: string;
  created: string;
  uri: string;
  etag: string;
  size: number;
  connection: string | null;
  format: string;
  params: {
    [k: string]: unknown;
  };
  num_slices: number;
  records: number;
  bytes: number;
  notes: string[];
  tags: string[];
}
/**
 * Count what a selection holds; go on with `next_token` of the reply before.
 */
export interface MeasureRequest {
  connection: string;
  bucket: string;
  /**
   * @maxItems 100000
   */
  keys: string[];
  /**
   * @maxItems 10000
   */
  prefixes: string[];
  versions: boolean;
  next_token: string | null;
}
/**
 * What was counted in this step (at most some 2 s of work): add them up until `next_token` is null.
 */
export interface Measured {
  objects: number;
  bytes: number;
  versions: number;
  next_token: string | null;
}
/**
 * A page of the open multipart uploads of a bucket.
 */
export interface MultipartPage {
  uploads: OpenMultipart[];
  next_token: string | null;
}
/**
 * A multipart upload that a bucket holds open, whoever began it; its parts are paid for until it is aborted.
 */
export interface OpenMultipart {
  key: string;
  upload_id: string;
  initiated: string | null;
  bytes: number | null;
  parts: number | null;
  ours: boolean;
}
/**
 * An object with the format found in its bytes; `problem` says why no format fits.
 *
 * `checksums` by algorithm as S3 gives them (base64). `archive`: whether its bytes can be read now.
 */
export interface ObjectDetail {
  uri: string;
  bucket: string;
  key: string;
  size: number;
  last_modified: string;
  etag: string;
  content_type: string | null;
  content_encoding: string | null;
  content_disposition: string | null;
  cache_control: string | null;
  metadata: {
    [k: string]: string;
  };
  format: string | null;
  problem: string | null;
  storage_class: string | null;
  version_id: string | null;
  checksums: {
    [k: string]: string;
  };
  archive: 'none' | 'archived' | 'restoring' | 'restored';
  restored_until: string | null;
}
/**
 * One version of a key; `deleted` is a delete marker, which has no bytes.
 */
export interface ObjectVersion {
  key: string;
  version_id: string;
  latest: boolean;
  deleted: boolean;
  size: number;
  last_modified: string;
  etag: string | null;
  storage_class: string | null;
}
/**
 * One part as S3 stored it; `crc32` of its bytes in hexadecimal digits, where it is known.
 */
export interface PartReceipt {
  part_number: number;
  etag: string;
  size: number;
  crc32: string | null;
}
/**
 * Index `uri` if that has not been done, on the engine `executor`; cut it by `params`, save a manifest.
 */
export interface PartitionRequest {
  priority?: 'low' | 'normal' | 'high';
  connection: string;
  uri: string;
  format: string | null;
  params: {
    [k: string]: unknown;
  };
  executor: string;
  executor_options: {
    [k: string]: unknown;
  };
  kind: 'partition';
}
/**
 * An upload of this user that waits for its file: paused, or its page or server went away.
 */
export interface PendingUpload {
  job_id: string;
  connection: string;
  bucket: string;
  key: string;
  size: number;
  done: number;
  filename: string | null;
  last_modified: number | null;
  started: string;
  active: boolean;
}
/**
 * What a person has pasted.
 */
export interface PlaceText {
  text: string;
}
/**
 * A link that anybody may read the object by, for `seconds` (at most 7 days).
 */
export interface PresignRequest {
  connection: string;
  bucket: string;
  key: string;
  version_id: string | null;
  seconds: number;
}
/**
 * The link and when it ends: earlier than asked for when temporary credentials end earlier, which `note` says.
 */
export interface PresignedLink {
  url: string;
  expires: string;
  note: string;
}
/**
 * Make a version of an object the latest, by copying it onto its key; a delete marker is removed.
 */
export interface RestoreRequest {
  priority?: 'low' | 'normal' | 'high';
  kind: 'restore';
  connection: string;
  bucket: string;
  key: string;
  version_id: string;
}
/**
 * The file with which an upload goes on; it must be the one it began with.
 */
export interface ResumeRequest {
  size: number;
  last_modified: number | null;
}
/**
 * Find keys below `prefix`: those that hold `pattern`, or match it as a glob (`*`, `?`, `[...]`, `**` over "/").
 */
export interface SearchRequest {
  priority?: 'low' | 'normal' | 'high';
  kind: 'search';
  connection: string;
  bucket: string;
  prefix: string;
  pattern: string;
  syntax: 'substring' | 'glob';
  case_sensitive: boolean;
  limit: number;
}
/**
 * Objects and prefixes of one bucket that a person has selected. A prefix ends with "/" and means all below it.
 */
export interface Selection {
  connection: string;
  bucket: string;
  /**
   * @maxItems 100000
   */
  keys: string[];
  /**
   * @maxItems 10000
   */
  prefixes: string[];
}
/**
 * Upload from Jupyter's own directory (`paths`, files or directories) or from `urls` to a prefix.
 *
 * `on_conflict` "keep" gives what exists a neighbour: "a (1).csv". What the job `after`, which has ended, has sent to
 * the same place is not sent again.
 */
export interface SendRequest {
  priority?: 'low' | 'normal' | 'high';
  kind: 'upload';
  connection: string;
  bucket: string;
  prefix: string;
  paths: string[];
  urls: string[];
  on_conflict: 'fail' | 'skip' | 'replace' | 'keep';
  after: string | null;
}
/**
 * What the panel asks first. `user_endpoints`: whether connections to services of one's own may be added.
 *
 * `companions` says which files belong together, `keyring` whether this machine has one in which keys can be kept.
 */
export interface ServerInfo {
  version: string;
  open_panel: boolean;
  default_connection: string | null;
  user_endpoints: boolean;
  companions: CompanionRule[];
  keyring: boolean;
}
/**
 * One piece that holds whole records.
 *
 * `ranges` are (offset, length) pairs in bytes of the source, ascending and disjoint. `records` counts the records
 * that begin in them. `details` is what this format needs besides, small and JSON.
 */
export interface Slice {
  number: number;
  ranges: [number, number][];
  records: number;
  details: {
    [k: string]: unknown;
  };
}
/**
 * Slices `offset` .. `offset + len(rows)` of `total`.
 */
export interface SlicePage {
  manifest_id: string;
  offset: number;
  total: number;
  rows: SliceRow[];
}
/**
 * A line of the panel's table of slices.
 */
export interface SliceRow {
  number: number;
  records: number;
  bytes: number;
  ranges: number;
}
/**
 * Abort these open multipart uploads: pairs of (key, upload id).
 */
export interface SweepRequest {
  connection: string;
  bucket: string;
  /**
   * @maxItems 1000
   */
  uploads: [string, string][];
}
/**
 * How many were aborted, and what went wrong with the others.
 */
export interface Swept {
  aborted: number;
  problems: string[];
}
/**
 * The tags of an object, at most 10.
 */
export interface Tags {
  tags: {
    [k: string]: string;
  };
}
/**
 * Replace the tags of an object.
 */
export interface TagsRequest {
  connection: string;
  bucket: string;
  key: string;
  version_id: string | null;
  tags: {
    [k: string]: string;
  };
}
/**
 * Bring an archived object back for `days`.
 */
export interface ThawRequest {
  connection: string;
  bucket: string;
  key: string;
  version_id: string | null;
  days: number;
  tier: 'Standard' | 'Bulk' | 'Expedited';
}
/**
 * An open multipart upload: send parts 1..part_count of `part_size` bytes (the last may be shorter).
 *
 * `received` are the parts that S3 has already: they need not be sent again if their bytes are still the same.
 */
export interface Upload {
  job_id: string;
  bucket: string;
  key: string;
  size: number;
  part_size: number;
  part_count: number;
  received: PartReceipt[];
}
/**
 * One file to send to `s3://bucket/key`; `size` in bytes. Refused if the key exists, unless `overwrite`.
 *
 * `last_modified` is the file's, in milliseconds since the epoch: with name and size it tells whether a file that is
 * picked again later is the same.
 */
export interface UploadRequest {
  connection: string;
  bucket: string;
  key: string;
  size: number;
  content_type: string | null;
  overwrite: boolean;
  filename: string | null;
  last_modified: number | null;
}
/**
 * A page of the versions below a prefix or of one key, newest first for each key.
 */
export interface VersionPage {
  versioning: 'off' | 'enabled' | 'suspended';
  versions: ObjectVersion[];
  next_token: string | null;
}

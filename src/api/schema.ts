/* The records of the REST API. Generated from cloud_data_cockpit/models.py by `jlpm types`: do not edit. */

export interface Bucket {
  name: string;
  created: string | null;
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
 * How to reach an S3 service. Names credentials (a profile, the environment), never holds them.
 */
export interface ConnectionRef {
  name: string;
  kind: 'demo' | 'profile' | 'environment' | 'anonymous' | 'custom';
  profile: string | null;
  endpoint_url: string | null;
  region: string | null;
  anonymous: boolean;
}
/**
 * A format as the panel needs it; `params_schema` is the JSON schema from which the form is drawn.
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
}
/**
 * What a person started. `done` of `total` in `unit`; `manifest_id` once a partition has succeeded.
 */
export interface Job {
  id: string;
  kind: 'partition' | 'upload';
  title: string;
  state: 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'interrupted';
  created: string;
  updated: string;
  done: number;
  total: number;
  unit: 'bytes' | 'records';
  phase: string;
  connection: string;
  uri: string;
  manifest_id: string | null;
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
 * A saved list of slices with all that is needed to read them again, credentials excepted.
 *
 * `checksum` is of the bytes that the slices hold together, where they are one stretch of the object's bytes.
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
}
/**
 * An object with the format found in its bytes; `problem` says why no format fits.
 */
export interface ObjectDetail {
  uri: string;
  bucket: string;
  key: string;
  size: number;
  last_modified: string;
  etag: string;
  content_type: string | null;
  metadata: {
    [k: string]: string;
  };
  format: string | null;
  problem: string | null;
}
/**
 * One part as S3 stored it.
 */
export interface PartReceipt {
  part_number: number;
  etag: string;
  size: number;
}
/**
 * Index `uri` if that has not been done, cut it by `params`, save a manifest.
 */
export interface PartitionRequest {
  connection: string;
  uri: string;
  format: string | null;
  params: {
    [k: string]: unknown;
  };
}
/**
 * What the panel asks first.
 */
export interface ServerInfo {
  version: string;
  open_panel: boolean;
  default_connection: string | null;
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
 * An open multipart upload: send parts 1..part_count of `part_size` bytes (the last may be shorter).
 */
export interface Upload {
  job_id: string;
  bucket: string;
  key: string;
  size: number;
  part_size: number;
  part_count: number;
}
/**
 * One file to send to `s3://bucket/key`; `size` in bytes. Refused if the key exists, unless `overwrite`.
 */
export interface UploadRequest {
  connection: string;
  bucket: string;
  key: string;
  size: number;
  content_type: string | null;
  overwrite: boolean;
}

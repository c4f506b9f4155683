/* Records for tests, complete but for what a test wants to say. */
import type {
  BenchmarkResult,
  ConnectionInfo,
  ConnectionRef,
  Job,
  Listing,
  ManifestSummary,
  ObjectDetail
} from '../api/schema';
import type { Rows } from '../models/rows';
import type { IEntry } from '../models/table';

export function job(partial: Partial<Job> = {}): Job {
  return {
    id: 'j1',
    kind: 'partition',
    title: 'Partition a.csv',
    state: 'running',
    created: '2026-01-01T00:00:00Z',
    updated: '2026-01-01T00:00:00Z',
    done: 0,
    total: 100,
    unit: 'bytes',
    items: 0,
    items_total: 0,
    phase: 'indexing',
    connection: 'demo',
    uri: 's3://b/a.csv',
    manifest_id: null,
    benchmark_id: null,
    resumable: false,
    priority: 'normal',
    user: '',
    executor: null,
    started: null,
    rate: null,
    seconds_left: null,
    notes: [],
    error: null,
    ...partial
  };
}

/** A page with objects of the given keys. */
export function listing(prefix: string, keys: string[], partial: Partial<Listing> = {}): Listing {
  const objects = keys.map(key => ({
    key,
    size: 1,
    last_modified: '2026-01-01T00:00:00Z',
    etag: 'e',
    storage_class: null
  }));
  return { bucket: 'b', prefix, prefixes: [], objects, next_token: null, ...partial };
}

export function detail(key: string, partial: Partial<ObjectDetail> = {}): ObjectDetail {
  return {
    uri: `s3://b/${key}`,
    bucket: 'b',
    key,
    size: 10,
    last_modified: '2026-01-01T00:00:00Z',
    etag: 'e',
    content_type: null,
    content_encoding: null,
    content_disposition: null,
    cache_control: null,
    metadata: {},
    format: 'csv',
    problem: null,
    storage_class: null,
    version_id: null,
    checksums: {},
    archive: 'none',
    restored_until: null,
    ...partial
  };
}

export function manifest(id: string, partial: Partial<ManifestSummary> = {}): ManifestSummary {
  return {
    id,
    created: '2026-01-01T00:00:00Z',
    uri: 's3://b/a.csv',
    etag: 'e',
    size: 10,
    connection: 'demo',
    format: 'csv',
    params: {},
    num_slices: 3,
    records: 9,
    bytes: 10,
    notes: [],
    tags: [],
    ...partial
  };
}

export function connection(
  name: string,
  ref: Partial<ConnectionRef> = {},
  partial: Partial<Omit<ConnectionInfo, 'ref'>> = {}
): ConnectionInfo {
  const full: ConnectionRef = {
    name,
    kind: 'custom',
    profile: null,
    endpoint_url: null,
    region: null,
    anonymous: false,
    addressing: 'auto',
    requester_pays: false,
    verify_tls: true,
    ca_bundle: null,
    role_arn: null,
    buckets: [],
    ...ref
  };
  return { ref: full, saved: false, source: '', secret: 'configured', expires: null, problem: null, ...partial };
}

/** The entries that rows show, in their order. */
export function shownBy(rows: Rows): IEntry[] {
  return Array.from({ length: rows.count }, (_, position) => rows.entry(position));
}

/** A promise and the functions that settle it. */
export function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void; reject: (error: unknown) => void } {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

/** A result with a point for each value, `throughput` of them; the first of the fastest is recommended. */
export function benchmark(
  id: string,
  values: Record<number, number>,
  partial: Partial<BenchmarkResult> = {}
): BenchmarkResult {
  const points = Object.entries(values).map(([value, throughput]) => ({
    value: Number(value),
    num_slices: Number(value),
    slice_bytes: 1,
    runs: 3,
    stage: 0,
    partition_seconds: 0,
    seconds: 1,
    throughput,
    throughput_low: throughput * 0.9,
    throughput_high: throughput * 1.1,
    slice_median: 0.01,
    slice_p95: 0.02,
    requests: 1,
    bytes: 1,
    cost: 0,
    peak_memory: null,
    failures: 0,
    problem: null,
    as_fast: false
  }));
  const best = points.reduce((most, point) => (point.throughput > most.throughput ? point : most), points[0]);
  const facts = { gain: null, gain_low: null, gain_high: null, words: '' };
  return {
    version: 1,
    id,
    created: '2026-01-01T00:00:00Z',
    finished: true,
    uri: 's3://b/a.csv',
    etag: 'e',
    size: 10,
    connection: 'demo',
    format: 'csv',
    params: {},
    parameter: 'num_slices',
    sweep: { values: [], start: null, stop: null, count: 8, spacing: 'geometric', search: 'all' },
    timed: 'read',
    executor: 'threads',
    workers: 4,
    machine: { system: 'Linux', cpu_count: 2, python: '3.13', package: '0.1.0' },
    repeats: 3,
    warm_up: 1,
    seed: 0,
    prices: { currency: 'USD', get_per_thousand: 0.0004, transfer_per_gb: 0.09, note: '' },
    index_seconds: null,
    seconds: 1,
    points,
    runs: [],
    recommendation: { verdict: 'best', value: best.value, num_slices: best.value, ...facts },
    notes: [],
    ...partial
  };
}

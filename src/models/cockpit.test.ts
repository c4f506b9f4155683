import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ApiClient } from '../api/client';
import { ApiError } from '../api/client';
import { detail, job, listing, manifest, shownBy } from '../testing/records';
import { Cockpit } from './cockpit';
import type { IUploadItem } from './upload';

const ref = { profile: null, endpoint_url: null, region: null, anonymous: false };
const known = { saved: false, source: '', secret: 'configured' as const, expires: null, problem: null };
const csv = { name: 'csv', title: 'CSV', version: 1, extensions: [], usable: true, extra: null, problem: null };

function setUp() {
  const api = {
    info: vi.fn(async () => ({ version: '1', open_panel: false, default_connection: 'demo' })),
    connections: vi.fn(async () => [
      { ...known, ref: { ...ref, name: 'demo', kind: 'demo' as const } },
      { ...known, ref: { ...ref, name: 'work', kind: 'profile' as const } }
    ]),
    formats: vi.fn(async () => [{ ...csv, params_schema: {} }]),
    buckets: vi.fn(async () => [{ name: 'b', created: null }]),
    objects: vi.fn(async ({ prefix }: { prefix: string }) =>
      listing(prefix, [`${prefix}a.csv`], prefix === 'dir' ? { objects: [], prefixes: ['dir/'] } : {})
    ),
    object: vi.fn(async ({ key }: { key: string }) => detail(key)),
    jobs: vi.fn(async () => []),
    manifests: vi.fn(async () => [manifest('m')]),
    pendingUploads: vi.fn(async () => []),
    startPartition: vi.fn(async () => job({ state: 'queued' }))
  };
  const options = { api: api as unknown as ApiClient, pageSize: () => 1000, askConflict: vi.fn() };
  return { api, cockpit: new Cockpit(options) };
}

describe('Cockpit', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("starts with the server's connection and its buckets", async () => {
    const { cockpit } = setUp();
    await cockpit.start(null);
    expect(cockpit.connections.current).toBe('demo');
    expect(shownBy(cockpit.browser.rows).map(entry => entry.key)).toEqual(['b']);
    cockpit.dispose();
  });

  it('goes back to the remembered place, the object included', async () => {
    const { cockpit } = setUp();
    const place = { connection: 'work', bucket: 'b', prefix: 'x/', selection: 'x/a.csv' };
    await cockpit.start(place);
    expect(cockpit.remembered).toEqual(place);
    expect(cockpit.object.detail?.key).toBe('x/a.csv');
    cockpit.dispose();
  });

  it('forgets a place whose connection is gone', async () => {
    const { cockpit } = setUp();
    await cockpit.start({ connection: 'old', bucket: 'b', prefix: 'x/', selection: null });
    expect(cockpit.remembered).toEqual({ connection: 'demo', bucket: null, prefix: '', selection: null });
    cockpit.dispose();
  });

  it('keeps the remembered place while the server is away', async () => {
    const { api, cockpit } = setUp();
    const place = { connection: 'work', bucket: 'b', prefix: 'x/', selection: null };
    api.info.mockRejectedValueOnce(new ApiError('away', 'unreachable', 0));
    await cockpit.start(place);
    expect(cockpit.connections.error?.message).toBe('away');
    await cockpit.connect();
    expect(cockpit.remembered).toEqual(place);
    cockpit.dispose();
  });

  it('takes a URI for a prefix when there are keys below it, else for a key', async () => {
    const { cockpit } = setUp();
    await cockpit.start(null);
    expect(await cockpit.openUri('s3://bb/dir')).toBe(true);
    expect(cockpit.browser.location.prefix).toBe('dir/');
    expect(await cockpit.openUri('s3://bb/x/a.csv')).toBe(true);
    expect([cockpit.browser.location.prefix, cockpit.browser.selection]).toEqual(['x/', 'x/a.csv']);
    expect(await cockpit.openUri('nonsense here')).toBe(false);
    cockpit.dispose();
  });

  it('looks only at the object on which the selection rests', async () => {
    const { api, cockpit } = setUp();
    await cockpit.start({ connection: 'demo', bucket: 'b', prefix: '', selection: null });
    api.objects.mockResolvedValueOnce(listing('', ['a.csv', 'b.csv', 'c.csv']));
    await cockpit.browser.refresh();
    ['a.csv', 'b.csv', 'c.csv'].forEach(key => cockpit.select(key));
    await vi.advanceTimersByTimeAsync(500);
    expect(api.object.mock.calls.map(([{ key }]) => key)).toEqual(['c.csv']);
    cockpit.dispose();
  });

  it('uses a prefix as one data set, and does so again after a reload', async () => {
    const { api, cockpit } = setUp();
    const place = { connection: 'demo', bucket: 'b', prefix: 'way/', selection: null };
    await cockpit.start(place);
    api.objects.mockResolvedValueOnce(listing('way/', [], { prefixes: ['way/x.ms/'] }));
    await cockpit.browser.refresh();
    expect(cockpit.prefix).toBe('way/');
    // A right click selects the row; the look at that selection, 120 ms later, must not take the place of the data set.
    cockpit.select('way/x.ms/');
    await cockpit.useAsDataSet();
    await vi.advanceTimersByTimeAsync(500);
    expect(cockpit.object.detail?.uri).toBe('s3://b/way/x.ms/');
    await cockpit.partition();
    expect(api.startPartition).toHaveBeenCalledWith(expect.objectContaining({ uri: 's3://b/way/x.ms/' }));
    const { remembered } = cockpit;
    expect(remembered).toEqual({ ...place, selection: 'way/x.ms/', dataSet: 'way/x.ms/' });
    cockpit.dispose();
    const { cockpit: later } = setUp();
    await later.start(remembered);
    expect(later.object.detail?.key).toBe('way/x.ms/');
    later.select('way/a.csv');
    await vi.advanceTimersByTimeAsync(500);
    expect(later.remembered).toEqual({ ...place, selection: 'way/a.csv' });
    later.dispose();
  });

  it('uses the place itself as a data set, and nothing at the top of a bucket', async () => {
    const { api, cockpit } = setUp();
    await cockpit.start({ connection: 'demo', bucket: 'b', prefix: 'x.ms/', selection: 'x.ms/a.csv' });
    await cockpit.useAsDataSet();
    expect([cockpit.object.target?.key, cockpit.browser.selection]).toEqual(['x.ms/', null]);
    await cockpit.go({ bucket: 'b' });
    api.object.mockClear();
    await cockpit.useAsDataSet();
    expect(cockpit.prefix).toBeNull();
    expect(api.object).not.toHaveBeenCalled();
    cockpit.dispose();
  });

  it('shows the slices of a partition when it is done, and says so once', async () => {
    const { api, cockpit } = setUp();
    await cockpit.start({ connection: 'demo', bucket: 'b', prefix: '', selection: 'a.csv' });
    const told: string[] = [];
    cockpit.partitioned.connect((_, id) => told.push(id));
    await cockpit.partition();
    api.manifests.mockResolvedValue([manifest('m'), manifest('fresh')]);
    const done = job({ state: 'succeeded', manifest_id: 'fresh', updated: '2026-01-01T00:00:05Z' });
    cockpit.jobs.apply(done);
    cockpit.jobs.apply(done);
    await vi.advanceTimersByTimeAsync(0);
    expect(cockpit.slices.current).toBe('fresh');
    expect(told).toEqual(['fresh']);
    cockpit.dispose();
  });

  it('sees the end of a partition that was faster than the reply that names it', async () => {
    const { api, cockpit } = setUp();
    await cockpit.start({ connection: 'demo', bucket: 'b', prefix: '', selection: 'a.csv' });
    api.startPartition.mockImplementationOnce(async () => {
      cockpit.jobs.apply(job({ state: 'succeeded', manifest_id: 'm', updated: '2026-01-01T00:00:05Z' }));
      return job({ state: 'queued' });
    });
    const told: string[] = [];
    cockpit.partitioned.connect((_, id) => told.push(id));
    await cockpit.partition();
    expect(told).toEqual(['m']);
    expect(cockpit.jobs.active).toEqual([]);
    cockpit.dispose();
  });

  it('shows why a partition was refused', async () => {
    const { api, cockpit } = setUp();
    await cockpit.start({ connection: 'demo', bucket: 'b', prefix: '', selection: 'a.csv' });
    api.startPartition.mockRejectedValueOnce(new ApiError('choose one way to cut', 'bad_request', 400));
    await cockpit.partition();
    expect(cockpit.object.submitError?.message).toBe('choose one way to cut');
    expect(cockpit.object.submitting).toBe(false);
    cockpit.dispose();
  });

  it('keeps the place of each connection, over a reload as well', async () => {
    const { cockpit } = setUp();
    await cockpit.start(null);
    await cockpit.go({ bucket: 'b', prefix: 'x/' }, 'x/a.csv');
    await cockpit.useConnection('work');
    expect(cockpit.browser.location).toEqual({ connection: 'work', bucket: null, prefix: '' });
    await cockpit.go({ bucket: 'b', prefix: 'y/' });
    const saved = JSON.parse(JSON.stringify(cockpit.remembered));
    cockpit.dispose();
    const later = setUp().cockpit;
    await later.start(saved);
    expect(later.browser.location).toEqual({ connection: 'work', bucket: 'b', prefix: 'y/' });
    await later.useConnection('demo');
    expect(later.browser.location).toEqual({ connection: 'demo', bucket: 'b', prefix: 'x/' });
    expect(later.browser.selection).toBe('x/a.csv');
    later.dispose();
  });

  it('shows a stored object when the rows are no longer being put in order', async () => {
    const { api, cockpit } = setUp();
    await cockpit.start(null);
    await cockpit.go({ bucket: 'b', prefix: '' });
    api.objects.mockClear();
    const busy = vi.spyOn(cockpit.browser.rows, 'busy', 'get').mockReturnValue(true);
    cockpit.uploads.uploaded.emit({ bucket: 'b', key: 'new.csv', size: 5 } as IUploadItem);
    await vi.advanceTimersByTimeAsync(2000);
    expect([cockpit.browser.rows.table.find('new.csv'), api.objects.mock.calls.length]).toEqual([-1, 0]);
    busy.mockRestore();
    await vi.advanceTimersByTimeAsync(1000);
    expect(api.objects).toHaveBeenCalledTimes(1);
    cockpit.dispose();
  });

  it('shows many stored objects by few listings', async () => {
    const { api, cockpit } = setUp();
    await cockpit.start(null);
    await cockpit.go({ bucket: 'b', prefix: '' });
    api.objects.mockClear();
    for (let index = 0; index < 1000; index += 1) {
      cockpit.uploads.uploaded.emit({ bucket: 'b', key: `k${index}`, size: 1 } as IUploadItem);
    }
    await vi.advanceTimersByTimeAsync(1000);
    expect(api.objects).toHaveBeenCalledTimes(1);
    cockpit.dispose();
  });
});

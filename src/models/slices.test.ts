import { describe, expect, it, vi } from 'vitest';
import type { SlicePage } from '../api/schema';
import { deferred, manifest } from '../testing/records';
import { loadingCode, SlicesModel } from './slices';

function page(id: string, offset: number, count: number, total = 1200): SlicePage {
  const rows = Array.from({ length: count }, (_, index) => ({
    number: offset + index,
    records: 1,
    bytes: 2,
    ranges: 1
  }));
  return { manifest_id: id, offset, total, rows };
}

function setUp() {
  const api = {
    manifests: vi.fn(async () => [manifest('new', { num_slices: 1200 }), manifest('old')]),
    deleteManifest: vi.fn(async () => undefined),
    slices: vi.fn(async (id: string, offset: number, limit: number) => page(id, offset, limit))
  };
  return { api, slices: new SlicesModel(api) };
}

describe('SlicesModel', () => {
  it('shows the newest, or the wanted one, and keeps the choice', async () => {
    const { slices } = setUp();
    await slices.refresh();
    expect(slices.current).toBe('new');
    await slices.refresh('old');
    await slices.refresh();
    expect(slices.current).toBe('old');
  });

  it('asks for each page once, and only for what is in view', async () => {
    const { api, slices } = setUp();
    await slices.refresh();
    await slices.ensure(490, 510);
    await slices.ensure(495, 515);
    expect(api.slices.mock.calls.map(([, offset]) => offset)).toEqual([0, 500]);
    expect(slices.row(505)?.number).toBe(505);
    expect(slices.row(1100)).toBeNull();
  });

  it('drops rows of the manifest that is no longer shown', async () => {
    const { api, slices } = setUp();
    await slices.refresh();
    const late = deferred<SlicePage>();
    api.slices.mockReturnValueOnce(late.promise);
    const asked = slices.ensure(0, 10);
    slices.choose('old');
    late.resolve(page('new', 0, 500));
    await asked;
    expect(slices.row(0)).toBeNull();
  });

  it('shows another one after a delete', async () => {
    const { slices } = setUp();
    await slices.refresh();
    await slices.remove('new');
    expect(slices.current).toBe('old');
    await slices.remove('old');
    expect(slices.manifest).toBeNull();
  });

  it('writes the code for a notebook', () => {
    expect(loadingCode('reads-1a2b3c4d')).toBe(
      'from cloud_data_cockpit import load_slices\nslices = load_slices("reads-1a2b3c4d")\nslices'
    );
  });
});

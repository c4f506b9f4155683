import { describe, expect, it, vi } from 'vitest';
import type { Job, ObjectVersion } from '../api/schema';
import { detail, job } from '../testing/records';
import { PropertiesModel } from './properties';

const TARGET = { connection: 'demo', bucket: 'b', key: 'a.csv' };
const OLD: ObjectVersion = {
  key: 'a.csv',
  version_id: 'v1',
  latest: false,
  deleted: false,
  size: 6 * 2 ** 30,
  last_modified: '2026-01-01T00:00:00Z',
  etag: 'e',
  storage_class: null
};

function opened(ended: Partial<Job>) {
  const api = {
    object: vi.fn(async () => detail('a.csv')),
    tags: vi.fn(async () => ({ tags: {} })),
    versions: vi.fn(async () => ({ versioning: 'enabled' as const, versions: [OLD], next_token: null })),
    saveTags: vi.fn(),
    deleteVersion: vi.fn(),
    thaw: vi.fn(),
    presign: vi.fn()
  };
  const run = vi.fn(async () => job(ended));
  return { api, run, model: new PropertiesModel(api, TARGET, run) };
}

describe('a version is made the latest', () => {
  it('by a job, after which all is read again', async () => {
    const { api, run, model } = opened({ kind: 'restore', state: 'succeeded' });
    await model.restoreVersion(OLD);
    expect(run).toHaveBeenCalledWith({ kind: 'restore', ...TARGET, version_id: 'v1' });
    expect([api.object, api.tags, api.versions].map(called => called.mock.calls.length)).toEqual([1, 1, 1]);
    expect(model.versions).toEqual([OLD]);
  });

  it('or says what the job failed of', async () => {
    const error = { code: 'archived', message: 'it is archived; restore it first', hint: null };
    const { api, model } = opened({ kind: 'restore', state: 'failed', error });
    await expect(model.restoreVersion(OLD)).rejects.toThrow('restore it first');
    expect(api.versions).not.toHaveBeenCalled();
  });
});

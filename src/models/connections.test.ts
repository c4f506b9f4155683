import { describe, expect, it, vi } from 'vitest';
import { ApiError } from '../api/client';
import type { ConnectionDraft, ConnectionInfo } from '../api/schema';
import { connection, deferred } from '../testing/records';
import { ConnectionsModel } from './connections';

const info = {
  version: '1',
  open_panel: false,
  default_connection: null,
  user_endpoints: true,
  companions: [],
  keyring: true
};
const works = { ok: true, cause: '', cure: '', identity: null, region: null, buckets: 1, milliseconds: 3 };

function setUp(infos: ConnectionInfo[] = [connection('demo'), connection('lab', {}, { saved: true })]) {
  const api = {
    info: vi.fn(async () => info),
    connections: vi.fn(async () => infos),
    addConnection: vi.fn(async (draft: ConnectionDraft) => connection(draft.name, {}, { saved: true })),
    changeConnection: vi.fn(async (_: string, draft: ConnectionDraft) => connection(draft.name, {}, { saved: true })),
    removeConnection: vi.fn(async () => undefined),
    testConnection: vi.fn(async () => works),
    buckets: vi.fn(async () => [{ name: 'listed', created: null }])
  };
  return { api, connections: new ConnectionsModel(api) };
}

const named = (name: string) => ({ name }) as ConnectionDraft;

describe('ConnectionsModel', () => {
  it('adds, renames and removes; the one in use stays in use under its new name', async () => {
    const { connections } = setUp();
    await connections.load();
    await connections.save(named('new'), null);
    expect(connections.list.map(({ name }) => name)).toEqual(['demo', 'lab', 'new']);
    connections.select('lab');
    await connections.save(named('bench'), 'lab');
    expect(connections.list.map(({ name }) => name)).toEqual(['demo', 'bench', 'new']);
    expect(connections.current).toBe('bench');
    await connections.remove('bench');
    expect(connections.current).toBeNull();
    expect(connections.list.map(({ name }) => name)).toEqual(['demo', 'new']);
  });

  it('keeps the list when saving fails', async () => {
    const { api, connections } = setUp();
    await connections.load();
    api.addConnection.mockRejectedValueOnce(new Error('no keyring'));
    await expect(connections.save(named('new'), null)).rejects.toThrow('no keyring');
    expect(connections.infos).toHaveLength(2);
  });

  it('shows no report of a connection that is in use no longer', async () => {
    const { api, connections } = setUp();
    await connections.load();
    const reply = deferred<typeof works>();
    api.testConnection.mockReturnValueOnce(reply.promise);
    const testing = connections.testCurrent();
    expect(connections.testing).toBe(true);
    connections.select('lab');
    reply.resolve(works);
    await testing;
    expect(connections).toMatchObject({ testing: false, report: null });
    await connections.testCurrent('bucket');
    expect(api.testConnection).toHaveBeenLastCalledWith({ name: 'lab', draft: null, bucket: 'bucket' }, undefined);
    expect(connections.report).toEqual(works);
  });

  it('shows pinned buckets besides those that are listed, and alone where listing is denied', async () => {
    const { api, connections } = setUp([connection('lab', { buckets: ['mine', 'listed'] }), connection('plain')]);
    await connections.load();
    const names = async (name: string) => (await connections.buckets(name)).map(bucket => bucket.name);
    expect(await names('lab')).toEqual(['mine', 'listed']);
    const denied = new ApiError('You may not list buckets.', 'access_denied', 403);
    api.buckets.mockRejectedValue(denied);
    expect(await names('lab')).toEqual(['mine', 'listed']);
    await expect(names('plain')).rejects.toBe(denied);
    api.buckets.mockRejectedValue(new ApiError('S3 does not answer.', 'service', 502));
    await expect(names('lab')).rejects.toThrow('does not answer');
  });
});

/* What the browser keeps for uploads over a reload: handles to their files, and who sends them just now. */
import type { IPending } from '../models/pending';

const DATABASE = 'cloud-data-cockpit';
const STORE = 'file-handles';
const LOCK = 'cloud-data-cockpit:upload:';

/** Handles in IndexedDB, where they alone can be kept; Web Locks, which end with their page. Both only on safe origins. */
export function keptByBrowser(): IPending {
  return {
    hold,
    held,
    keepHandle: async (jobId, handle) => void (await inStore('readwrite', store => store.put(handle, jobId))),
    handleOf: async jobId => (await inStore<FileSystemFileHandle>('readonly', store => store.get(jobId))) ?? null,
    forgetHandle: async jobId => void (await inStore('readwrite', store => store.delete(jobId)))
  };
}

async function hold(jobId: string): Promise<() => void> {
  const locks = locksOf();
  if (!locks) {
    return () => undefined;
  }
  return new Promise(resolve => {
    const held = locks.request(LOCK + jobId, () => new Promise<void>(release => resolve(release)));
    // The page goes: nothing is to be done about its lock.
    held.catch(() => undefined);
  });
}

async function held(): Promise<ReadonlySet<string> | null> {
  const snapshot = await locksOf()?.query();
  if (!snapshot) {
    return null;
  }
  const names = (snapshot.held ?? []).map(lock => lock.name ?? '').filter(name => name.startsWith(LOCK));
  return new Set(names.map(name => name.slice(LOCK.length)));
}

function locksOf(): LockManager | undefined {
  return (navigator as Partial<Navigator>).locks;
}

/** Run one request; undefined where IndexedDB is refused (a private window) or cannot keep the value. */
async function inStore<T>(
  mode: IDBTransactionMode,
  run: (store: IDBObjectStore) => IDBRequest
): Promise<T | undefined> {
  try {
    const database = await settled(opened());
    try {
      return (await settled(run(database.transaction(STORE, mode).objectStore(STORE)))) as T;
    } finally {
      database.close();
    }
  } catch {
    // Without it the file is picked by hand, which always works.
    return undefined;
  }
}

function opened(): IDBOpenDBRequest {
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE);
  return request;
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('IndexedDB failed'));
  });
}

/* Files of the browser for the tests: bytes that both sides know, and what S3 holds of them in the end. */
import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import { expect } from '@playwright/test';
import { createHash } from 'node:crypto';

const API = 'cloud-data-cockpit/api';

/** Byte `index` of the files that `bytesOf` and the page make: no two parts are alike. */
export function bytesOf(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  for (let index = 0; index < size; index += 1) {
    bytes[index] = (index * 31 + (index >>> 8) * 7 + (index >>> 16) * 13) & 0xff;
  }
  return bytes;
}

export function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** The page's own file system has a file of that name, and the file picker gives it: as a person would choose it. */
export async function offerFile(page: IJupyterLabPageFixture, name: string, size: number): Promise<void> {
  await page.evaluate(
    async ([name, size]) => {
      const root = await navigator.storage.getDirectory();
      const handle = await root.getFileHandle(name, { create: true });
      const bytes = new Uint8Array(size);
      for (let index = 0; index < size; index += 1) {
        bytes[index] = (index * 31 + (index >>> 8) * 7 + (index >>> 16) * 13) & 0xff;
      }
      const writable = await handle.createWritable();
      await writable.write(bytes);
      await writable.close();
      Object.assign(window, { showOpenFilePicker: async () => [handle] });
    },
    [name, size] as const
  );
}

/** The bytes of an object, by a link that needs nothing else. */
export async function objectBytes(page: IJupyterLabPageFixture, bucket: string, key: string): Promise<Buffer> {
  const body = { connection: 'demo', bucket, key, version_id: null, seconds: 300 };
  const link: { url: string } = await post(page, 'presign', body);
  const reply = await page.request.get(link.url);
  expect(reply.status()).toBe(200);
  return reply.body();
}

/** POST to the API as the panel does, with the page's own cookies. */
export async function post<T>(page: IJupyterLabPageFixture, route: string, data: object): Promise<T> {
  const cookies = await page.context().cookies();
  const token = cookies.find(cookie => cookie.name === '_xsrf')?.value ?? '';
  const reply = await page.request.post(`${API}/${route}`, { data, headers: { 'X-XSRFToken': token } });
  expect(reply.ok(), await reply.text()).toBe(true);
  return reply.json();
}

export async function get<T>(page: IJupyterLabPageFixture, route: string): Promise<T> {
  return (await page.request.get(`${API}/${route}`)).json();
}

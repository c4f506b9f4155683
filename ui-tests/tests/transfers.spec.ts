/* What the server does by itself: uploads from URLs and of its own files, and what notifications tell of long jobs. */
import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import { expect, test } from '@jupyterlab/galata';
import type { Locator } from '@playwright/test';
import { CockpitPage, fill, inS3, keysIn } from './cockpit';
import { objectBytes, post } from './files';

/** Each request of this kind takes so long, until `release`. */
function slow(method: string, path: string, seconds: number): void {
  control('POST', { method, path, delay: seconds, times: 100_000 });
}

function release(): void {
  control('DELETE', {});
}

function control(method: string, body: object): void {
  inS3([
    'import urllib.request',
    `body = json.dumps(json.loads(${JSON.stringify(JSON.stringify(body))})).encode()`,
    'head = {"x-demo-secret": demo["secret_key"], "content-type": "application/json"}',
    `asked = urllib.request.Request(demo["endpoint_url"] + "/_faults", body, head, method=${JSON.stringify(method)})`,
    'urllib.request.urlopen(asked).close()'
  ]);
}

async function linkTo(page: IJupyterLabPageFixture, bucket: string, key: string): Promise<string> {
  const body = { connection: 'demo', bucket, key, version_id: null, seconds: 300 };
  return (await post<{ url: string }>(page, 'presign', body)).url;
}

function toasts(page: IJupyterLabPageFixture): Locator {
  return page.locator('.Toastify__toast');
}

test.afterEach(() => release());

test('what a URL leads to goes to S3; where its name is taken one is asked', async ({ page }) => {
  fill('url-source', ['deep/table.csv']);
  fill('url-target', ['other']);
  const cockpit = new CockpitPage(page);
  await cockpit.open();
  await cockpit.go('s3://url-target/');
  const url = await linkTo(page, 'url-source', 'deep/table.csv');
  const upload = async () => {
    await page.evaluate(() => void window.jupyterapp.commands.execute('cloud-data-cockpit:upload-from-url'));
    await page.locator('.jp-Dialog input').fill(url);
    await page.locator('.jp-Dialog').getByRole('button', { name: 'Upload' }).click();
  };
  await upload();
  await expect(cockpit.row('table.csv')).toBeVisible();
  expect((await objectBytes(page, 'url-target', 'table.csv')).toString()).toBe('deep/table.csv');
  inS3(['s3.put_object(Bucket="url-target", Key="table.csv", Body=b"changed since")']);
  await upload();
  const dialog = page.locator('.jp-Dialog');
  await expect(dialog).toContainText('s3://url-target/table.csv');
  await dialog.getByRole('button', { name: 'Keep both' }).click();
  await expect(cockpit.row('table (1).csv')).toBeVisible();
  expect((await objectBytes(page, 'url-target', 'table.csv')).toString()).toBe('changed since');
  await upload();
  await dialog.getByRole('button', { name: 'Replace them' }).click();
  await expect.poll(async () => (await objectBytes(page, 'url-target', 'table.csv')).toString()).toBe('deep/table.csv');
  expect(keysIn('url-target')).toEqual(['other', 'table (1).csv', 'table.csv']);
});

test("a folder of the Jupyter server: what is there is kept, replaced, or gets a neighbour", async ({ page, tmpPath }) => {
  fill('own-files', ['other']);
  await page.contents.uploadContent('one', 'text', `${tmpPath}/set/a.txt`);
  await page.contents.uploadContent('two', 'text', `${tmpPath}/set/b.txt`);
  inS3(['s3.put_object(Bucket="own-files", Key="set/b.txt", Body=b"old")']);
  const cockpit = new CockpitPage(page);
  await cockpit.open();
  await cockpit.go('s3://own-files/');
  const upload = () =>
    page.evaluate(
      path =>
        void window.jupyterapp.commands.execute('cloud-data-cockpit:upload-from-server', { paths: [path], ask: false }),
      `${tmpPath}/set`
    );
  const dialog = page.locator('.jp-Dialog');
  await upload();
  await dialog.getByRole('button', { name: 'Keep those' }).click();
  await expect.poll(() => keysIn('own-files')).toEqual(['other', 'set/a.txt', 'set/b.txt']);
  expect((await objectBytes(page, 'own-files', 'set/b.txt')).toString()).toBe('old');
  await upload();
  await dialog.getByRole('button', { name: 'Keep both' }).click();
  await expect.poll(() => keysIn('own-files')).toContain('set/b (1).txt');
  expect((await objectBytes(page, 'own-files', 'set/b (1).txt')).toString()).toBe('two');
});

test('a long copy tells how far it is in one notification, and is cancelled there', async ({ page }) => {
  const keys = Array.from({ length: 200 }, (_, index) => `many/${index}`);
  fill('long-copy', keys);
  fill('copy-target', ['other']);
  const cockpit = new CockpitPage(page);
  await cockpit.open();
  await cockpit.go('s3://long-copy/');
  await cockpit.row('many/').click();
  await page.keyboard.press('Control+c');
  await cockpit.go('s3://copy-target/');
  await cockpit.grid.focus();
  slow('PUT', '/copy-target/', 1);
  await page.keyboard.press('Control+v');
  const toast = toasts(page).filter({ hasText: 'Copy many' });
  await expect(toast).toContainText(/Copy many: [\d.]+ (B|KiB) of/);
  const id = await toast.getAttribute('id');
  const first = await toast.innerText();
  await expect.poll(() => toast.innerText()).not.toBe(first);
  release();
  await expect(toast).toContainText('Copy many: done');
  expect(await toast.getAttribute('id')).toBe(id);
  await expect(toasts(page)).toHaveCount(1);
  await expect.poll(() => keysIn('copy-target').length).toBe(201);

  // Once more, over what is there: stopped half-way.
  slow('PUT', '/copy-target/', 1);
  inS3(['[s3.delete_object(Bucket="copy-target", Key=f"many/{n}") for n in range(200)]']);
  await cockpit.grid.focus();
  await page.keyboard.press('Control+v');
  const running = toasts(page).filter({ hasText: /Copy many: [\d.]+ (B|KiB) of/ });
  await running.getByRole('button', { name: 'Cancel' }).click();
  await expect(toasts(page).filter({ hasText: 'Copy many: cancelled' })).toBeVisible();
});

test('so does a deletion', async ({ page }) => {
  fill('long-deletion', ['many/1', 'many/2', 'left']);
  const cockpit = new CockpitPage(page);
  await cockpit.open();
  await cockpit.go('s3://long-deletion/');
  await cockpit.row('many/').click();
  await page.keyboard.press('Delete');
  await expect(page.locator('.cdc-Deletion-count')).toContainText('2 objects');
  slow('POST', '/long-deletion', 8);
  await page.locator('.jp-Dialog').getByRole('button', { name: 'Delete' }).click();
  const toast = toasts(page).filter({ hasText: 'Delete many' });
  await expect(toast.getByRole('button', { name: 'Cancel' })).toBeVisible();
  const id = await toast.getAttribute('id');
  await expect(toast).toContainText('Delete many: done');
  expect(await toast.getAttribute('id')).toBe(id);
  await expect(toasts(page)).toHaveCount(1);
  expect(keysIn('long-deletion')).toEqual(['left']);
});

test("and a download into the Jupyter server's directory", async ({ page, tmpPath }) => {
  fill(
    'long-download',
    Array.from({ length: 200 }, (_, index) => `many/${index}`)
  );
  const cockpit = new CockpitPage(page);
  await cockpit.open();
  await cockpit.go('s3://long-download/');
  slow('GET', '/long-download/many/', 1);
  const request = { connection: 'demo', bucket: 'long-download', keys: [], prefixes: ['many/'], directory: tmpPath };
  await post(page, 'jobs', { ...request, kind: 'download', on_conflict: 'fail' });
  const toast = toasts(page).filter({ hasText: 'Download many' });
  await expect(toast).toContainText(/Download many: [\d.]+ (B|KiB) of/);
  const id = await toast.getAttribute('id');
  release();
  await expect(toast).toContainText('Download many: done');
  expect(await toast.getAttribute('id')).toBe(id);
  expect(await page.contents.fileExists(`${tmpPath}/many/199`)).toBe(true);
});

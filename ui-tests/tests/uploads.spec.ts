/* Uploads: folders, pauses, reloads, what was left behind, JupyterLab's own files; every byte is looked at in S3. */
import { expect, test } from '@jupyterlab/galata';
import type { Locator, Route } from '@playwright/test';
import type { IBinarySpec } from './cockpit';
import { CockpitPage } from './cockpit';
import { bytesOf, get, objectBytes, offerFile, post, sha256 } from './files';

const API = '**/cloud-data-cockpit/api';
const MIB = 1 << 20;

function uploadRow(cockpit: CockpitPage, key: string): Locator {
  return cockpit.panel.locator(`.cdc-Upload[data-key=${JSON.stringify(key)}]`);
}

/** Parts after the first wait, so that there is time to do something. */
function holdParts(): { route: (route: Route) => Promise<void>; sent: number[]; release: () => void } {
  const sent: number[] = [];
  let release = () => undefined as void;
  const gate = new Promise<void>(resolve => (release = resolve));
  const route = async (route: Route) => {
    const number = Number(route.request().url().split('/').pop());
    if (number > 1) {
      await gate;
    }
    sent.push(number);
    await route.continue().catch(() => undefined);
  };
  return { route, sent, release };
}

test('a dropped folder goes up as it is, small files and large ones', async ({ page }) => {
  const cockpit = new CockpitPage(page);
  await cockpit.open();
  await cockpit.createBucket('dropped-folders');
  const large = bytesOf(9 * MIB);
  const files: IBinarySpec[] = [
    { path: 'run/a.bin', base64: bytesOf(1000).toString('base64') },
    { path: 'run/deep/er/empty', base64: '' },
    { path: 'run/deep/large.bin', base64: large.toString('base64') },
    ...Array.from({ length: 120 }, (_, index) => ({
      path: `run/many/${String(index).padStart(3, '0')}.bin`,
      base64: bytesOf(index).toString('base64')
    }))
  ];
  await cockpit.dropTree(files);
  await expect(cockpit.row('run/')).toBeVisible({ timeout: 30_000 });
  await expect(cockpit.panel.locator('.cdc-Upload')).toHaveCount(0, { timeout: 60_000 });
  expect(sha256(await objectBytes(page, 'dropped-folders', 'run/deep/large.bin'))).toBe(sha256(large));
  expect(await objectBytes(page, 'dropped-folders', 'run/many/119.bin')).toEqual(bytesOf(119));
  expect(await objectBytes(page, 'dropped-folders', 'run/deep/er/empty')).toHaveLength(0);
  await expect(page.locator('.Toastify__toast')).toHaveCount(1);
  await expect(page.locator('.Toastify__toast')).toContainText('Uploaded 123 files to dropped-folders');
});

test('pasted files are uploaded to the place that is shown', async ({ page }) => {
  const cockpit = new CockpitPage(page);
  await cockpit.open();
  await cockpit.createBucket('pasted-files');
  await cockpit.panel.locator('.cdc-DropZone').evaluate(node => {
    const clipboardData = new DataTransfer();
    clipboardData.items.add(new File(['from the clipboard'], 'picture.txt'));
    node.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
  });
  await expect(cockpit.row('picture.txt')).toBeVisible();
  expect((await objectBytes(page, 'pasted-files', 'picture.txt')).toString()).toBe('from the clipboard');
});

test('keys that exist: one question for all, and both may be kept', async ({ page }) => {
  const cockpit = new CockpitPage(page);
  await cockpit.open();
  await cockpit.createBucket('conflicts');
  const files = (text: string) => ['a.txt', 'b.txt', 'c.txt'].map(name => ({ name, text }));
  await cockpit.drop(files('old'));
  await expect(cockpit.row('c.txt')).toBeVisible();
  await cockpit.drop(files('newer'));
  const dialog = page.locator('.jp-Dialog');
  await expect(dialog).toContainText('exists already');
  await dialog.getByText('The same for all 2 others').click();
  await dialog.getByRole('button', { name: 'Keep both' }).click();
  await expect(cockpit.row('c (1).txt')).toBeVisible();
  await expect(dialog).toHaveCount(0);
  expect((await objectBytes(page, 'conflicts', 'b.txt')).toString()).toBe('old');
  expect((await objectBytes(page, 'conflicts', 'b (1).txt')).toString()).toBe('newer');
});

test('a file of a pair that comes alone is told', async ({ page }) => {
  const cockpit = new CockpitPage(page);
  await cockpit.open();
  await cockpit.createBucket('pairs');
  await cockpit.drop([{ name: 'scan.imzML', text: '<mzML/>' }]);
  const warning = cockpit.panel.getByText('scan.imzML is of no use without scan.ibd beside it');
  await expect(warning).toBeVisible();
  await cockpit.drop([{ name: 'scan.ibd', text: 'bytes' }]);
  await expect(warning).toBeHidden();
});

test('the status bar counts what runs, and leads to it', async ({ page }) => {
  const cockpit = new CockpitPage(page);
  await cockpit.open();
  await cockpit.createBucket('counted');
  const held = holdParts();
  await page.route(`${API}/uploads/*/parts/*`, held.route);
  await offerFile(page, 'counted.bin', 20 * MIB);
  await cockpit.panel.getByRole('button', { name: 'Upload files' }).first().click();
  const status = page.locator('#jp-main-statusbar').getByRole('button', { name: 'Data Cockpit: 1 job runs' });
  await expect(status).toBeVisible();
  await expect(page.locator('.Toastify__toast')).toHaveCount(1);
  await status.click();
  const listed = page.locator('.cdc-JobsView .cdc-Row').filter({ hasText: 'counted.bin' });
  await expect(listed).toBeVisible();
  held.release();
  await expect(status).toBeHidden({ timeout: 30_000 });
  await expect(listed).toHaveAttribute('data-state', 'succeeded');
});

test('a paused upload goes on with the parts that are missing', async ({ page }) => {
  const cockpit = new CockpitPage(page);
  await cockpit.open();
  await cockpit.createBucket('paused');
  const held = holdParts();
  await page.route(`${API}/uploads/*/parts/*`, held.route);
  const size = 26 * MIB + 5;
  await offerFile(page, 'paused.bin', size);
  await cockpit.panel.getByRole('button', { name: 'Upload files' }).first().click();
  const row = uploadRow(cockpit, 'paused.bin');
  await expect(row).toContainText(/8(\.\d+)? of 26 MiB/, { timeout: 30_000 });
  await row.getByRole('button', { name: 'Pause the upload of paused.bin' }).click();
  await expect(row).toHaveAttribute('data-state', 'paused');
  const jobs = cockpit.section('jobs');
  await jobs.getByRole('button', { name: 'Jobs' }).click();
  await expect(jobs.locator('.cdc-Job').first()).toContainText('Paused');
  held.release();
  held.sent.length = 0;
  await row.getByRole('button', { name: 'Go on with the upload of paused.bin' }).click();
  await expect(cockpit.row('paused.bin')).toBeVisible({ timeout: 30_000 });
  // Those that were given up by the pause may be among them as well.
  expect([...new Set(held.sent)].sort()).toEqual([2, 3, 4]);
  expect(sha256(await objectBytes(page, 'paused', 'paused.bin'))).toBe(sha256(bytesOf(size)));
});

test.describe('after a reload', () => {
  test.use({ mockState: false });

  for (const [how, bucket] of [
    ['by one click, where the browser keeps the file', 'handles'],
    ['by dropping the file again', 'dropped']
  ]) {
    test(`an upload goes on ${how}`, async ({ page }) => {
      const cockpit = new CockpitPage(page);
      await cockpit.open();
      await cockpit.createBucket(bucket);
      const held = holdParts();
      await page.route(`${API}/uploads/*/parts/*`, held.route);
      const size = 26 * MIB + 5;
      const kept = bucket === 'kept';
      if (kept) {
        await offerFile(page, 'long.bin', size);
        await cockpit.panel.getByRole('button', { name: 'Upload files' }).first().click();
      } else {
        await cockpit.dropBytes('long.bin', size);
      }
      await expect(uploadRow(cockpit, 'long.bin')).toContainText(/8(\.\d+)? of 26 MiB/, { timeout: 30_000 });
      // The place is saved a moment after it has changed.
      await page.waitForTimeout(1500);
      await page.reload();
      await cockpit.open();
      const row = uploadRow(cockpit, 'long.bin');
      await expect(row).toHaveAttribute('data-state', 'fileless');
      await expect(cockpit.panel.getByText('Begun earlier, not complete')).toBeVisible();
      held.release();
      held.sent.length = 0;
      if (kept) {
        await row.getByRole('button', { name: 'Go on with the upload of long.bin' }).click();
      } else {
        await cockpit.dropBytes('long.bin', size);
      }
      await expect(cockpit.row('long.bin')).toBeVisible({ timeout: 30_000 });
      await expect(row).toHaveCount(0);
      // Those that the first page had asked for may be among them as well.
      expect([...new Set(held.sent)].sort()).toEqual([2, 3, 4]);
      expect(sha256(await objectBytes(page, bucket, 'long.bin'))).toBe(sha256(bytesOf(size)));
    });
  }

  test('another file of the same name does not go on with it', async ({ page }) => {
    const cockpit = new CockpitPage(page);
    await cockpit.open();
    await cockpit.createBucket('other-file');
    const held = holdParts();
    await page.route(`${API}/uploads/*/parts/*`, held.route);
    await cockpit.dropBytes('data.bin', 20 * MIB);
    await expect(uploadRow(cockpit, 'data.bin')).toContainText(/8(\.\d+)? of 20 MiB/, { timeout: 30_000 });
    await page.waitForTimeout(1500);
    await page.reload();
    await cockpit.open();
    const row = uploadRow(cockpit, 'data.bin');
    await expect(row).toHaveAttribute('data-state', 'fileless');
    await offerFile(page, 'data.bin', 19 * MIB);
    await row.getByRole('button', { name: 'Choose the file data.bin again' }).click();
    await expect(page.locator('.Toastify__toast')).toContainText('is not the file that this upload began with');
    await expect(row).toHaveAttribute('data-state', 'fileless');
    await row.getByRole('button', { name: 'Cancel the upload of data.bin' }).click();
    await expect(row).toHaveCount(0);
    expect(await get(page, 'multiparts?connection=demo&bucket=other-file')).toMatchObject({ uploads: [] });
    held.release();
  });
});

test("JupyterLab's own files go to S3 by their menu and by drag", async ({ page, tmpPath }) => {
  const cockpit = new CockpitPage(page);
  const text = 'a,b\n'.repeat(50_000);
  await page.contents.uploadContent(text, 'text', `${tmpPath}/here.csv`);
  await page.contents.uploadContent('dragged', 'text', `${tmpPath}/dragged.txt`);
  await cockpit.open();
  await cockpit.createBucket('from-server');
  await page.sidebar.openTab('filebrowser');
  const item = (name: string) => page.locator('.jp-DirListing-item', { hasText: name });
  await item('here.csv').click({ button: 'right' });
  await page.getByRole('menuitem', { name: 'Upload to S3 (Data Cockpit)' }).click();
  await expect(page.locator('.jp-Dialog')).toContainText('1 item to s3://from-server/');
  await page.locator('.jp-Dialog').getByRole('button', { name: 'Upload' }).click();
  await cockpit.open();
  await expect(cockpit.row('here.csv')).toBeVisible({ timeout: 30_000 });
  expect((await objectBytes(page, 'from-server', 'here.csv')).toString()).toBe(text);

  // The panel on the other side, so that both are in view.
  await page.evaluate(() => {
    const { shell } = window.jupyterapp;
    const panel = [...shell.widgets('left')].find(widget => widget.id === 'cloud-data-cockpit');
    shell.add(panel!, 'right');
    shell.activateById('cloud-data-cockpit');
  });
  await page.sidebar.openTab('filebrowser');
  const from = (await item('dragged.txt').boundingBox())!;
  const to = (await cockpit.listing.boundingBox())!;
  await page.mouse.move(from.x + 40, from.y + 8);
  await page.mouse.down();
  await page.mouse.move(to.x + 60, to.y + 50, { steps: 12 });
  await expect(cockpit.panel.locator('.cdc-DropZone-cover')).toContainText('Drop to upload to s3://from-server/');
  await page.mouse.move(to.x + 62, to.y + 60, { steps: 3 });
  await page.mouse.up();
  await expect(cockpit.row('dragged.txt')).toBeVisible({ timeout: 30_000 });
  expect((await objectBytes(page, 'from-server', 'dragged.txt')).toString()).toBe('dragged');
});

test('what was left behind in a bucket is listed and aborted', async ({ page }) => {
  const cockpit = new CockpitPage(page);
  await cockpit.open();
  await cockpit.createBucket('left-behind');
  for (const key of ['one.bin', 'two.bin']) {
    const request = { connection: 'demo', bucket: 'left-behind', key, size: 20 * MIB, filename: key };
    const asked = { ...request, content_type: null, overwrite: false, last_modified: null };
    const upload: { job_id: string } = await post(page, 'uploads', asked);
    await post(page, `uploads/${upload.job_id}/pause`, {});
  }
  await cockpit.panel.getByRole('button', { name: 'Connection menu' }).click();
  await page.getByRole('menuitem', { name: 'Unfinished Uploads of the Bucket…' }).click();
  const dialog = page.locator('.jp-Dialog');
  await expect(dialog.getByRole('row')).toHaveCount(3);
  await expect(dialog.getByRole('button', { name: 'Abort' })).toBeDisabled();
  await dialog.getByLabel('one.bin').check();
  await dialog.getByRole('button', { name: 'Abort' }).click();
  await expect(dialog).toHaveCount(0);
  const left: { uploads: { key: string }[] } = await get(page, 'multiparts?connection=demo&bucket=left-behind');
  expect(left.uploads.map(({ key }) => key)).toEqual(['two.bin']);
});

/* The panel by itself: uploads, keys, long listings, errors, reloads, accessibility. */
import AxeBuilder from '@axe-core/playwright';
import { expect, test } from '@jupyterlab/galata';
import { CockpitPage, csvOf, fastaOf } from './cockpit';

const API = '**/cloud-data-cockpit/api';

test('an upload is cancelled and leaves nothing', async ({ page }) => {
  const cockpit = new CockpitPage(page);
  await cockpit.open();
  await cockpit.createBucket('cancelled');
  // The parts wait, so that there is time to press the button.
  await page.route(`${API}/uploads/*/parts/*`, async route => {
    await new Promise(resolve => setTimeout(resolve, 3000));
    await route.continue().catch(() => undefined);
  });
  // More than goes in one request.
  await cockpit.drop([{ name: 'big.csv', text: csvOf(500_000) }]);
  const upload = cockpit.panel.locator('.cdc-Upload[data-key="big.csv"]');
  await expect(upload.getByRole('progressbar')).toBeVisible();
  await upload.getByRole('button', { name: 'Cancel the upload of big.csv' }).click();
  await expect(upload).toHaveAttribute('data-state', 'cancelled');
  await cockpit.panel.getByRole('button', { name: 'Refresh' }).click();
  await expect(cockpit.row('big.csv')).toHaveCount(0);
  const jobs: { uri: string; state: string }[] = await (await page.request.get('cloud-data-cockpit/api/jobs')).json();
  expect(jobs.find(job => job.uri === 's3://cancelled/big.csv')?.state).toBe('cancelled');
});

test('a file that exists is replaced only after a yes', async ({ page }) => {
  const cockpit = new CockpitPage(page);
  await cockpit.open();
  await cockpit.createBucket('replaced');
  await cockpit.drop([{ name: 'a.txt', text: 'one' }]);
  await expect(cockpit.row('a.txt')).toContainText('3 B');
  await cockpit.drop([{ name: 'a.txt', text: 'longer' }]);
  await page.getByRole('button', { name: 'Skip' }).click();
  await expect(cockpit.row('a.txt')).toContainText('3 B');
  await cockpit.drop([{ name: 'a.txt', text: 'longer' }]);
  await page.locator('.jp-Dialog').getByRole('button', { name: 'Replace' }).click();
  await expect(cockpit.row('a.txt')).toContainText('6 B');
});

test('several files go up in one drop', async ({ page }) => {
  const cockpit = new CockpitPage(page);
  await cockpit.open();
  await cockpit.createBucket('several');
  await cockpit.drop(['a', 'b', 'c', 'd'].map(name => ({ name: `${name}.csv`, text: csvOf(10) })));
  for (const name of ['a', 'b', 'c', 'd']) {
    await expect(cockpit.row(`${name}.csv`)).toBeVisible();
  }
  await expect(page.locator('.Toastify__toast')).toHaveCount(1);
});

test('100,000 keys: a page a scroll, few rows in the document, keys that work', async ({ page }) => {
  const total = 100_000;
  let pages = 0;
  await page.route(`${API}/objects?*`, async route => {
    const query = new URL(route.request().url()).searchParams;
    const start = Number(query.get('next_token') ?? 0);
    pages += 1;
    const objects = Array.from({ length: 1000 }, (_, index) => ({
      key: `key-${String(start + index).padStart(6, '0')}`,
      size: index,
      last_modified: '2026-01-01T00:00:00Z',
      etag: 'e',
      storage_class: null
    }));
    const next = start + 1000 < total ? String(start + 1000) : null;
    await route.fulfill({ json: { bucket: 'many', prefix: '', prefixes: [], objects, next_token: next } });
  });
  const cockpit = new CockpitPage(page);
  await cockpit.open();
  await cockpit.go('s3://many/');
  await expect(cockpit.row('key-000000')).toBeVisible();
  expect(pages).toBe(1);
  while (pages < total / 1000) {
    const before = pages;
    // Who scrolls before the rows of the last page are there has to go on once they are.
    const scrolled = async () => {
      await cockpit.listing.evaluate(node => (node.scrollTop = node.scrollHeight));
      return pages;
    };
    await expect.poll(scrolled).toBeGreaterThan(before);
  }
  await cockpit.listing.getByRole('grid').focus();
  await page.keyboard.press('End');
  await expect(cockpit.row('key-099999')).toHaveAttribute('aria-selected', 'true');
  expect(await cockpit.listing.locator('.cdc-Row').count()).toBeLessThan(80);
  await page.keyboard.press('Home');
  await page.keyboard.press('ArrowDown');
  await expect(cockpit.row('key-000001')).toHaveAttribute('aria-selected', 'true');
  await page.keyboard.type('key-05');
  await expect(cockpit.row('key-050000')).toHaveAttribute('aria-selected', 'true');
});

test('keys walk in and out, and the focus stays in the list', async ({ page }) => {
  const cockpit = new CockpitPage(page);
  await cockpit.open();
  await cockpit.createBucket('walked');
  await cockpit.go('s3://walked/deep/er/');
  await cockpit.drop([{ name: 'a.csv', text: csvOf(5) }]);
  await expect(cockpit.row('deep/er/a.csv')).toBeVisible();
  const grid = cockpit.listing.getByRole('grid');
  await grid.focus();
  await page.keyboard.press('Backspace');
  await expect(cockpit.row('deep/er/')).toHaveAttribute('aria-selected', 'true');
  await page.keyboard.press('Backspace');
  await expect(cockpit.row('deep/')).toHaveAttribute('aria-selected', 'true');
  await page.keyboard.press('Enter');
  await expect(cockpit.row('deep/er/')).toBeVisible();
  await expect(grid).toBeFocused();
});

test('hostile names are text', async ({ page }) => {
  const cockpit = new CockpitPage(page);
  await cockpit.open();
  await cockpit.createBucket('hostile');
  const name = '<img src=x onerror="window.hit=1">.csv';
  await cockpit.drop([{ name, text: csvOf(5) }]);
  await expect(cockpit.row(name)).toContainText(name);
  await cockpit.row(name).click();
  await expect(cockpit.section('object').locator('.cdc-Card-title')).toHaveText(name);
  expect(await page.evaluate(() => 'hit' in window)).toBe(false);
});

test('a way to cut may want words', async ({ page }) => {
  const cockpit = new CockpitPage(page);
  await cockpit.open();
  await cockpit.createBucket('regions');
  await cockpit.drop([{ name: 'a.fa', text: fastaOf(20) }]);
  await cockpit.row('a.fa').click();
  const form = cockpit.section('object').locator('form');
  await form.getByLabel('Cut by').selectOption('region');
  await expect(form.getByRole('button', { name: 'Partition' })).toBeDisabled();
  await form.getByRole('textbox', { name: 'Regions' }).fill('seq3:1-10, seq7');
  await form.getByRole('button', { name: 'Partition' }).click();
  await expect(cockpit.section('slices').locator('[data-total="slices"]')).toHaveText('2');
  // What belongs to another way to cut is not asked for.
  await cockpit.section('object').getByLabel('Format').selectOption('text');
  await expect(form.getByLabel('What is left over')).toHaveCount(0);
  await form.getByLabel('Cut by').selectOption('lines');
  await expect(form.getByLabel('What is left over')).toHaveValue('expand');
});

test('all sections open: each scrolls by itself, and the bars of Data stay', async ({ page }) => {
  const cockpit = new CockpitPage(page);
  await cockpit.open();
  await cockpit.createBucket('heights');
  await cockpit.drop(Array.from({ length: 12 }, (_, index) => ({ name: `a${index}.csv`, text: csvOf(30) })));
  await expect(cockpit.panel.locator('.cdc-Upload')).toHaveCount(0, { timeout: 30_000 });
  await cockpit.row('a0.csv').click();
  await expect(cockpit.section('object').locator('.cdc-Object')).toHaveAttribute('data-key', 'a0.csv');
  await cockpit.section('jobs').getByRole('button', { name: 'Jobs' }).click();
  await cockpit.partition(7);
  for (const height of [700, 900, 1200]) {
    await page.setViewportSize({ width: 1280, height });
    const all = cockpit.panel.locator('.cdc-Sections');
    await expect.poll(() => all.evaluate(node => node.scrollHeight - node.clientHeight)).toBe(0);
    await expect(cockpit.panel.getByLabel('Connection', { exact: true })).toBeInViewport({ ratio: 1 });
    await expect(cockpit.panel.getByLabel('Filter by name')).toBeInViewport({ ratio: 1 });
    const box = await cockpit.section('data').boundingBox();
    expect(box?.height).toBeGreaterThan(180);
    expect((await cockpit.listing.boundingBox())?.height).toBeGreaterThan(90);
    await expect(cockpit.section('object').getByRole('button', { name: 'Partition' }).last()).toBeInViewport({ ratio: 1 });
    await expect(cockpit.section('jobs').locator('.cdc-Job').first()).toBeInViewport();
  }
});

test('an error shows the words of the server and a way on', async ({ page }) => {
  const cockpit = new CockpitPage(page);
  await cockpit.open();
  await cockpit.go('s3://no-such-bucket-anywhere/');
  const alert = cockpit.section('data').getByRole('alert');
  await expect(alert).toContainText('no-such-bucket-anywhere');
  const words = 'the session token has expired: log in again';
  let gone = false;
  await page.route(`${API}/objects?*`, route =>
    gone ? route.abort() : route.fulfill({ status: 401, json: { code: 'credentials', message: words } })
  );
  await alert.getByRole('button', { name: 'Retry' }).click();
  await expect(alert).toContainText(words);
  gone = true;
  await alert.getByRole('button', { name: 'Retry' }).click();
  await expect(alert).toContainText('The Jupyter server does not answer');
});

test.describe('after a reload', () => {
  test.use({ mockState: false });

  test('the place and the selection are the same', async ({ page }) => {
    const cockpit = new CockpitPage(page);
    await cockpit.open();
    await cockpit.createBucket('reloaded');
    await cockpit.go('s3://reloaded/x/');
    await cockpit.drop([{ name: 'a.csv', text: csvOf(5) }]);
    await cockpit.row('x/a.csv').click();
    await expect(cockpit.section('object').locator('.cdc-Object')).toHaveAttribute('data-key', 'x/a.csv');
    // The state is saved a moment after it has changed.
    await page.waitForTimeout(1500);
    await page.reload();
    await cockpit.open();
    await expect(cockpit.row('x/a.csv')).toHaveAttribute('aria-selected', 'true');
    await expect(cockpit.section('object').locator('.cdc-Object')).toHaveAttribute('data-key', 'x/a.csv');
  });
});

for (const theme of ['JupyterLab Light', 'JupyterLab Dark']) {
  test(`axe finds nothing in ${theme}`, async ({ page }) => {
    const cockpit = new CockpitPage(page);
    await page.theme.setTheme(theme);
    await cockpit.open();
    const bucket = theme.includes('Dark') ? 'axe-dark' : 'axe-light';
    await cockpit.createBucket(bucket);
    const scan = async (what: string) => {
      const { violations } = await new AxeBuilder({ page }).include('#cloud-data-cockpit').analyze();
      expect.soft(violations.map(({ id, nodes }) => `${what}: ${id} ${nodes[0].html}`)).toEqual([]);
    };
    await scan('empty');
    await cockpit.drop([{ name: 'a.csv', text: csvOf(50) }]);
    await cockpit.row('a.csv').click();
    await expect(cockpit.section('object').locator('.cdc-Object')).toHaveAttribute('data-key', 'a.csv');
    await cockpit.section('jobs').getByRole('button', { name: 'Jobs' }).click();
    await cockpit.partition(4);
    await cockpit.section('object').getByText('Reading options').click();
    await scan('filled');
    await cockpit.section('object').getByLabel('Number of slices').fill('0');
    await cockpit.go('s3://no-such-bucket/');
    await scan('error');
  });
}

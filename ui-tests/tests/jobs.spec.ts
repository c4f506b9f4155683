/* Jobs in the main area: what runs is still there after a reload, is cancelled, started anew, and tells what it did. */
import AxeBuilder from '@axe-core/playwright';
import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import { expect, test } from '@jupyterlab/galata';
import type { Locator } from '@playwright/test';
import type { Job } from '../../src/api/schema';
import { job } from '../../src/testing/records';
import { CockpitPage, csvOf, ownBucket, putLargeObject } from './cockpit';

const API = '**/cloud-data-cockpit/api';
/** Something that the server does on a machine that may have much else to do. */
const LONG = { timeout: 30_000 };

class JobsTab {
  constructor(readonly page: IJupyterLabPageFixture) {}

  get view(): Locator {
    return this.page.locator('.cdc-JobsView');
  }

  get grid(): Locator {
    return this.view.getByRole('grid');
  }

  get detail(): Locator {
    return this.view.locator('.cdc-JobDetail');
  }

  row(title: string): Locator {
    return this.view.locator('.cdc-Row[data-id]').filter({ hasText: title });
  }

  async open(): Promise<void> {
    await this.page.evaluate(() => void window.jupyterapp.commands.execute('cloud-data-cockpit:open-jobs'));
    await expect(this.view).toBeVisible();
  }
}

function jobs(count: number, one: (index: number) => Partial<Job>): Job[] {
  return Array.from({ length: count }, (_, index) =>
    job({
      id: `made-${index}`,
      kind: 'copy',
      title: `Copy object ${index}`,
      state: 'succeeded',
      created: new Date(Date.UTC(2026, 0, 1) - index * 60_000).toISOString(),
      total: 0,
      unit: 'objects',
      phase: '',
      uri: `s3://b/object-${index}`,
      ...one(index)
    })
  );
}

/** A page that knows these jobs and no others: what other tests have left behind is not asked for. */
async function serveJobs(page: IJupyterLabPageFixture, list: Job[]): Promise<void> {
  await page.route(`${API}/jobs`, route => route.fulfill({ json: list }));
  await page.reload();
}

test.describe('over a reload', () => {
  test.use({ mockState: false });

  test('an index of a large object goes on, and is cancelled', async ({ page }) => {
    test.setTimeout(180_000);
    const bucket = ownBucket('jobs-large');
    putLargeObject(bucket);
    const cockpit = new CockpitPage(page);
    await cockpit.open();
    await cockpit.go(`s3://${bucket}/`);
    await expect(cockpit.row('large.csv.gz')).toBeVisible();
    await cockpit.menu('large.csv.gz', 'Index');
    const tab = new JobsTab(page);
    // Which tabs are open is saved a moment after one was opened.
    const saved = page.waitForRequest(request => {
      const isSave = request.method() === 'PUT' && request.url().includes('/api/workspaces/');
      const state = isSave ? (request.postDataJSON() as { data: Record<string, unknown> }).data : {};
      return JSON.stringify(state['layout-restorer:data'] ?? '').includes('cloud-data-cockpit-jobs:jobs');
    });
    await tab.open();
    const row = tab.row('large.csv.gz');
    await expect(row).toHaveAttribute('data-state', 'running', LONG);
    await expect(row).toHaveAttribute('data-kind', 'index');
    await (await saved).response();

    // The tab comes back by itself, where a test would wait for the launcher.
    const restored: object = { waitForIsReady: false };
    await page.reload(restored);
    await expect(row).toHaveAttribute('data-state', 'running', LONG);
    await row.click();
    await tab.detail.getByText('Log', { exact: true }).click();
    await expect(tab.detail.locator('.cdc-JobLog p').first()).toBeVisible(LONG);
    await tab.detail.getByRole('button', { name: 'Cancel' }).click();
    await expect(row).toHaveAttribute('data-state', 'cancelled', LONG);
    await expect(tab.detail.getByRole('button', { name: 'Start anew' })).toBeVisible();
  });
});

test('by keyboard: find a job, read of it, go on with it', async ({ page }) => {
  const stopped: Partial<Job> = { state: 'interrupted', resumable: true, kind: 'index', title: 'Index terrain.laz' };
  const list = jobs(5, index => (index === 3 ? stopped : {}));
  await serveJobs(page, list);
  await page.route(`${API}/jobs/*/log`, route => route.fulfill({ json: { lines: [], total: 0 } }));
  await page.route(`${API}/jobs/*/resume`, route =>
    route.fulfill({ json: { ...list[3], state: 'running', updated: '2026-01-02T00:00:00Z' } })
  );
  const tab = new JobsTab(page);
  await tab.open();
  await tab.grid.focus();
  for (let step = 0; step < 4; step += 1) {
    await page.keyboard.press('ArrowDown');
  }
  await expect(tab.row('Index terrain.laz')).toHaveAttribute('aria-selected', 'true');
  await expect(tab.detail).toContainText('s3://b/object-3');
  // Into the details, and along their buttons to the first of the job's own.
  await page.keyboard.press('Enter');
  await expect(tab.detail.getByRole('button', { name: 'Close' })).toBeFocused();
  await page.keyboard.press('Tab');
  await expect(tab.detail.getByRole('button', { name: 'Go on' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(tab.row('Index terrain.laz')).toHaveAttribute('data-state', 'running');
});

test('a failure shows its cause; what failed is found', async ({ page }) => {
  const failed: Partial<Job> = {
    state: 'failed',
    title: 'Download secrets.csv',
    kind: 'download',
    notes: ['secrets.csv was left out'],
    error: { code: 'denied', message: 'Access denied: ask for s3:GetObject, or run `aws sso login --profile work`.' }
  };
  await serveJobs(page, jobs(30, index => (index === 7 ? failed : {})));
  const tab = new JobsTab(page);
  await tab.open();
  await tab.view.getByRole('button', { name: 'Failed 1' }).click();
  await expect(tab.view.locator('.cdc-Row[data-id]')).toHaveCount(1);
  await tab.row('secrets.csv').click();
  await expect(tab.detail.getByRole('alert')).toContainText('s3:GetObject');
  await expect(tab.detail).toContainText('secrets.csv was left out');
  await tab.view.getByRole('button', { name: /^All/ }).click();
  await tab.view.getByLabel('Filter jobs').fill('object 12');
  await expect(tab.view.locator('.cdc-Row[data-id]')).toHaveCount(1);
});

test('1,000 jobs: few rows in the document, the last is reached', async ({ page }) => {
  await serveJobs(page, jobs(1000, () => ({})));
  const tab = new JobsTab(page);
  await tab.open();
  await expect(tab.row('Copy object 0').first()).toBeVisible();
  expect(await tab.view.locator('.cdc-Row[data-id]').count()).toBeLessThan(80);
  await tab.grid.focus();
  await page.keyboard.press('End');
  await expect(tab.view.locator('.cdc-Row[data-id="made-999"]')).toHaveAttribute('aria-selected', 'true');
  await expect(tab.view.locator('.cdc-Row[data-id="made-999"]')).toBeInViewport();
  await page.keyboard.press('Home');
  await expect(tab.view.locator('.cdc-Row[data-id="made-0"]')).toBeInViewport();
});

test('no jobs, and a list that cannot be had', async ({ page }) => {
  let broken = true;
  const words = { code: 'internal', message: 'The list of jobs cannot be read.' };
  await page.route(`${API}/jobs`, route =>
    broken ? route.fulfill({ status: 500, json: words }) : route.fulfill({ json: [] })
  );
  // The page was there before the route.
  await page.reload();
  const tab = new JobsTab(page);
  await tab.open();
  await expect(tab.view.getByRole('alert')).toContainText('The list of jobs cannot be read.');
  broken = false;
  await tab.view.getByRole('button', { name: 'Retry' }).click();
  await expect(tab.view).toContainText('No jobs yet');
});

test('a benchmark leads to its chart', async ({ page }) => {
  const cockpit = new CockpitPage(page);
  await cockpit.open();
  await cockpit.createBucket(ownBucket('jobs-bench'));
  await cockpit.drop([{ name: 'a.csv', text: csvOf(500) }]);
  await cockpit.row('a.csv').click();
  await cockpit.section('object').getByRole('button', { name: 'Benchmark…' }).click();
  const bench = page.locator('.cdc-Benchmark');
  await bench.getByRole('button', { name: 'List', exact: true }).click();
  await bench.getByLabel('Values', { exact: true }).fill('1, 2');
  await bench.getByRole('button', { name: 'Run the Benchmark' }).click();
  await expect(bench.locator('.cdc-Result')).toHaveAttribute('data-finished', 'true', { timeout: 60_000 });
  const tab = new JobsTab(page);
  await tab.open();
  await expect(bench).toBeHidden();
  await tab.row('Benchmark a.csv').first().click();
  await tab.detail.getByRole('button', { name: 'Show the chart' }).click();
  await expect(bench.locator('.cdc-Chart svg')).toBeVisible();
});

for (const theme of ['JupyterLab Light', 'JupyterLab Dark']) {
  test(`axe finds nothing in ${theme}`, async ({ page }) => {
    await page.theme.setTheme(theme);
    const states: Job['state'][] = ['running', 'queued', 'failed', 'cancelled', 'interrupted'];
    const error = { code: 'denied', message: 'Access denied.' };
    const list = jobs(10, index => ({ state: states[index % 5], error, total: 10, done: 3, resumable: index === 4 }));
    const line = { at: '2026-01-01T00:00:00Z', level: 'warning' as const, text: 'a block was read again' };
    await serveJobs(page, list);
    await page.route(`${API}/jobs/*/log`, route => route.fulfill({ json: { lines: [line], total: 3 } }));
    const tab = new JobsTab(page);
    await tab.open();
    await tab.row('Copy object 2').click();
    await tab.detail.getByText('Log', { exact: true }).click();
    await expect(tab.detail.locator('.cdc-JobLog')).toContainText('a block was read again');
    const { violations } = await new AxeBuilder({ page }).include('.cdc-JobsView').analyze();
    expect(violations.map(({ id, nodes }) => `${id} ${nodes[0].html}`)).toEqual([]);
  });
}

/* Which batch size is fastest: run a benchmark, look at the chart, use the value, compare; where the work is done. */
import AxeBuilder from '@axe-core/playwright';
import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import { expect, test } from '@jupyterlab/galata';
import type { Locator } from '@playwright/test';
import { CockpitPage, csvOf } from './cockpit';

/** A whole sweep: on a machine that has much else to do it takes its time. */
const SWEEP = { timeout: 60_000 };

class BenchmarkTab {
  constructor(readonly page: IJupyterLabPageFixture) {}

  get tab(): Locator {
    return this.page.locator('.cdc-Benchmark');
  }

  get result(): Locator {
    return this.tab.locator('.cdc-Result');
  }

  /** Try these values; the result. */
  async run(values: string): Promise<void> {
    await this.tab.getByRole('button', { name: 'List', exact: true }).click();
    await this.tab.getByLabel('Values', { exact: true }).fill(values);
    const former = (await this.result.count()) ? await this.result.getAttribute('data-benchmark') : '';
    await this.tab.getByRole('button', { name: 'Run the Benchmark' }).click();
    await expect(this.result).not.toHaveAttribute('data-benchmark', former ?? '', SWEEP);
    await expect(this.result).toHaveAttribute('data-finished', 'true', SWEEP);
    await expect(this.tab.getByRole('button', { name: 'Run the Benchmark' })).toBeEnabled();
  }
}

/** A bucket with a CSV that is selected. */
async function withObject(page: IJupyterLabPageFixture, bucket: string, rows = 4000): Promise<CockpitPage> {
  const cockpit = new CockpitPage(page);
  await cockpit.open();
  await cockpit.createBucket(bucket);
  await cockpit.drop([{ name: 'stations.csv', text: csvOf(rows) }]);
  await cockpit.row('stations.csv').click();
  await expect(cockpit.section('object').locator('.cdc-Object')).toHaveAttribute('data-key', 'stations.csv');
  return cockpit;
}

async function openBenchmark(page: IJupyterLabPageFixture, cockpit: CockpitPage): Promise<BenchmarkTab> {
  await cockpit.section('object').getByRole('button', { name: 'Benchmark…' }).click();
  const opened = new BenchmarkTab(page);
  await expect(opened.tab.getByText('No benchmark of this object yet')).toBeVisible();
  return opened;
}

test('a benchmark is run, drawn, and its value used', async ({ page }) => {
  const cockpit = await withObject(page, 'bench-run');
  const bench = await openBenchmark(page, cockpit);
  await bench.run('2, 5, 11');
  const marks = bench.result.locator('.cdc-Chart svg .mark-symbol.role-mark path');
  await expect(marks.first()).toBeVisible();
  // Three values and a ring around the best; three more for the time of a slice.
  await expect(marks).toHaveCount(7);
  await expect(bench.result.locator('.cdc-PointTable tbody tr')).toHaveCount(3);

  await bench.result.getByRole('button', { name: 'Use 5' }).click();
  const form = cockpit.section('object').locator('form');
  await expect(form.getByLabel('Cut by')).toHaveValue('num_slices');
  await expect(form.getByLabel('Number of slices')).toHaveValue('5');
  const best = await bench.result.locator('tr.cdc-mod-best').getAttribute('data-value');
  await bench.result.getByRole('button', { name: 'Use This Value' }).click();
  await expect(form.getByLabel('Number of slices')).toHaveValue(best ?? 'none');
  await form.getByRole('button', { name: 'Partition' }).click();
  await expect(cockpit.section('slices').locator('[data-total="slices"]')).toHaveText(best ?? 'none');
});

test('a result is saved as CSV and PNG, compared with another one, and deleted', async ({ page }) => {
  const cockpit = await withObject(page, 'bench-saved');
  const bench = await openBenchmark(page, cockpit);
  await bench.run('2, 6');
  const csv = page.waitForEvent('download');
  await bench.result.getByRole('button', { name: 'CSV' }).click();
  expect((await csv).suggestedFilename()).toMatch(/\.csv$/);
  const png = page.waitForEvent('download');
  await bench.result.getByRole('button', { name: 'PNG' }).click();
  expect((await png).suggestedFilename()).toBe('benchmark-stations.csv.png');

  await bench.run('3, 9');
  const saved = bench.tab.locator('.cdc-Saved');
  await expect(saved).toHaveCount(2);
  await saved.nth(1).getByRole('button', { name: 'Compare' }).click();
  // Two series: their names stand above the chart.
  await expect(bench.result.locator('.cdc-Chart svg .role-legend-label text')).toHaveCount(2);
  await expect(bench.result.locator('.cdc-Chart svg .mark-symbol.role-mark path')).toHaveCount(10);
  await saved.nth(1).getByRole('button', { name: /^Delete the result/ }).click();
  await page.locator('.jp-Dialog').getByRole('button', { name: 'Delete', exact: true }).click();
  await expect(saved).toHaveCount(1);
  await expect(bench.result.locator('.cdc-Chart svg .role-legend-label text')).toHaveCount(0);
});

test('what cannot be tried is said before it is sent', async ({ page }) => {
  const cockpit = await withObject(page, 'bench-faults', 50);
  const bench = await openBenchmark(page, cockpit);
  const run = bench.tab.getByRole('button', { name: 'Run the Benchmark' });
  await expect(run).toBeEnabled();
  await bench.tab.getByRole('button', { name: 'List', exact: true }).click();
  await expect(run).toBeDisabled();
  await bench.tab.getByLabel('Values', { exact: true }).fill('2, many');
  await expect(bench.tab.locator('[data-field="values"] [role="alert"]')).toBeVisible();
  await bench.tab.getByLabel('Values', { exact: true }).fill('2, 64k');
  await expect(run).toBeEnabled();
  await bench.tab.getByLabel('What is timed').selectOption('function');
  await expect(run).toBeDisabled();
  await bench.tab.getByLabel('Function', { exact: true }).fill('no_such_module_here:work');
  await run.click();
  await expect(bench.tab.getByRole('alert')).toContainText('no_such_module_here', SWEEP);
});

test('a function of the notebook is timed, in its kernel', async ({ page }) => {
  const cockpit = await withObject(page, 'bench-notebook', 500);
  await page.notebook.createNew();
  const bench = await openBenchmark(page, cockpit);
  await bench.tab.getByLabel('What is timed').selectOption('notebook');
  // Nothing is registered yet: it says how to do that.
  await expect(bench.tab.locator('.cdc-Registering')).toContainText('register(read)', SWEEP);
  await page.notebook.activate('Untitled.ipynb');
  // One line: the editor would indent a second one.
  const code = 'from cloud_data_cockpit import register; register(lambda piece: piece.count(), "counting")';
  await page.notebook.addCell('code', code);
  await page.notebook.run();
  await page.locator('.lm-TabBar-tab').filter({ hasText: 'stations.csv' }).click();
  await bench.tab.getByRole('button', { name: 'Look again' }).click();
  await expect(bench.tab.getByLabel('Function', { exact: true })).toHaveValue('counting', SWEEP);
  await bench.run('1, 3');
  await expect(bench.tab.locator('.cdc-Saved')).toContainText('counting of a notebook');
});

test('DataCockpit() in a notebook opens the panel where it says, once', async ({ page }) => {
  const cockpit = await withObject(page, 'bench-opener', 50);
  await cockpit.go('s3://bench-opener/elsewhere/');
  await page.notebook.createNew();
  await page.sidebar.openTab('filebrowser');
  const code = ['from cloud_data_cockpit import DataCockpit', 'here = DataCockpit(uri="s3://bench-opener/stations.csv")'];
  await page.notebook.setCell(0, 'code', code.join('\n'));
  await page.notebook.run();
  await expect(cockpit.row('stations.csv')).toBeVisible(SWEEP);
  await expect(cockpit.row('stations.csv')).toHaveAttribute('aria-selected', 'true');
  await cockpit.go('s3://bench-opener/elsewhere/');
  await page.locator('.cdc-Opener button').click();
  await expect(cockpit.row('stations.csv')).toHaveAttribute('aria-selected', 'true');
});

test('an engine is chosen, and the job says so', async ({ page }) => {
  const cockpit = await withObject(page, 'bench-engine', 300);
  const form = cockpit.section('object').locator('form');
  await form.getByText('Advanced').click();
  await form.getByLabel('Engine').selectOption('processes');
  await form.getByLabel('Workers').fill('0');
  await expect(form.getByRole('button', { name: 'Partition' })).toBeDisabled();
  await form.getByLabel('Workers').fill('1');
  const asked = page.waitForRequest(request => request.method() === 'POST' && request.url().endsWith('/api/jobs'));
  await form.getByRole('button', { name: 'Partition' }).click();
  expect((await asked).postDataJSON()).toMatchObject({ executor: 'processes', executor_options: { workers: 1 } });
  await expect(cockpit.section('slices').locator('[data-total="records"]')).toHaveText('300', SWEEP);
});

test('clusters of dask-labextension are offered', async ({ page }) => {
  const cluster = { id: '1', name: 'My cluster', scheduler_address: 'tcp://127.0.0.1:4321', workers: 2 };
  await page.route('**/dask/clusters*', route => route.fulfill({ json: [cluster] }));
  const cockpit = await withObject(page, 'bench-dask', 50);
  const form = cockpit.section('object').locator('form');
  await form.getByText('Advanced').click();
  const option = form.getByLabel('Engine').locator('option[value="dask"]');
  test.skip(await option.isDisabled(), 'Dask is not installed');
  await form.getByLabel('Engine').selectOption('dask');
  await form.getByRole('button', { name: 'My cluster, 2 workers' }).click();
  await expect(form.getByLabel('Scheduler')).toHaveValue('tcp://127.0.0.1:4321');
});

for (const theme of ['JupyterLab Light', 'JupyterLab Dark']) {
  test(`axe finds nothing in ${theme}`, async ({ page }) => {
    await page.theme.setTheme(theme);
    const cockpit = await withObject(page, theme.includes('Dark') ? 'bench-axe-dark' : 'bench-axe-light', 500);
    const bench = await openBenchmark(page, cockpit);
    const scan = async (what: string) => {
      const { violations } = await new AxeBuilder({ page }).include('.cdc-Benchmark').analyze();
      expect.soft(violations.map(({ id, nodes }) => `${what}: ${id} ${nodes[0].html}`)).toEqual([]);
    };
    await scan('empty');
    await bench.tab.getByText('Advanced').click();
    await bench.run('2, 4');
    await expect(bench.result.locator('.cdc-Chart svg')).toBeVisible();
    await scan('result');
  });
}

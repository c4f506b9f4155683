/* Pictures of the panel for the documentation, on demand: COCKPIT_SCREENS=1 jlpm test:ui screens */
import * as path from 'node:path';
import { expect, test } from '@jupyterlab/galata';
import { CockpitPage, csvOf, fastaOf, putLargeObject } from './cockpit';

const SCRATCH = path.join(__dirname, '..', 'test-results', 'screens');
/** Where the picture of the README goes; the others are only to be looked at. */
const FOLDER = process.env.COCKPIT_SCREENS_DIR ?? SCRATCH;

for (const [theme, name] of [
  ['JupyterLab Light', 'light'],
  ['JupyterLab Dark', 'dark']
]) {
  test(`pictures in ${name}`, async ({ page }) => {
    const shot = (what: string, folder = SCRATCH) =>
      page.screenshot({ path: path.join(folder, `${what}-${name}.png`) });
    const cockpit = new CockpitPage(page);
    await page.theme.setTheme(theme);
    await cockpit.open();
    await cockpit.createBucket(`pictures-${name}`);
    await shot('empty');
    await cockpit.drop([
      { name: 'stations.csv', text: csvOf(20_000) },
      { name: 'genes.fa', text: fastaOf(400) }
    ]);
    await expect(cockpit.row('genes.fa')).toBeVisible();
    await cockpit.row('stations.csv').click();
    await expect(cockpit.section('object').locator('.cdc-Object')).toHaveAttribute('data-key', 'stations.csv');
    await cockpit.partition(4);
    await shot('partitioned');
    await cockpit.insert();
    await page.notebook.addCell('code', 'slices[0].get().head()');
    await page.notebook.run();
    await page.setViewportSize({ width: 1360, height: 980 });
    await page.sidebar.setWidth(380, 'left');
    await cockpit.section('data').scrollIntoViewIfNeeded();
    await shot('road', FOLDER);
    await cockpit.go('s3://no-such-bucket/');
    await expect(cockpit.section('data').getByRole('alert')).toBeVisible();
    await shot('error');
  });
}

for (const [theme, name] of [
  ['JupyterLab Light', 'light'],
  ['JupyterLab Dark', 'dark']
]) {
  test(`heights in ${name}`, async ({ page }) => {
    const cockpit = new CockpitPage(page);
    await page.theme.setTheme(theme);
    await cockpit.open();
    await cockpit.createBucket(`heights-${name}`);
    const files = Array.from({ length: 30 }, (_, index) => ({ name: `stations-${index}.csv`, text: csvOf(200) }));
    await cockpit.drop(files);
    await cockpit.row('stations-0.csv').click();
    await expect(cockpit.section('object').locator('.cdc-Object')).toHaveAttribute('data-key', 'stations-0.csv');
    await expect(cockpit.panel.locator('.cdc-Upload')).toHaveCount(0, { timeout: 60_000 });
    await cockpit.partition(7);
    for (const jobs of ['closed', 'open']) {
      for (const height of [700, 900, 1200]) {
        await page.setViewportSize({ width: 1100, height });
        await page.screenshot({ path: path.join(SCRATCH, `height-${height}-jobs-${jobs}-${name}.png`) });
      }
      await cockpit.section('jobs').getByRole('button', { name: 'Jobs' }).click();
    }
  });
}

for (const [theme, name] of [
  ['JupyterLab Light', 'light'],
  ['JupyterLab Dark', 'dark']
]) {
  test(`a benchmark and the jobs in ${name}`, async ({ page }) => {
    const cockpit = new CockpitPage(page);
    await page.theme.setTheme(theme);
    await page.setViewportSize({ width: 1360, height: 940 });
    await cockpit.open();
    await page.sidebar.setWidth(320, 'left');
    await cockpit.createBucket(`measured-${name}`);
    await cockpit.drop([{ name: 'stations.csv', text: csvOf(150_000) }]);
    await cockpit.row('stations.csv').click();
    await expect(cockpit.section('object').locator('.cdc-Object')).toHaveAttribute('data-key', 'stations.csv');
    await cockpit.partition(4);
    await cockpit.section('object').getByRole('button', { name: 'Benchmark…' }).click();
    const tab = page.locator('.cdc-Benchmark');
    await tab.getByRole('button', { name: 'Range', exact: true }).click();
    await tab.getByLabel('From', { exact: true }).fill('1');
    await tab.getByLabel('To', { exact: true }).fill('256');
    await tab.getByLabel('Steps', { exact: true }).fill('9');
    await tab.getByLabel('Rounds', { exact: true }).fill('5');
    await tab.getByRole('button', { name: 'Run the Benchmark' }).click();
    await expect(tab.locator('.cdc-Result')).toHaveAttribute('data-finished', 'true', { timeout: 80_000 });
    await expect(page.locator('.Toastify__toast')).toHaveCount(0, { timeout: 20_000 });
    await expect(tab.locator('.cdc-Chart svg .mark-text.role-mark text').first()).toBeVisible();
    await page.screenshot({ path: path.join(FOLDER, `benchmark-${name}.png`) });
    putLargeObject(`large-${name}`);
    await cockpit.go(`s3://large-${name}/`);
    await cockpit.menu('large.csv.gz', 'Index');
    await page.evaluate(() => void window.jupyterapp.commands.execute('cloud-data-cockpit:open-jobs'));
    const jobs = page.locator('.cdc-JobsView');
    const index = jobs.locator('.cdc-Row').filter({ hasText: 'large.csv.gz' }).first();
    await index.click();
    await jobs.locator('.cdc-JobDetail').getByText('Log', { exact: true }).click();
    await expect(jobs.locator('.cdc-JobLog')).toBeVisible();
    await expect(index.locator('[data-column="pace"]')).toContainText('left', { timeout: 20_000 });
    await page.screenshot({ path: path.join(FOLDER, `jobs-${name}.png`) });
    await jobs.locator('.cdc-JobDetail').getByRole('button', { name: 'Cancel' }).click();
    await expect(index).toHaveAttribute('data-state', 'cancelled');
  });
}

test('the form of every format', async ({ page }) => {
  const cockpit = new CockpitPage(page);
  await page.setViewportSize({ width: 900, height: 1500 });
  await cockpit.open();
  await cockpit.createBucket('forms');
  await cockpit.drop([{ name: 'a.csv', text: csvOf(20) }]);
  await cockpit.row('a.csv').click();
  const section = cockpit.section('object');
  await expect(section.locator('.cdc-Object')).toHaveAttribute('data-key', 'a.csv');
  const select = section.getByLabel('Format');
  const formats = await select.locator('option').evaluateAll(all => all.map(one => (one as HTMLOptionElement).value));
  for (const format of formats) {
    await select.selectOption(format);
    const cuts = await section.getByLabel('Cut by').locator('option').all();
    await section.getByLabel('Cut by').selectOption({ index: Math.min(2, cuts.length - 1) });
    await section.locator('details').evaluateAll(all => all.forEach(one => one.setAttribute('open', '')));
    await section.screenshot({ path: path.join(SCRATCH, `form-${format}.png`) });
  }
});

/* Pictures of the panel for the documentation, on demand: COCKPIT_SCREENS=1 jlpm test:ui screens */
import * as path from 'node:path';
import { expect, test } from '@jupyterlab/galata';
import { CockpitPage, csvOf, fastaOf } from './cockpit';

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
    await page.notebook.addCell('code', 'slices');
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

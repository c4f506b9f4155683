/* Browsing: order, columns, many selected rows, flat lists, search, pasted places, favourites, drags. */
import AxeBuilder from '@axe-core/playwright';
import { expect, test } from '@jupyterlab/galata';
import { CockpitPage, csvOf, fill, inS3 } from './cockpit';

const API = '**/cloud-data-cockpit/api';

test('a click on a heading sorts, another one the other way, a third as S3 lists', async ({ page }) => {
  fill('sorted', ['run10.csv', 'run2.csv', 'a/long-name-that-is-bigger.csv', 'Zebra']);
  const cockpit = new CockpitPage(page);
  await cockpit.open();
  await cockpit.go('s3://sorted/');
  await expect.poll(() => cockpit.names()).toEqual(['a', 'Zebra', 'run10.csv', 'run2.csv']);
  const name = cockpit.listing.getByRole('columnheader', { name: 'Name' });
  await name.getByRole('button').click();
  expect(await cockpit.names()).toEqual(['a', 'run2.csv', 'run10.csv', 'Zebra']);
  await expect(name).toHaveAttribute('aria-sort', 'ascending');
  await name.getByRole('button').click();
  expect(await cockpit.names()).toEqual(['a', 'Zebra', 'run10.csv', 'run2.csv']);
  await expect(name).toHaveAttribute('aria-sort', 'descending');
  await cockpit.listing.getByRole('columnheader', { name: 'Size' }).getByRole('button').click();
  expect(await cockpit.names()).toEqual(['a', 'Zebra', 'run2.csv', 'run10.csv']);
  await expect(name).toHaveAttribute('aria-sort', 'none');
});

test('what is sorted of more says so, and all of it can be loaded', async ({ page }) => {
  await page.route(`${API}/objects?*`, async route => {
    const start = Number(new URL(route.request().url()).searchParams.get('next_token') ?? 0);
    const objects = Array.from({ length: 1000 }, (_, index) => ({
      key: `k${(start + index) * 7 % 5000}`,
      size: index,
      last_modified: '2026-01-01T00:00:00Z',
      etag: 'e',
      storage_class: null
    }));
    const next_token = start < 4000 ? String(start + 1000) : null;
    await route.fulfill({ json: { bucket: 'part', prefix: '', prefixes: [], objects, next_token } });
  });
  const cockpit = new CockpitPage(page);
  await cockpit.open();
  await cockpit.go('s3://part/');
  await cockpit.listing.getByRole('columnheader', { name: 'Name' }).getByRole('button').click();
  const status = cockpit.panel.locator('.cdc-ListingStatus');
  await expect(status).toContainText('Sorted: 1,000 of more');
  await status.getByRole('button', { name: 'Load all' }).click();
  await expect(status).toContainText('5,000 items');
  expect((await cockpit.names()).slice(0, 3)).toEqual(['k0', 'k1', 'k2']);
});

test('rows are selected by click, Ctrl, Shift and all at once', async ({ page }) => {
  fill('chosen', ['a', 'b', 'c', 'd', 'e']);
  const cockpit = new CockpitPage(page);
  await cockpit.open();
  await cockpit.go('s3://chosen/');
  const chosen = () =>
    cockpit.listing.locator('.cdc-Row[aria-selected=true]').evaluateAll(all => all.map(row => row.getAttribute('data-key')));
  await expect(cockpit.grid).toHaveAttribute('aria-multiselectable', 'true');
  await cockpit.row('b').click();
  await cockpit.row('d').click({ modifiers: ['Shift'] });
  expect(await chosen()).toEqual(['b', 'c', 'd']);
  await cockpit.row('c').click({ modifiers: ['Control'] });
  expect(await chosen()).toEqual(['b', 'd']);
  await expect(cockpit.panel.locator('.cdc-ListingStatus')).toContainText('2 selected, 2 B');
  await page.keyboard.press('Control+a');
  expect(await chosen()).toHaveLength(5);
  await page.keyboard.press('Home');
  await page.keyboard.press('Shift+ArrowDown');
  expect(await chosen()).toEqual(['a', 'b']);
  // A right click on one of them keeps them, one elsewhere does not.
  await cockpit.row('a').click({ button: 'right' });
  expect(await chosen()).toEqual(['a', 'b']);
  await page.keyboard.press('Escape');
  await cockpit.row('e').click({ button: 'right' });
  expect(await chosen()).toEqual(['e']);
});

test('all keys stand in one list, and one of them is shown in its folder', async ({ page }) => {
  fill('flattened', ['x/1.csv', 'x/y/2.csv', 'z.csv']);
  const cockpit = new CockpitPage(page);
  await cockpit.open();
  await cockpit.go('s3://flattened/');
  await cockpit.panel.getByRole('button', { name: 'More actions' }).click();
  await page.locator('.lm-Menu').getByText('Show All Keys in One List').click();
  await expect.poll(() => cockpit.names()).toEqual(['x/1.csv', 'x/y/2.csv', 'z.csv']);
  await cockpit.menu('x/y/2.csv', 'Show in Its Folder');
  await expect.poll(() => cockpit.names()).toEqual(['2.csv']);
  await expect(cockpit.row('x/y/2.csv')).toHaveAttribute('aria-selected', 'true');
});

test('a search finds keys at any depth and leads to them', async ({ page }) => {
  fill('searched', ['x/Report-1.csv', 'x/y/report-2.txt', 'z.csv', 'reports/other.bin']);
  const cockpit = new CockpitPage(page);
  await cockpit.open();
  await cockpit.go('s3://searched/');
  await cockpit.panel.getByRole('button', { name: 'Search below this prefix' }).click();
  await page.keyboard.type('report-');
  await page.keyboard.press('Enter');
  await expect.poll(() => cockpit.names()).toEqual(['x/Report-1.csv', 'x/y/report-2.txt']);
  await expect(cockpit.panel.locator('.cdc-ListingStatus')).toContainText('2 found');
  const input = cockpit.panel.getByLabel('Search below s3://searched/');
  await cockpit.panel.getByRole('button', { name: /^Glob/ }).click();
  await input.fill('**/*.csv');
  await page.keyboard.press('Enter');
  await expect.poll(async () => (await cockpit.names()).includes('x/Report-1.csv')).toBe(true);
  await expect(cockpit.row('x/y/report-2.txt')).toHaveCount(0);
  await input.fill('nothing-like-it');
  await page.keyboard.press('Enter');
  await expect(cockpit.panel.getByText('Nothing found')).toBeVisible();
  await input.fill('x/y/*');
  await page.keyboard.press('Enter');
  await cockpit.row('x/y/report-2.txt').dblclick();
  await expect(cockpit.panel.locator('.cdc-Breadcrumb')).toContainText('y');
  await expect(cockpit.row('x/y/report-2.txt')).toHaveAttribute('aria-selected', 'true');
});

test('addresses of other tools lead to their places', async ({ page }) => {
  fill('pasted', ['a b/c.csv', 'd.csv']);
  const cockpit = new CockpitPage(page);
  await cockpit.open();
  for (const text of [
    'arn:aws:s3:::pasted/a b/c.csv',
    'https://pasted.s3.dualstack.eu-west-1.amazonaws.com/a%20b/c.csv?X-Amz-Signature=0',
    'https://s3.console.aws.amazon.com/s3/object/pasted?region=eu-west-1&prefix=a+b/c.csv'
  ]) {
    await cockpit.go('s3://pasted/');
    await expect(cockpit.row('d.csv')).toBeVisible();
    await cockpit.go(text);
    await expect(cockpit.row('a b/c.csv')).toHaveAttribute('aria-selected', 'true');
  }
});

test.describe('remembered', () => {
  test.use({ mockState: false });

  test('columns, their widths and the favourites outlive a reload', async ({ page }) => {
    fill('kept', ['x/a.csv']);
    const cockpit = new CockpitPage(page);
    await cockpit.open();
    await page.sidebar.setWidth(600, 'left');
    await cockpit.go('s3://kept/x/');
    await cockpit.listing.getByRole('columnheader', { name: 'Name' }).click({ button: 'right' });
    await page.locator('.lm-Menu').getByText('Storage class', { exact: true }).click();
    const head = cockpit.listing.getByRole('columnheader', { name: 'Storage class' });
    await expect(head).toBeVisible();
    const before = (await head.boundingBox())?.width ?? 0;
    const edge = await head.locator('.cdc-Edge').boundingBox();
    expect(edge).not.toBeNull();
    if (edge) {
      await page.mouse.move(edge.x + 4, edge.y + 4);
      await page.mouse.down();
      await page.mouse.move(edge.x - 36, edge.y + 4, { steps: 4 });
      await page.mouse.up();
    }
    await expect.poll(async () => (await head.boundingBox())?.width).toBe(before + 40);
    await cockpit.panel.getByRole('button', { name: 'Favourites' }).click();
    await page.locator('.lm-Menu').getByText('Add This Place to the Favourites').click();
    // The state is saved a moment after it has changed.
    await page.waitForTimeout(1500);
    await page.reload();
    await cockpit.open();
    await page.sidebar.setWidth(600, 'left');
    await expect.poll(async () => (await head.boundingBox())?.width).toBe(before + 40);
    await cockpit.panel.getByRole('button', { name: 'Buckets', exact: true }).click();
    await cockpit.panel.getByRole('button', { name: 'Favourites' }).click();
    await page.locator('.lm-Menu').getByText('s3://kept/x/').click();
    await expect(cockpit.row('x/a.csv')).toBeVisible();
  });
});

test('a row dragged into a notebook is a cell of code', async ({ page }) => {
  const cockpit = new CockpitPage(page);
  await cockpit.open();
  await cockpit.createBucket('dragged');
  await cockpit.drop([{ name: 'a.csv', text: csvOf(20) }]);
  await cockpit.row('a.csv').click();
  await expect(cockpit.section('object').locator('.cdc-Object')).toHaveAttribute('data-key', 'a.csv');
  await page.notebook.createNew();
  const row = await cockpit.row('a.csv').boundingBox();
  const cell = await page.locator('.jp-Notebook .jp-Cell').first().boundingBox();
  if (!row || !cell) {
    throw new Error('Nothing to drag, or nowhere to drop it.');
  }
  await page.mouse.move(row.x + 30, row.y + 10);
  await page.mouse.down();
  await page.mouse.move(row.x + 60, row.y + 20, { steps: 4 });
  await page.mouse.move(cell.x + 80, cell.y + cell.height - 4, { steps: 8 });
  await page.mouse.up();
  await expect.poll(() => page.notebook.getCellCount()).toBe(2);
  await expect(page.locator('.jp-Notebook')).toContainText('partition("s3://dragged/a.csv", connection="demo")');
  await page.notebook.close(true);
});

test('an archived object says so before it is read, and is restored', async ({ page }) => {
  fill('frozen', ['a.csv']);
  inS3(['s3.put_object(Bucket="frozen", Key="cold.csv", Body=b"a,b\\n1,2\\n", StorageClass="GLACIER")']);
  const cockpit = new CockpitPage(page);
  await cockpit.open();
  await cockpit.go('s3://frozen/');
  await expect(cockpit.row('cold.csv')).toContainText('archived');
  await expect(cockpit.row('a.csv')).not.toContainText('archived');
  await cockpit.row('cold.csv').click();
  const section = cockpit.section('object');
  await section.getByRole('button', { name: 'Restore…' }).click();
  await page.locator('.jp-Dialog').getByRole('button', { name: 'Restore' }).click();
  await expect(section.locator('.cdc-Object')).not.toContainText('cannot be read');
});

for (const theme of ['JupyterLab Light', 'JupyterLab Dark', 'JupyterLab Dark High Contrast']) {
  test(`axe finds nothing in lists, search and properties: ${theme}`, async ({ page }) => {
    const bucket = `axe-browsing-${theme.split(' ').slice(1).join('-').toLowerCase()}`;
    fill(bucket, ['a.csv', 'b.csv', 'x/c.csv']);
    inS3([
      `s3.put_bucket_versioning(Bucket="${bucket}", VersioningConfiguration={"Status": "Enabled"})`,
      `s3.put_object(Bucket="${bucket}", Key="a.csv", Body=b"two", Metadata={"station": "north"})`
    ]);
    const cockpit = new CockpitPage(page);
    await page.theme.setTheme(theme);
    await cockpit.open();
    await cockpit.go(`s3://${bucket}/`);
    await cockpit.row('a.csv').click();
    await cockpit.row('b.csv').click({ modifiers: ['Shift'] });
    const scan = async (what: string, selector: string) => {
      const { violations } = await new AxeBuilder({ page }).include(selector).analyze();
      expect.soft(violations.map(({ id, nodes }) => `${what}: ${id} ${nodes[0].html}`)).toEqual([]);
    };
    await scan('selected', '#cloud-data-cockpit');
    await cockpit.menu('x/', 'Open');
    await cockpit.go(`s3://${bucket}/`);
    await cockpit.menu('a.csv', 'Properties');
    await expect(page.locator('.cdc-Properties tr[data-version]')).toHaveCount(2);
    await scan('properties', '.cdc-Properties');
    await cockpit.row('a.csv').click();
    await page.keyboard.press('Delete');
    await expect(page.locator('.cdc-Deletion-count[data-done="true"]')).toBeVisible();
    await scan('deletion', '.jp-Dialog');
    await page.keyboard.press('Escape');
    await cockpit.panel.getByRole('button', { name: 'Search below this prefix' }).click();
    await scan('search', '#cloud-data-cockpit');
  });
}

/* From a file on the desktop to its slices in a notebook: a real kernel, a real S3 service. */
import { expect, test } from '@jupyterlab/galata';
import { CockpitPage, csvOf, fastaOf } from './cockpit';

const ROWS = 3001;
const SEQUENCES = 411;

const FILES = [
  { kind: 'csv', name: 'Städte 東京.csv', text: csvOf(ROWS), records: ROWS },
  { kind: 'fasta', name: 'genes.fa', text: fastaOf(SEQUENCES), records: SEQUENCES }
];

test.beforeEach(async ({ page }) => {
  await page.notebook.close(true);
});

for (const { kind, name, text, records } of FILES) {
  test(`${kind}: drop, partition in 4 and in 7, run in a notebook`, async ({ page }) => {
    const cockpit = new CockpitPage(page);
    await cockpit.open();
    await cockpit.createBucket(`road-${kind}`);

    await cockpit.drop([{ name, text }]);
    await expect(cockpit.row(name)).toBeVisible();
    await expect(page.locator('.Toastify__toast')).toContainText(`Uploaded ${name}`);
    await expect(page.locator('.Toastify__toast')).toHaveCount(1);

    await cockpit.row(name).click();
    await expect(cockpit.section('object').locator('.cdc-Object')).toHaveAttribute('data-key', name);
    await expect(cockpit.section('object').getByLabel('Format')).toHaveValue(kind);

    for (const slices of [4, 7]) {
      const totals = await cockpit.partition(slices);
      expect(totals).toEqual({ slices: String(slices), records: records.toLocaleString('en') });
    }
    await cockpit.insert();
    await page.notebook.addCell('code', 'print("sum", len(slices), sum(len(piece.get()) for piece in slices))');
    await page.notebook.run();
    const output = await page.notebook.getCellTextOutput(1);
    expect(output?.join('')).toContain(`sum 7 ${records}`);
  });
}

test('the code goes into an empty active cell, else into a new one below', async ({ page }) => {
  const cockpit = new CockpitPage(page);
  await cockpit.open();
  await cockpit.createBucket('road-cells');
  await cockpit.drop([{ name: 'a.csv', text: csvOf(20) }]);
  await cockpit.row('a.csv').click();
  await expect(cockpit.section('object').locator('.cdc-Object')).toHaveAttribute('data-key', 'a.csv');
  await cockpit.partition(3);
  await page.notebook.createNew();
  await cockpit.insert();
  expect(await page.notebook.getCellCount()).toBe(1);
  await cockpit.insert();
  expect(await page.notebook.getCellCount()).toBe(2);
  expect(await page.notebook.getCellTextInput(1)).toContain('slices = load_slices("a-');
});

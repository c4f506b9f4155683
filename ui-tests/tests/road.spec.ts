/* From a file on the desktop to its slices in a notebook: a real kernel, a real S3 service. */
import { execFileSync } from 'node:child_process';
import { gzipSync } from 'node:zlib';
import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import { expect, test } from '@jupyterlab/galata';
import type { Listing } from '../../src/api/schema';
import type { IBinarySpec } from './cockpit';
import { CockpitPage, csvOf, fastaOf, fastqOf } from './cockpit';

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

test('FASTQ.gz: drop, partition in 4 and in 7, every read once', async ({ page }) => {
  const reads = 20_011;
  const cockpit = new CockpitPage(page);
  await cockpit.open();
  await cockpit.createBucket('road-fastq-gz');
  const base64 = gzipSync(Buffer.from(fastqOf(reads))).toString('base64');
  await cockpit.dropTree([{ path: 'sample.fastq.gz', base64 }]);
  await cockpit.row('sample.fastq.gz').click();
  await expect(cockpit.section('object').locator('.cdc-Object')).toHaveAttribute('data-key', 'sample.fastq.gz');
  await expect(cockpit.section('object').getByLabel('Format')).toHaveValue('fastq-gz');
  for (const slices of [4, 7]) {
    const totals = await cockpit.partition(slices);
    expect(totals).toEqual({ slices: String(slices), records: reads.toLocaleString('en') });
    const rows = cockpit.section('slices').locator('.cdc-SliceTable .cdc-Row [data-column="records"]');
    const counts = (await rows.allInnerTexts()).slice(1).map(text => Number(text.replace(/\D/g, '')));
    expect(counts.reduce((sum, count) => sum + count)).toBe(reads);
  }
  await cockpit.insert();
  const names = 'names = [read.name for piece in slices for read in piece.get()]';
  await page.notebook.addCell('code', `${names}\nprint("sum", len(slices), len(names), len(set(names)))`);
  await page.notebook.run();
  expect((await page.notebook.getCellTextOutput(1))?.join('')).toContain(`sum 7 ${reads} ${reads}`);
});

test('a folder is dropped with its paths and used as one data set', async ({ page }) => {
  const files = tableOf();
  test.skip(!files.length, 'python-casacore is not installed: no table can be made');
  const cockpit = new CockpitPage(page);
  await cockpit.open();
  await cockpit.createBucket('road-table');
  await cockpit.dropTree(files);
  await expect(cockpit.row('array.ms/')).toBeVisible();
  await expect(page.locator('.Toastify__toast')).toContainText(`Uploaded ${files.length} files`, { timeout: 60_000 });

  // By the menu of the row.
  await cockpit.row('array.ms/').click({ button: 'right' });
  await page.getByRole('menuitem', { name: 'Use as Data Set' }).click();
  const object = cockpit.section('object').locator('.cdc-Object');
  await expect(object).toHaveAttribute('data-key', 'array.ms/');

  // By the button of the place.
  await cockpit.go('s3://road-table/array.ms/');
  await expect(object).toHaveCount(0);
  await expect(cockpit.row('array.ms/ANTENNA/')).toBeVisible();
  expect(await keysBelow(page, 'road-table', '')).toEqual(files.map(({ path }) => path).sort());
  await cockpit.panel.locator('.cdc-Breadcrumb').getByRole('button', { name: 'Use as data set' }).click();
  await expect(object).toHaveAttribute('data-key', 'array.ms/');
  await expect(cockpit.section('object').getByLabel('Format')).toHaveValue('ms');
  const totals = await cockpit.partition(3);
  expect(totals.slices).toBe('3');
  await cockpit.insert();
  await page.notebook.addCell('code', 'print("rows", sum(piece.records for piece in slices), slices.uri)');
  await page.notebook.run();
  const rows = totals.records.replace(/\D/g, '');
  expect((await page.notebook.getCellTextOutput(1))?.join('')).toContain(`rows ${rows}`);
});

/** All keys below a prefix, sorted. */
async function keysBelow(page: IJupyterLabPageFixture, bucket: string, prefix: string): Promise<string[]> {
  const params = { connection: 'demo', bucket, prefix };
  const listing: Listing = await (await page.request.get('cloud-data-cockpit/api/objects', { params })).json();
  const inner = await Promise.all(listing.prefixes.map(below => keysBelow(page, bucket, below)));
  return [...listing.objects.map(({ key }) => key), ...inner.flat()].sort();
}

/** The files of a small MeasurementSet, paths and all. */
function tableOf(): IBinarySpec[] {
  const code = [
    'import base64, json',
    'from cloud_data_cockpit.demo.samples_table import measurementset_sample',
    'held = {key.partition("/")[2]: content for key, content in measurementset_sample().items()}',
    'print(json.dumps([{"path": path, "base64": base64.b64encode(held[path]).decode()} for path in held]))'
  ];
  return JSON.parse(execFileSync('python', ['-c', code.join('\n')], { encoding: 'utf-8', maxBuffer: 1 << 28 }));
}

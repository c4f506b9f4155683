/* Many keys: the page stays smooth while they come, are sorted and filtered. */
import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import { expect, test } from '@jupyterlab/galata';
import { CockpitPage } from './cockpit';

const API = '**/cloud-data-cockpit/api';
const TOTAL = 100_000;
/**
 * A person sees that a page stands still for 100 ms, and on a machine that is measured on it must not; on any machine
 * that runs the tests a task of 400 ms tells that something is done at once that should be done in steps.
 */
const LONGEST_MS = process.env.COCKPIT_MEASURE ? 100 : 400;

/** A bucket of so many keys, a page at a time. */
async function serve(page: IJupyterLabPageFixture): Promise<void> {
  await page.route(`${API}/objects?*`, async route => {
    const start = Number(new URL(route.request().url()).searchParams.get('next_token') ?? 0);
    const objects = Array.from({ length: 1000 }, (_, index) => ({
      key: `measurements/station-${((start + index) * 7919) % TOTAL}.csv`,
      size: start + index,
      last_modified: '2026-01-01T00:00:00Z',
      etag: 'd41d8cd98f00b204e9800998ecf8427e',
      storage_class: 'STANDARD'
    }));
    const next_token = start + 1000 < TOTAL ? String(start + 1000) : null;
    await route.fulfill({ json: { bucket: 'big', prefix: 'measurements/', prefixes: [], objects, next_token } });
  });
}

interface ITraceEvent {
  name: string;
  pid: number;
  tid: number;
  tdur?: number;
  args: { name?: string };
}

/**
 * The longest task of the page's own thread while `work` is done: in milliseconds of processor time, so that a machine
 * with much else to do gives the same figure. Zero would mean that nothing was measured.
 */
async function longestTask(page: IJupyterLabPageFixture, work: () => Promise<void>): Promise<number> {
  const browser = page.context().browser();
  if (!browser) {
    throw new Error('The page has no browser to be traced.');
  }
  await browser.startTracing(undefined, { categories: ['disabled-by-default-devtools.timeline'] });
  await work();
  const text = (await browser.stopTracing()).toString();
  const { traceEvents } = JSON.parse(text) as { traceEvents: ITraceEvent[] };
  const thread = ({ pid, tid }: ITraceEvent) => `${pid}:${tid}`;
  const named = traceEvents.filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain');
  const main = new Set(named.map(thread));
  const tasks = traceEvents.filter(event => event.name === 'RunTask' && main.has(thread(event)));
  return tasks.reduce((longest, { tdur }) => Math.max(longest, (tdur ?? 0) / 1000), 0);
}

test('100,000 keys scrolled to the end, sorted, filtered, selected: the page never stands still', async ({ page }) => {
  test.setTimeout(300_000);
  await serve(page);
  const cockpit = new CockpitPage(page);
  await cockpit.open();
  await cockpit.go('s3://big/measurements/');
  await expect(cockpit.listing.locator('.cdc-Row[data-key]').first()).toBeVisible();
  const status = cockpit.panel.locator('.cdc-ListingStatus');

  // The wheel of a patient hand: always to the end of what is there.
  const scrolling = await longestTask(page, () =>
    cockpit.listing.evaluate(
      node =>
        new Promise<void>(done => {
          const step = () => {
            node.scrollTop = node.scrollHeight;
            const rows = node.querySelector('[role="grid"]')?.getAttribute('aria-rowcount');
            if (rows === '-1') {
              requestAnimationFrame(step);
            } else {
              done();
            }
          };
          step();
        })
    )
  );
  await expect(status).toContainText('100,000 items');
  expect(await cockpit.listing.locator('.cdc-Row').count()).toBeLessThan(80);
  console.log(`longest task while scrolling: ${scrolling} ms of the processor`);
  expect(scrolling).toBeGreaterThan(0);
  expect(scrolling).toBeLessThan(LONGEST_MS);

  // What else the machine does, and the browser's own collecting, only add to a task: the least of three is its own.
  let arranging = Infinity;
  for (let round = 0; round < 3 && arranging >= LONGEST_MS; round += 1) {
    arranging = Math.min(arranging, await longestTask(page, () => arrange(cockpit)));
    await asLoaded(cockpit);
  }
  console.log(`longest task while arranging: ${arranging} ms of the processor`);
  expect(arranging).toBeGreaterThan(0);
  expect(arranging).toBeLessThan(LONGEST_MS);
});

/** Click the head of the names, and wait until all rows stand in that order. */
async function sortByName(cockpit: CockpitPage, order: 'ascending' | 'descending' | 'none'): Promise<void> {
  const header = cockpit.listing.getByRole('columnheader', { name: 'Name' });
  await header.getByRole('button').click();
  await expect(header).toHaveAttribute('aria-sort', order);
  await expect(cockpit.grid).not.toHaveAttribute('aria-busy');
}

/** Sort, walk, find, select and filter. */
async function arrange(cockpit: CockpitPage): Promise<void> {
  const { page } = cockpit;
  const status = cockpit.panel.locator('.cdc-ListingStatus');
  await sortByName(cockpit, 'ascending');
  await cockpit.grid.focus();
  await page.keyboard.press('Home');
  await expect(cockpit.row('measurements/station-0.csv')).toHaveAttribute('aria-selected', 'true');
  await page.keyboard.press('End');
  await expect(cockpit.row('measurements/station-99999.csv')).toHaveAttribute('aria-selected', 'true');
  await page.keyboard.type('station-5000');
  await expect(cockpit.row('measurements/station-5000.csv')).toHaveAttribute('aria-selected', 'true');
  await page.keyboard.press('Control+a');
  await expect(status).toContainText('100,000 selected');

  await cockpit.panel.getByLabel('Filter by name').pressSequentially('9999');
  await expect(status).toContainText('19 of 100,000');
  expect(await cockpit.names()).toContain('station-9999.csv');
}

/** No filter, and S3's own order. */
async function asLoaded(cockpit: CockpitPage): Promise<void> {
  await cockpit.panel.getByLabel('Filter by name').fill('');
  await expect(cockpit.panel.locator('.cdc-ListingStatus')).toContainText('100,000 items');
  await sortByName(cockpit, 'descending');
  await sortByName(cockpit, 'none');
}

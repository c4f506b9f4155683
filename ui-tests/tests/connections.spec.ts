/* Connections: added, tested, used, changed and removed in the panel; and where their secrets are not. */
import AxeBuilder from '@axe-core/playwright';
import { expect, test } from '@jupyterlab/galata';
import type { Locator, Page } from '@playwright/test';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { CockpitPage } from './cockpit';

const API = '**/cloud-data-cockpit/api';

interface IDemo {
  endpoint_url: string;
  access_key: string;
  secret_key: string;
}

/** Where the demo service is and its keys, as a person has them from somewhere. */
function demo(): IDemo {
  const file = path.join(process.env.COCKPIT_UI_DIR ?? '', 'data', 'cloud-data-cockpit', 'demo.json');
  return JSON.parse(fs.readFileSync(file, 'utf-8'));
}

async function choose(cockpit: CockpitPage, item: string): Promise<void> {
  await cockpit.panel.getByRole('button', { name: 'Connection menu' }).click();
  await cockpit.page.getByRole('menuitem', { name: item }).click();
}

async function fill(form: Locator, name: string, { endpoint_url, access_key, secret_key }: IDemo): Promise<void> {
  await form.getByLabel('Service').selectOption('other');
  await form.getByLabel('Name').fill(name);
  await form.getByLabel('Endpoint').fill(endpoint_url);
  await form.getByLabel('Access key', { exact: true }).fill(access_key);
  await form.getByLabel('Secret key').fill(secret_key);
  await form.getByLabel('Keep keys in').selectOption('process');
}

/** All that a page of this origin can keep, and all that JupyterLab keeps for it on the server. */
async function allThatIsKept(page: Page): Promise<string> {
  const inBrowser = await page.evaluate(async () => {
    const kept: unknown[] = [{ ...localStorage }, { ...sessionStorage }, document.documentElement.outerHTML];
    document.querySelectorAll('input').forEach(input => kept.push(input.value));
    for (const { name } of await indexedDB.databases()) {
      const database = await new Promise<IDBDatabase>((resolve, reject) => {
        const request = indexedDB.open(name ?? '');
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
      for (const store of database.objectStoreNames) {
        const all = database.transaction(store).objectStore(store).getAll();
        await new Promise(resolve => (all.onsuccess = resolve));
        kept.push(store, all.result);
      }
      database.close();
    }
    const state = window.jupyterapp.serviceManager.workspaces;
    const workspaces = await state.list();
    kept.push(workspaces.values);
    return JSON.stringify(kept);
  });
  const replies = ['connections', 'info', 'jobs'].map(async route =>
    (await page.request.get(`cloud-data-cockpit/api/${route}`)).text()
  );
  return inBrowser + (await Promise.all(replies)).join('');
}

test.describe('a connection of her own', () => {
  test.use({ mockState: false });

  test('is tested before it is saved, used, changed, removed; its secret is kept nowhere', async ({ page }) => {
    const cockpit = new CockpitPage(page);
    const keys = demo();
    await cockpit.open();
    await cockpit.createBucket('connected');
    await choose(cockpit, 'Add a Connection…');
    const dialog = page.locator('.jp-Dialog');
    const form = dialog.locator('.cdc-ConnectionForm');

    await dialog.getByRole('button', { name: 'Save' }).click();
    await expect(form.getByText('A name is needed.')).toBeVisible();
    await expect(form.getByText('Both keys are needed.')).toBeVisible();
    await form.getByText('More').click();
    const { violations } = await new AxeBuilder({ page }).include('.cdc-ConnectionEditor').analyze();
    expect(violations.map(({ id, nodes }) => `${id} ${nodes[0].html}`)).toEqual([]);
    await fill(form, 'lab', { ...keys, secret_key: 'a-wrong-secret' });
    await expect(form.getByLabel('Secret key')).toHaveAttribute('type', 'password');
    await expect(form.getByLabel('Secret key')).toHaveAttribute('autocomplete', 'off');
    await form.getByRole('button', { name: 'Test' }).click();
    await expect(form.getByRole('alert')).toContainText('secret key');
    await form.getByLabel('Secret key').fill(keys.secret_key);
    await form.getByRole('button', { name: 'Test' }).click();
    await expect(form.getByText('It works')).toBeVisible();
    await expect(form.locator('.cdc-Notice')).toContainText(/\d+ ms/);
    await dialog.getByRole('button', { name: 'Save' }).click();
    await expect(dialog).toHaveCount(0);

    const select = cockpit.panel.getByLabel('Connection', { exact: true });
    await expect(select).toHaveValue('lab');
    await expect(cockpit.panel.getByText('this session only')).toBeVisible();
    await cockpit.row('connected').dblclick();
    await cockpit.drop([{ name: 'by-lab.txt', text: 'sent' }]);
    await expect(cockpit.row('by-lab.txt')).toBeVisible();

    // The state is saved a moment after it has changed.
    await page.waitForTimeout(1500);
    const kept = await allThatIsKept(page);
    expect(kept).toContain('lab');
    expect(kept).not.toContain(keys.secret_key);
    await page.reload();
    await cockpit.open();
    await expect(select).toHaveValue('lab');
    await expect(cockpit.row('by-lab.txt')).toBeVisible();

    // Each connection remembers where one was.
    await select.selectOption('demo');
    await cockpit.go('s3://connected/elsewhere/');
    await select.selectOption('lab');
    await expect(cockpit.row('by-lab.txt')).toBeVisible();

    await choose(cockpit, 'Change the Connection…');
    await expect(form.getByLabel('Secret key')).toHaveValue('');
    await form.getByLabel('Name').fill('bench');
    await form.getByRole('button', { name: 'Test' }).click();
    await expect(form.getByText('It works')).toBeVisible();
    await dialog.getByRole('button', { name: 'Save' }).click();
    await expect(select).toHaveValue('bench');

    await choose(cockpit, 'Test the Connection');
    await expect(cockpit.panel.getByText('It works')).toBeVisible();
    await cockpit.panel.getByRole('button', { name: 'Dismiss' }).click();

    await choose(cockpit, 'Remove the Connection…');
    await dialog.getByRole('button', { name: 'Remove' }).click();
    await expect(select.locator('option', { hasText: 'bench' })).toHaveCount(0);
    expect(await allThatIsKept(page)).not.toContain(keys.secret_key);
  });
});

test('where the administrator turned them off, adding says so', async ({ page }) => {
  await page.route(`${API}/info*`, async route => {
    const reply = await route.fetch();
    await route.fulfill({ response: reply, json: { ...(await reply.json()), user_endpoints: false } });
  });
  await page.reload();
  const cockpit = new CockpitPage(page);
  await cockpit.open();
  await choose(cockpit, 'Add a Connection…');
  await expect(page.locator('.jp-Dialog')).toContainText('The administrator of this Jupyter server');
  await page.locator('.jp-Dialog').getByRole('button', { name: 'Close' }).click();
  await expect(page.locator('.cdc-ConnectionForm')).toHaveCount(0);
});

test('an expired login is told with the command that renews it; pinned buckets need no list', async ({ page }) => {
  await page.route(`${API}/connections`, async route => {
    const reply = await route.fetch();
    const [first, ...others] = await reply.json();
    const ref = { ...first.ref, name: 'sso', kind: 'profile', profile: 'sso', buckets: ['pinned'], requester_pays: true };
    const problem = 'profile "sso": the single sign-on has expired; run `aws sso login --profile sso`';
    const info = { ...first, ref, problem, expires: '2020-01-01T00:00:00Z' };
    await route.fulfill({ response: reply, json: [info, first, ...others] });
  });
  await page.route(`${API}/buckets?connection=sso*`, route =>
    route.fulfill({ status: 403, json: { code: 'access_denied', message: 'You may not list buckets.' } })
  );
  await page.reload();
  const cockpit = new CockpitPage(page);
  await cockpit.open();
  await cockpit.panel.getByLabel('Connection', { exact: true }).selectOption('sso');
  await expect(cockpit.panel.getByText('expired', { exact: true })).toBeVisible();
  await expect(cockpit.panel.getByText('requester pays')).toBeVisible();
  await expect(cockpit.panel.locator('.cdc-Command')).toHaveText('aws sso login --profile sso');
  await expect(cockpit.panel.getByRole('button', { name: 'Copy: aws sso login --profile sso' })).toBeVisible();
  await expect(cockpit.row('pinned')).toBeVisible();
});

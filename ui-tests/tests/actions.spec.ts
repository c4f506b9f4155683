/* Acting on objects: copy, move, rename, delete, download, links, versions; with the keyboard alone as well. */
import { readFileSync } from 'node:fs';
import type { Locator } from '@playwright/test';
import { expect, test } from '@jupyterlab/galata';
import { CockpitPage, fill, inS3, keysIn } from './cockpit';

test('the keyboard alone walks, renames, copies and deletes', async ({ page }) => {
  fill('keyboard', ['deep/one.csv', 'deep/two.csv', 'top.csv']);
  const cockpit = new CockpitPage(page);
  await cockpit.open();
  await cockpit.go('s3://keyboard/');
  await expect(cockpit.row('top.csv')).toBeVisible();
  await cockpit.grid.focus();
  const press = async (...keys: string[]) => {
    for (const key of keys) {
      await page.keyboard.press(key);
    }
  };
  // In, and a new name: what stands before the ending is selected.
  await press('Home', 'Enter');
  await expect(cockpit.row('deep/one.csv')).toBeVisible();
  await press('o', 'F2');
  await page.keyboard.type('uno');
  await press('Enter');
  await expect(cockpit.row('deep/uno.csv')).toHaveAttribute('aria-selected', 'true');
  await expect(cockpit.row('deep/one.csv')).toHaveCount(0);
  await expect(cockpit.grid).toBeFocused();
  // Escape leaves the name.
  await press('F2');
  await page.keyboard.type('nothing');
  await press('Escape');
  await expect(cockpit.row('deep/uno.csv')).toBeVisible();
  // Both to the top: copied, then one of them moved over what is there.
  await press('Control+a', 'Control+c', 'Backspace');
  await expect(cockpit.row('top.csv')).toBeVisible();
  await press('Control+v');
  await expect(cockpit.row('uno.csv')).toBeVisible();
  await expect(cockpit.row('two.csv')).toBeVisible();
  expect(keysIn('keyboard')).toEqual(['deep/two.csv', 'deep/uno.csv', 'top.csv', 'two.csv', 'uno.csv']);
  // Two away.
  await press('End', 'Shift+ArrowUp', 'Delete');
  await expect(page.locator('.cdc-Deletion-count')).toHaveText('2 objects, 24 B');
  await expect(page.locator('.jp-Dialog .jp-mod-warn')).toBeFocused();
  await press('Enter');
  await expect(cockpit.row('uno.csv')).toHaveCount(0);
  await expect.poll(() => keysIn('keyboard')).toEqual(['deep/two.csv', 'deep/uno.csv', 'top.csv']);
  await expect(cockpit.grid).toBeFocused();
});

test('what is cut is moved to another bucket; where something is in the way, one is asked', async ({ page }) => {
  fill('source-place', ['run1/a.csv', 'run10/b.csv', 'c.csv']);
  fill('target-place', ['c.csv']);
  const cockpit = new CockpitPage(page);
  await cockpit.open();
  await cockpit.go('s3://source-place/');
  await cockpit.row('run1/').click();
  await page.keyboard.press('Control+x');
  await expect(cockpit.row('run1/')).toHaveClass(/cdc-mod-leaving/);
  await cockpit.go('s3://target-place/');
  await cockpit.grid.focus();
  await page.keyboard.press('Control+v');
  await expect(cockpit.row('run1/')).toBeVisible();
  await expect.poll(() => keysIn('source-place')).toEqual(['c.csv', 'run10/b.csv']);
  await cockpit.go('s3://source-place/');
  await expect(cockpit.row('run1/')).toHaveCount(0);
  await cockpit.row('c.csv').click();
  await page.keyboard.press('Control+c');
  await cockpit.go('s3://target-place/');
  inS3(['s3.put_object(Bucket="source-place", Key="c.csv", Body=b"newer than the other")']);
  await cockpit.grid.focus();
  await page.keyboard.press('Control+v');
  await page.locator('.jp-Dialog').getByRole('button', { name: 'Replace them' }).click();
  await expect(cockpit.row('c.csv')).toContainText('20 B');
});

test('to delete run1/ leaves run10/ alone', async ({ page }) => {
  fill('runs', ['run1/a', 'run1/b/c', 'run10/d', 'run1.txt']);
  const cockpit = new CockpitPage(page);
  await cockpit.open();
  await cockpit.go('s3://runs/');
  await cockpit.menu('run1/', 'Delete…');
  await expect(page.locator('.cdc-Deletion-count')).toHaveText('2 objects, 14 B');
  await expect(page.locator('.jp-Dialog')).toContainText('keeps no versions');
  await page.locator('.jp-Dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(cockpit.row('run1/')).toHaveCount(0);
  await expect(cockpit.row('run10/')).toBeVisible();
  await expect.poll(() => keysIn('runs')).toEqual(['run1.txt', 'run10/d']);
});

test('more than a thousand objects are deleted only by a typed word', async ({ page }) => {
  fill('crowd', [...Array.from({ length: 1001 }, (_, index) => `many/${index}`), 'left']);
  const cockpit = new CockpitPage(page);
  await cockpit.open();
  await cockpit.go('s3://crowd/');
  await cockpit.row('many/').click();
  await page.keyboard.press('Delete');
  const dialog = page.locator('.jp-Dialog');
  await expect(dialog.locator('.cdc-Deletion-count')).toContainText('1,001 objects');
  const accept = dialog.getByRole('button', { name: 'Delete' });
  await expect(accept).toBeDisabled();
  await dialog.getByLabel('Type “delete”').fill('delet');
  await expect(accept).toBeDisabled();
  await dialog.getByLabel('Type “delete”').fill('delete');
  await accept.click();
  await expect(cockpit.row('many/')).toHaveCount(0);
  await expect.poll(() => keysIn('crowd')).toEqual(['left']);
});

test('a folder is made, renamed and duplicated', async ({ page }) => {
  fill('folders', ['old/a', 'b.csv']);
  const cockpit = new CockpitPage(page);
  await cockpit.open();
  await cockpit.go('s3://folders/');
  await cockpit.panel.getByRole('button', { name: 'More actions' }).click();
  await page.locator('.lm-Menu').getByText('New Folder…').click();
  await page.locator('.jp-Dialog input').fill('fresh');
  await page.keyboard.press('Enter');
  await expect(cockpit.row('fresh/')).toHaveAttribute('aria-selected', 'true');
  await cockpit.menu('old/', 'Rename');
  await page.keyboard.press('Control+a');
  await page.keyboard.type('new');
  await page.keyboard.press('Enter');
  await expect(cockpit.row('new/')).toBeVisible();
  await expect(cockpit.row('old/')).toHaveCount(0);
  await cockpit.menu('b.csv', 'Duplicate');
  await expect(cockpit.row('b copy.csv')).toBeVisible();
  await expect.poll(() => keysIn('folders')).toEqual(['b copy.csv', 'b.csv', 'fresh/', 'new/a']);
});

test('a deleted object of a versioned bucket comes back; an older version as well', async ({ page }) => {
  fill('versioned', ['other']);
  inS3([
    's3.put_bucket_versioning(Bucket="versioned", VersioningConfiguration={"Status": "Enabled"})',
    's3.put_object(Bucket="versioned", Key="a.txt", Body=b"first")',
    's3.put_object(Bucket="versioned", Key="a.txt", Body=b"second one")'
  ]);
  const cockpit = new CockpitPage(page);
  await cockpit.open();
  await cockpit.go('s3://versioned/');
  await cockpit.menu('a.txt', 'Properties');
  const versions = page.locator('.cdc-Properties tr[data-version]');
  await expect(versions).toHaveCount(2);
  await cockpit.row('a.txt').click();
  await page.keyboard.press('Delete');
  await expect(page.locator('.jp-Dialog')).toContainText('This bucket keeps versions');
  await page.locator('.jp-Dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(cockpit.row('a.txt')).toHaveCount(0);
  const properties = page.locator('.cdc-Properties');
  await properties.getByRole('button', { name: 'Refresh' }).click();
  await properties.getByRole('button', { name: 'Undo the deletion' }).click();
  await expect(versions).toHaveCount(2);
  await versions.nth(1).getByRole('button', { name: 'Make this the latest version' }).click();
  await expect(versions).toHaveCount(3);
  await cockpit.panel.getByRole('button', { name: 'Refresh' }).click();
  await expect(cockpit.row('a.txt')).toContainText('5 B');
});

test('tags, metadata and the storage class are changed', async ({ page }) => {
  fill('described', ['a.csv']);
  const cockpit = new CockpitPage(page);
  await cockpit.open();
  await cockpit.go('s3://described/');
  await cockpit.menu('a.csv', 'Properties');
  const properties = page.locator('.cdc-Properties');
  const enter = async (what: string, name: string, value: string) => {
    const form: Locator = properties.locator('form', { has: page.getByRole('button', { name: `Add: ${what}` }) });
    await form.getByRole('button', { name: `Add: ${what}` }).click();
    await form.getByLabel(`${what} 1: name`).fill(name);
    await form.getByLabel(`${what} 1: value`).fill(value);
    await form.getByRole('button', { name: 'Save' }).click();
    await expect(form.getByRole('button', { name: 'Undo' })).toBeHidden();
  };
  await enter('Tag', 'project', 'alps');
  await enter('Metadata', 'station', 'north');
  await properties.getByLabel('Content type').fill('text/csv');
  await properties.locator('form').first().getByRole('button', { name: 'Save' }).click();
  await properties.getByLabel('Storage class').selectOption('STANDARD_IA');
  const read = () =>
    inS3([
      'head = s3.head_object(Bucket="described", Key="a.csv")',
      'tags = s3.get_object_tagging(Bucket="described", Key="a.csv")["TagSet"]',
      'print(head["Metadata"], head["ContentType"], head.get("StorageClass"), tags)'
    ]).trim();
  await expect
    .poll(read)
    .toBe("{'station': 'north'} text/csv STANDARD_IA [{'Key': 'project', 'Value': 'alps'}]");
});

test('an object is downloaded as it is, several as a zip', async ({ page }) => {
  fill('taken', ['a.csv', 'b.csv']);
  const cockpit = new CockpitPage(page);
  await cockpit.open();
  await cockpit.go('s3://taken/');
  const [one] = await Promise.all([page.waitForEvent('download'), cockpit.menu('a.csv', 'Download')]);
  expect(one.suggestedFilename()).toBe('a.csv');
  expect(readFileSync(await one.path(), 'utf-8')).toBe('a.csv');
  await cockpit.row('a.csv').click();
  await cockpit.row('b.csv').click({ modifiers: ['Control'] });
  const [two] = await Promise.all([page.waitForEvent('download'), cockpit.menu('b.csv', 'Download as a Zip')]);
  expect(two.suggestedFilename()).toMatch(/\.zip$/);
  expect(readFileSync(await two.path()).subarray(0, 2).toString()).toBe('PK');
});

test('a link for others gives the bytes to somebody without an account', async ({ page }) => {
  fill('shared', ['a.txt']);
  const cockpit = new CockpitPage(page);
  await cockpit.open();
  await cockpit.go('s3://shared/');
  await cockpit.menu('a.txt', 'Link for Others…');
  const dialog = page.locator('.jp-Dialog');
  await dialog.getByLabel('Ends after').selectOption({ label: '15 minutes' });
  await expect(dialog).toContainText('It ends on');
  const link = await dialog.getByLabel('The link', { exact: true }).inputValue();
  expect(new URL(link).searchParams.get('X-Amz-Expires')).toBe('900');
  expect(await (await fetch(link)).text()).toBe('a.txt');
  await dialog.getByRole('button', { name: 'Close' }).click();
});

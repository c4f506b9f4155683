/* What a person does in the panel, for the tests; and files of which the tests know what they hold. */
import { execFileSync } from 'node:child_process';
import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import type { JSHandle, Locator } from '@playwright/test';
import { expect, test } from '@playwright/test';

export interface IFileSpec {
  name: string;
  text: string;
}

/** A file of any bytes; its path may lead through folders. */
export interface IBinarySpec {
  path: string;
  base64: string;
}

/** A CSV of `rows` rows with quoted newlines, quotes in quotes, and text in several scripts. */
export function csvOf(rows: number): string {
  const remarks = ['', '"first line\nsecond, line"', '"she said ""no"""', 'snö på mätaren', '雨の日', '"\r\n"'];
  const lines = Array.from({ length: rows }, (_, row) => `${row},Zürich ${row % 7},${remarks[row % remarks.length]}`);
  return `number,station,remark\n${lines.join('\n')}\n`;
}

/** `count` sequences of different lengths. */
export function fastaOf(count: number): string {
  const sequence = (index: number) => 'ACGTTGCA'.repeat(5 + (index % 40));
  const wrapped = (text: string) => text.replace(/.{1,60}/g, '$&\n');
  return Array.from({ length: count }, (_, index) => `>seq${index} größe ${index}\n${wrapped(sequence(index))}`).join('');
}

/** `count` reads whose quality lines begin with @ and + as often as with anything else. */
export function fastqOf(count: number): string {
  const read = (index: number) => {
    const bases = 'GATTACAGGT'.repeat(3 + (index % 11));
    const quality = ('@+I#'[index % 4] + 'FFFF,:FFFF').repeat(20).slice(0, bases.length);
    return `@read${index} größe/1\n${bases}\n+\n${quality}\n`;
  };
  return Array.from({ length: count }, (_, index) => read(index)).join('');
}

/** The name of a bucket, another one each time that a test is repeated: buckets stay as long as the server. */
export function ownBucket(name: string): string {
  const { repeatEachIndex } = test.info();
  return repeatEachIndex ? `${name}-${repeatEachIndex}` : name;
}

/** Lines of Python with `s3`, a client of the service behind the connection "demo"; what they print. */
export function inS3(lines: string[]): string {
  const head = [
    'import boto3, json, os, pathlib',
    'place = pathlib.Path(os.environ["COCKPIT_UI_DIR"]) / "data" / "cloud-data-cockpit" / "demo.json"',
    'demo = json.loads(place.read_text())',
    's3 = boto3.client("s3", endpoint_url=demo["endpoint_url"], region_name="us-east-1",',
    '    aws_access_key_id=demo["access_key"], aws_secret_access_key=demo["secret_key"])'
  ];
  return execFileSync('python', ['-c', [...head, ...lines].join('\n')], { encoding: 'utf-8' });
}

/** A bucket that holds small objects of these keys. */
export function fill(bucket: string, keys: string[]): void {
  inS3([
    `s3.create_bucket(Bucket=${JSON.stringify(bucket)})`,
    `for key in json.loads(${JSON.stringify(JSON.stringify(keys))}):`,
    `    s3.put_object(Bucket=${JSON.stringify(bucket)}, Key=key, Body=key.encode())`
  ]);
}

/** Some 12 GB of CSV in few bytes: the same block of rows again and again, each a gzip member. */
export function putLargeObject(bucket: string): void {
  inS3([
    'import gzip',
    'row = "7,station,1000," + "a remark that is long enough " * 6 + chr(10)',
    'member = gzip.compress((row * 60_000).encode(), 9)',
    `s3.create_bucket(Bucket="${bucket}")`,
    `s3.put_object(Bucket="${bucket}", Key="large.csv.gz", Body=member * 1000)`
  ]);
}

/** All keys of a bucket, in S3's order. */
export function keysIn(bucket: string): string[] {
  const pages = `s3.get_paginator("list_objects_v2").paginate(Bucket=${JSON.stringify(bucket)})`;
  return JSON.parse(inS3([`print(json.dumps([o["Key"] for p in ${pages} for o in p.get("Contents", [])]))`])) as string[];
}

export class CockpitPage {
  constructor(readonly page: IJupyterLabPageFixture) {}

  get panel(): Locator {
    return this.page.locator('#cloud-data-cockpit');
  }

  get listing(): Locator {
    return this.panel.locator('.cdc-Listing');
  }

  row(key: string): Locator {
    return this.listing.locator(`.cdc-Row[data-key=${JSON.stringify(key)}]`);
  }

  get grid(): Locator {
    return this.listing.getByRole('grid');
  }

  /** Names of the rows in view, from the top. */
  async names(): Promise<string[]> {
    return this.listing.locator('.cdc-Row[data-key] [data-column="name"] bdi').allInnerTexts();
  }

  /** A click on an item of the menu of a row. */
  async menu(key: string, item: string): Promise<void> {
    await this.row(key).click({ button: 'right' });
    await this.page.locator('.lm-Menu').getByText(item, { exact: true }).click();
  }

  section(name: 'data' | 'object' | 'slices' | 'jobs'): Locator {
    return this.panel.locator(`[data-section="${name}"]`);
  }

  async open(): Promise<void> {
    await this.page.evaluate(() => void window.jupyterapp.commands.execute('cloud-data-cockpit:show'));
    await expect(this.listing).toBeVisible();
  }

  /** Show the place by typing its URI into the trail. */
  async go(uri: string): Promise<void> {
    await this.panel.getByRole('button', { name: 'Go to an s3:// URI' }).click();
    await this.panel.getByLabel('S3 URI to go to').fill(uri);
    await this.page.keyboard.press('Enter');
    await expect(this.panel.getByLabel('S3 URI to go to')).toBeHidden();
  }

  async createBucket(name: string): Promise<void> {
    await this.panel.getByRole('button', { name: 'Buckets', exact: true }).click();
    await this.panel.getByRole('button', { name: 'Create a bucket' }).first().click();
    await this.page.locator('.jp-Dialog input').fill(name);
    await this.page.locator('.jp-Dialog').getByRole('button', { name: 'Create', exact: true }).click();
    await expect(this.panel.getByText('This bucket is empty')).toBeVisible();
  }

  /** Folders and files of any bytes from the desktop onto the listing. */
  async dropTree(files: IBinarySpec[]): Promise<void> {
    const transfer = await this.page.evaluateHandle(given => {
      const made = new DataTransfer();
      const bytesOf = (base64: string) => Uint8Array.from(atob(base64), character => character.charCodeAt(0));
      // A page cannot put a folder into a transfer: what it would read of one stands in its place.
      const entryOf = (name: string, below: string): unknown => {
        const own = given.find(({ path }) => path === below);
        if (own) {
          const file = (done: (file: File) => void) => done(new File([bytesOf(own.base64)], name));
          return { name, isFile: true, isDirectory: false, file };
        }
        const inside = given.filter(({ path }) => path.startsWith(`${below}/`));
        const names = new Set(inside.map(({ path }) => path.slice(below.length + 1).split('/')[0]));
        const left = [[...names].map(child => entryOf(child, `${below}/${child}`)), []];
        const readEntries = (done: (piece: unknown[]) => void) => done(left.shift() ?? []);
        return { name, isFile: false, isDirectory: true, createReader: () => ({ readEntries }) };
      };
      const tops = [...new Set(given.map(({ path }) => path.split('/')[0]))];
      for (const name of tops) {
        const own = given.find(({ path }) => path === name);
        made.items.add(new File(own ? [bytesOf(own.base64)] : [], name));
      }
      const entries = new Map(tops.map(name => [name, entryOf(name, name)]));
      DataTransferItem.prototype.webkitGetAsEntry = function (this: DataTransferItem) {
        return entries.get(this.getAsFile()?.name ?? '') as FileSystemEntry;
      };
      return made;
    }, files);
    await this.dropTransfer(transfer);
  }

  /** Files from the desktop onto the listing. */
  async drop(files: IFileSpec[]): Promise<void> {
    const transfer = await this.page.evaluateHandle(given => {
      const made = new DataTransfer();
      given.forEach(({ name, text }) => made.items.add(new File([text], name)));
      return made;
    }, files);
    await this.dropTransfer(transfer);
  }

  /** A large file of the bytes of `bytesOf`, the same each time. */
  async dropBytes(name: string, size: number): Promise<void> {
    const transfer = await this.page.evaluateHandle(
      ([name, size]) => {
        const bytes = new Uint8Array(size);
        for (let index = 0; index < size; index += 1) {
          bytes[index] = (index * 31 + (index >>> 8) * 7 + (index >>> 16) * 13) & 0xff;
        }
        const made = new DataTransfer();
        made.items.add(new File([bytes], name, { lastModified: 1_700_000_000_000 }));
        return made;
      },
      [name, size] as const
    );
    await this.dropTransfer(transfer);
  }

  private async dropTransfer(transfer: JSHandle<DataTransfer>): Promise<void> {
    const zone = this.panel.locator('.cdc-DropZone');
    await zone.dispatchEvent('dragenter', { dataTransfer: transfer });
    await zone.dispatchEvent('dragover', { dataTransfer: transfer });
    await expect(this.panel.locator('.cdc-DropZone-cover')).toBeVisible();
    await zone.dispatchEvent('drop', { dataTransfer: transfer });
    await expect(this.panel.locator('.cdc-DropZone-cover')).toBeHidden();
  }

  /** Cut the selected object into so many slices; the totals that the panel shows. */
  async partition(slices: number): Promise<{ slices: string; records: string }> {
    const form = this.section('object').locator('form');
    await form.getByLabel('Cut by').selectOption('num_slices');
    await form.getByLabel('Number of slices').fill(String(slices));
    await form.getByRole('button', { name: 'Partition' }).click();
    const total = (name: string) => this.section('slices').locator(`[data-total="${name}"]`);
    await expect(total('slices')).toHaveText(String(slices));
    await expect(this.section('slices').locator('.cdc-SliceTable .cdc-Row[aria-selected]')).toHaveCount(slices);
    return { slices: await total('slices').innerText(), records: await total('records').innerText() };
  }

  async insert(): Promise<void> {
    await this.section('slices').getByRole('button', { name: 'Insert into notebook' }).click();
    await expect(this.page.locator('.jp-Notebook .jp-CodeCell').first()).toContainText('load_slices');
  }
}

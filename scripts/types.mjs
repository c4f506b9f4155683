// Writes the TypeScript types of the server's records: `node scripts/types.mjs [file]`, to stdout without a file.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { compile } from 'json-schema-to-typescript';

const banner = `/* The records of the REST API. Generated from cloud_data_cockpit/models/ by \`jlpm types\`: do not edit. */`;

const printed = execFileSync(process.env.PYTHON ?? 'python', ['scripts/schema.py'], {
  encoding: 'utf8',
  maxBuffer: 64 << 20
});

const source = await compile(JSON.parse(printed), 'Records', {
  additionalProperties: false,
  bannerComment: banner,
  unreachableDefinitions: true,
  style: { singleQuote: true, trailingComma: 'none', arrowParens: 'avoid', printWidth: 120 }
});
// The schema has no type of its own: its root would be an empty `Records` interface.
const types = source
  .replace(/export interface Records \{\s*(\[k: string\]: unknown;)?\s*\}\n*/, '')
  .replace(
    /( \*\n)? \* This interface was referenced by `Records`'s JSON-Schema\n \* via the `definition` "\w+"\.\n/g,
    ''
  )
  .replace(/\/\*\*\n \*\/\n/g, '');

const [, , file] = process.argv;
if (file) {
  writeFileSync(file, types);
} else {
  process.stdout.write(types);
}

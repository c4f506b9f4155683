/* Unit tests of src/: in jsdom, JupyterLab's packages compiled along, a last line that counts. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { alias: [{ find: /^.+\.svg$/, replacement: new URL('src/testing/icon.ts', import.meta.url).pathname }] },
  test: {
    environment: 'node',
    include: ['src/**/*.test.{ts,tsx}'],
    setupFiles: ['src/testing/setup.ts'],
    reporters: ['default', './src/testing/reporter.ts'],
    server: { deps: { inline: [/@jupyterlab/, /@jupyter/, /@lumino/, /@microsoft/, /yjs/, /lib0/, /exenv-es6/] } }
  }
});

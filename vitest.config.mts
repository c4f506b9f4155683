/* Unit tests of src/ in node: models have no DOM. JupyterLab's packages are compiled along; the last line counts. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    environment: 'node',
    // Nothing is timed here: a busy machine may take its time.
    testTimeout: 60_000,
    include: ['src/**/*.test.{ts,tsx}'],
    reporters: ['default', './src/testing/reporter.ts'],
    server: { deps: { inline: [/@jupyterlab/, /@jupyter/, /@lumino/, /@microsoft/, /yjs/, /lib0/, /exenv-es6/] } }
  }
});

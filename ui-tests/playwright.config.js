/* Browser tests: a server of our own on a port of its own, one worker, no retries. */
const fs = require('fs');
const os = require('os');
const path = require('path');
const base = require('@jupyterlab/galata/lib/playwright-config');

// The workers read this file again, with the environment of the first reading.
process.env.COCKPIT_UI_PORT ??= '8877';
process.env.COCKPIT_UI_DIR ??= fs.mkdtempSync(path.join(os.tmpdir(), 'cockpit-ui-'));
const directory = process.env.COCKPIT_UI_DIR;
const url = `http://localhost:${process.env.COCKPIT_UI_PORT}`;
process.env.TARGET_URL = url;

/** Nothing of the person's own settings, data or credentials gets into the tests. */
const isolated = {
  JUPYTER_DATA_DIR: path.join(directory, 'data'),
  JUPYTER_CONFIG_DIR: path.join(directory, 'config'),
  JUPYTER_RUNTIME_DIR: path.join(directory, 'runtime'),
  JUPYTERLAB_SETTINGS_DIR: path.join(directory, 'settings'),
  JUPYTERLAB_WORKSPACES_DIR: path.join(directory, 'workspaces'),
  IPYTHONDIR: path.join(directory, 'ipython'),
  AWS_CONFIG_FILE: path.join(directory, 'aws-config'),
  AWS_SHARED_CREDENTIALS_FILE: path.join(directory, 'aws-credentials'),
  AWS_EC2_METADATA_DISABLED: 'true'
};

module.exports = {
  ...base,
  testDir: path.join(__dirname, 'tests'),
  testIgnore: process.env.COCKPIT_SCREENS ? [] : ['**/screens.spec.ts'],
  outputDir: path.join(__dirname, 'test-results'),
  workers: 1,
  retries: 0,
  // A condition is awaited, never a time: these only end what hangs, also on a machine with much else to do.
  timeout: 180_000,
  expect: { ...base.expect, timeout: 20_000 },
  reporter: [['list'], [path.join(__dirname, 'count-reporter.js')]],
  use: {
    ...base.use,
    baseURL: url,
    viewport: { width: 1280, height: 900 },
    trace: 'retain-on-failure',
    video: 'off',
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync'
      ]
    }
  },
  webServer: {
    // What the server says is in this file: its lines between the tests' would hide them.
    command: `jupyter lab --config ${path.join(__dirname, 'jupyter_server_test_config.py')} > ${directory}/server.log 2>&1`,
    url: `${url}/lab`,
    env: { ...process.env, ...isolated },
    timeout: 120_000,
    reuseExistingServer: false,
    gracefulShutdown: { signal: 'SIGTERM', timeout: 10_000 }
  }
};

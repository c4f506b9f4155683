/* Prints `N passed, N failed` as the last line. */
class CountReporter {
  constructor() {
    this.results = new Map();
  }

  onTestEnd(test, result) {
    this.results.set(test.id, result.status);
  }

  onError() {
    this.errors = (this.errors ?? 0) + 1;
  }

  onExit() {
    const all = [...this.results.values()];
    const passed = all.filter(status => status === 'passed').length;
    const failed = all.filter(status => status !== 'passed' && status !== 'skipped').length + (this.errors ?? 0);
    process.stdout.write(`${passed} passed, ${failed} failed\n`);
  }

  printsToStdio() {
    return true;
  }
}

module.exports = CountReporter;

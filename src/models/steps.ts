/* Long work in short steps: the page draws and listens in between. */

/** One step may take so long: with what the browser does besides, a frame. */
const STEP_MS = 8;

export class Steps {
  get busy(): boolean {
    return this._work !== null;
  }

  /** Do this instead of what is under way; `after` each step, and once more at the end. */
  run(work: Generator<void, void>, after: (finished: boolean) => void): void {
    this.stop();
    this._work = work;
    const step = () => {
      const end = performance.now() + STEP_MS;
      do {
        if (work.next().done) {
          this._work = null;
          after(true);
          return;
        }
      } while (performance.now() < end);
      this._timer = setTimeout(step);
      after(false);
    };
    // Short work is done at once: nothing flickers.
    step();
  }

  stop(): void {
    clearTimeout(this._timer);
    this._work = null;
  }

  private _work: Generator<void, void> | null = null;
  private _timer: ReturnType<typeof setTimeout> | undefined;
}

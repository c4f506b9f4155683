/* Long work in short steps: the page draws and listens in between. */

/** One step may take so long: with what the browser does besides, a frame. */
const STEP_MS = 8;
/** What is under way is drawn anew so often: drawing takes as long as a step. */
const TELL_MS = 100;

export class Steps {
  get busy(): boolean {
    return this._work !== null;
  }

  /** Do this instead of what is under way; `after` the first step, now and then, and once more at the end. */
  run(work: Generator<void, void>, after: (finished: boolean) => void): void {
    this.stop();
    this._work = work;
    let told = -Infinity;
    const step = () => {
      const begun = performance.now();
      do {
        if (work.next().done) {
          this._work = null;
          after(true);
          return;
        }
      } while (performance.now() < begun + STEP_MS);
      this._timer = setTimeout(step);
      if (begun > told + TELL_MS) {
        told = begun;
        after(false);
      }
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

/** Do something with each item, the page drawing and listening in between. */
export async function inSteps<T>(items: readonly T[], work: (item: T) => void): Promise<void> {
  let end = performance.now() + STEP_MS;
  for (const item of items) {
    if (performance.now() >= end) {
      await new Promise<void>(resolve => setTimeout(resolve));
      end = performance.now() + STEP_MS;
    }
    work(item);
  }
}

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
      if (this._work !== work) {
        return;
      }
      const begun = performance.now();
      do {
        if (work.next().done) {
          this._work = null;
          after(true);
          return;
        }
      } while (performance.now() < begun + STEP_MS);
      soon(step);
      if (begun > told + TELL_MS) {
        told = begun;
        after(false);
      }
    };
    // Short work is done at once: nothing flickers.
    step();
  }

  stop(): void {
    this._work = null;
  }

  private _work: Generator<void, void> | null = null;
}

let channel: MessageChannel | undefined;
const waiting: (() => void)[] = [];

/**
 * A task of its own, behind what the page has to draw and to listen to. A timer would wait 4 ms each time, and a second
 * in a tab that nobody looks at.
 */
function soon(task: () => void): void {
  if (!channel) {
    channel = new MessageChannel();
    channel.port1.onmessage = () => waiting.shift()?.();
  }
  waiting.push(task);
  channel.port2.postMessage(null);
}

/** Do something with each item, the page drawing and listening in between. */
export async function inSteps<T>(items: readonly T[], work: (item: T) => void): Promise<void> {
  let end = performance.now() + STEP_MS;
  for (const item of items) {
    if (performance.now() >= end) {
      await new Promise<void>(soon);
      end = performance.now() + STEP_MS;
    }
    work(item);
  }
}

/* Bytes a second over the last seconds. */

const WINDOW_MS = 4000;

export class Rate {
  constructor(private readonly now: () => number = () => performance.now()) {}

  add(bytes: number): void {
    const time = this.now();
    this._started ??= time;
    this._samples.push({ time, bytes });
    this.forget(time);
  }

  /** 0 when nothing moved lately. */
  get value(): number {
    const time = this.now();
    this.forget(time);
    const bytes = this._samples.reduce((sum, sample) => sum + sample.bytes, 0);
    if (!bytes) {
      this._started = null;
      return 0;
    }
    const seconds = Math.min(WINDOW_MS, Math.max(time - (this._started ?? time), 250)) / 1000;
    return bytes / seconds;
  }

  private forget(time: number): void {
    this._samples = this._samples.filter(sample => time - sample.time <= WINDOW_MS);
  }

  private _samples: { time: number; bytes: number }[] = [];
  private _started: number | null = null;
}

/* Waiting that can be cut short: for what is tried again later, or at once when the network is back. */

export class Waker {
  constructor(private readonly pause: (milliseconds: number) => Promise<void> = later) {}

  sleep(milliseconds: number): Promise<void> {
    return Promise.race([this.pause(milliseconds), new Promise<void>(resolve => this._sleepers.add(resolve))]);
  }

  wake(): void {
    this._sleepers.forEach(resolve => resolve());
    this._sleepers.clear();
  }

  private readonly _sleepers = new Set<() => void>();
}

function later(milliseconds: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, milliseconds));
}

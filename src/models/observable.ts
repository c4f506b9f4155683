/* State that tells when it changed: the base of all models. */
import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';

export class Observable implements IDisposable {
  /** Emitted after every change of state. */
  readonly changed = new Signal<this, void>(this);

  /** Grows with every change, so that a view can compare two moments cheaply. */
  get revision(): number {
    return this._revision;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    Signal.clearData(this);
  }

  protected emit(): void {
    if (!this._isDisposed) {
      this._revision += 1;
      this.changed.emit();
    }
  }

  private _revision = 0;
  private _isDisposed = false;
}

/* A dialog that closes only when what it was accepted for has succeeded: an error is read with all that was entered. */
import { Dialog } from '@jupyterlab/apputils';

export class StayingDialog extends Dialog<unknown> {
  /** `attempt` does the work and shows its own errors; false keeps the dialog open. */
  constructor(
    options: Partial<Dialog.IOptions<unknown>>,
    private readonly attempt: () => Promise<boolean>
  ) {
    super(options);
    this.actions = (options.buttons ?? []) as Dialog.IButton[];
    this.addClass('cdc-Dialog');
  }

  resolve(index?: number): void {
    const action = this.actions[index ?? this.actions.length - 1];
    if (!action?.accept) {
      super.resolve(index);
    } else if (!this._busy) {
      void this.tryFor(index);
    }
  }

  handleEvent(event: Event): void {
    // Enter on a button inside the body presses that button; the base class would swallow it.
    const target = event.target as HTMLElement | null;
    const inBody = target instanceof HTMLButtonElement && target.closest('.jp-Dialog-body');
    const onSummary = target?.tagName === 'SUMMARY';
    if ((inBody || onSummary) && event instanceof KeyboardEvent && event.key === 'Enter') {
      return;
    }
    super.handleEvent(event);
  }

  private async tryFor(index?: number): Promise<void> {
    this._busy = true;
    this.node.setAttribute('aria-busy', 'true');
    try {
      if (await this.attempt()) {
        super.resolve(index);
      }
    } finally {
      this._busy = false;
      this.node.removeAttribute('aria-busy');
    }
  }

  private readonly actions: Dialog.IButton[];
  private _busy = false;
}

/* How an archived object is brought back: for how long, and how fast. */
import { Dialog, ReactWidget, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { ThawRequest } from '../api/schema';
import { displayName, nameBelow, parentOf } from '../models/location';

export type Thaw = Pick<ThawRequest, 'days' | 'tier'>;

/** What was chosen, null for nothing. */
export async function askThaw(key: string, trans: TranslationBundle): Promise<Thaw | null> {
  const result = await showDialog({
    title: trans.__('Restore from the archive'),
    body: new ThawBody(key, trans),
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.okButton({ label: trans.__('Restore'), accept: true })
    ],
    focusNodeSelector: 'select'
  });
  return result.button.accept ? result.value : null;
}

class ThawBody extends ReactWidget implements Dialog.IBodyWidget<Thaw> {
  constructor(
    private readonly key: string,
    private readonly trans: TranslationBundle
  ) {
    super();
    this.addClass('cdc-Dialog');
  }

  getValue(): Thaw {
    return this._value;
  }

  protected render(): React.JSX.Element {
    const { key, trans } = this;
    const tiers: [Thaw['tier'], string][] = [
      ['Standard', trans.__('Standard: some hours')],
      ['Bulk', trans.__('Bulk: up to two days, the cheapest')],
      ['Expedited', trans.__('Expedited: minutes, the dearest; not for the deepest archive')]
    ];
    return (
      <div className="cdc-Thaw">
        <p className="cdc-ellipsis">
          <bdi>{displayName(nameBelow(parentOf(key), key))}</bdi>
        </p>
        <p className="cdc-quiet">
          {trans.__('A copy that can be read is made for some days. Your account pays for it.')}
        </p>
        <label>
          {trans.__('How fast')}
          <select
            className="cdc-Select"
            defaultValue="Standard"
            onChange={event => (this._value = { ...this._value, tier: event.target.value as Thaw['tier'] })}
          >
            {tiers.map(([tier, words]) => (
              <option key={tier} value={tier}>
                {words}
              </option>
            ))}
          </select>
        </label>
        <label>
          {trans.__('For how many days')}
          <input
            className="cdc-Input"
            type="number"
            required
            min={1}
            max={365}
            defaultValue={7}
            onChange={event => (this._value = { ...this._value, days: event.target.valueAsNumber })}
          />
        </label>
      </div>
    );
  }

  private _value: Thaw = { days: 7, tier: 'Standard' };
}

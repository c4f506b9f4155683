/* What the parts of the properties are given. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { PropertiesModel } from '../models/properties';

export interface IPropertiesContext {
  model: PropertiesModel;
  trans: TranslationBundle;
  /** Let the browser fetch an address. */
  fetch: (address: string, filename: string) => void;
  /** Ask for a yes to something that cannot be undone. */
  confirm: (title: string, body: string, accept: string) => Promise<boolean>;
  /** Bring the object back from its archive: asks how, then does it. */
  thaw: () => Promise<void>;
}

export const PropertiesContext = React.createContext<IPropertiesContext | null>(null);

export function useProperties(): IPropertiesContext {
  const context = React.useContext(PropertiesContext);
  if (!context) {
    throw new Error('Properties are drawn outside of their tab.');
  }
  const { model } = context;
  const subscribe = React.useCallback(
    (draw: () => void) => {
      model.changed.connect(draw);
      return () => void model.changed.disconnect(draw);
    },
    [model]
  );
  React.useSyncExternalStore(subscribe, () => model.revision);
  return context;
}

/** Do something that may fail: whether it is under way, and what went wrong last. */
export function useAction(): { busy: boolean; fault: string; run: (work: () => Promise<void>) => void } {
  const [busy, setBusy] = React.useState(false);
  const [fault, setFault] = React.useState('');
  const run = (work: () => Promise<void>) => {
    setBusy(true);
    setFault('');
    work()
      .catch((error: unknown) => setFault(error instanceof Error ? error.message : String(error)))
      .finally(() => setBusy(false));
  };
  return { busy, fault, run };
}

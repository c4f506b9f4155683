/* What every section is given: the models, the commands, the words. */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import * as React from 'react';
import { openMenu } from '../menus';
import type { Cockpit } from '../models/cockpit';
import type { Observable } from '../models/observable';

export type MenuName = 'more' | 'favourites';

export interface ICockpitContext {
  cockpit: Cockpit;
  trans: TranslationBundle;
  /** For menus of commands. */
  commands: CommandRegistry;
  /** Run a command by its id. */
  execute: (id: string, args?: ReadonlyPartialJSONObject) => void;
  /** Show one of our menus below an element. */
  openMenu: (name: MenuName, anchor: HTMLElement) => void;
}

export const CockpitContext = React.createContext<ICockpitContext | null>(null);

export function contextOf(cockpit: Cockpit, commands: CommandRegistry, trans: TranslationBundle): ICockpitContext {
  return {
    cockpit,
    trans,
    commands,
    execute: (id, args) => void commands.execute(id, args),
    openMenu: (name, anchor) => openMenu(name, anchor, { cockpit, commands, trans })
  };
}

export function useCockpit(): ICockpitContext {
  const context = React.useContext(CockpitContext);
  if (!context) {
    throw new Error('A section is drawn outside of the panel.');
  }
  return context;
}

/** The model, drawn again after each of its changes. */
export function useModel<T extends Observable>(model: T): T {
  const subscribe = React.useCallback(
    (draw: () => void) => {
      model.changed.connect(draw);
      return () => void model.changed.disconnect(draw);
    },
    [model]
  );
  React.useSyncExternalStore(subscribe, () => model.revision);
  return model;
}

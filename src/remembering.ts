/* What is kept over a reload besides the place: columns and favourites. */
import type { IStateDB } from '@jupyterlab/statedb';
import type { ReadonlyPartialJSONObject, ReadonlyPartialJSONValue } from '@lumino/coreutils';
import type { Observable } from './models/observable';

interface IKept extends Observable {
  toJSON(): ReadonlyPartialJSONObject;
  restore(value: ReadonlyPartialJSONValue | undefined): void;
}

/** Bring back what was kept under `key`, and keep every change from now on. */
export async function remember(state: IStateDB, key: string, model: IKept): Promise<void> {
  model.restore(await state.fetch(key).catch(() => undefined));
  model.changed.connect(() => void state.save(key, model.toJSON()));
}

/* What the parts of a benchmark's tab are given besides the cockpit. */
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { ISignal } from '@lumino/signaling';
import * as React from 'react';
import type { BenchmarkModel } from '../models/benchmark';
import { useModel } from '../sections/context';

export interface IChartTools {
  rendermime: IRenderMimeRegistry | null;
  /** The theme has changed: colours have to be read again. */
  themeChanged: ISignal<unknown, unknown> | null;
}

export interface IBenchmarkContext extends IChartTools {
  model: BenchmarkModel;
  /** Let the browser save what an address leads to. */
  fetch: (address: string, filename: string) => void;
  /** Ask for a yes to something that cannot be undone. */
  confirm: (title: string, body: string, accept: string) => Promise<boolean>;
}

export const BenchmarkContext = React.createContext<IBenchmarkContext | null>(null);

export function useBenchmark(): IBenchmarkContext {
  const context = React.useContext(BenchmarkContext);
  if (!context) {
    throw new Error('A benchmark is drawn outside of its tab.');
  }
  useModel(context.model);
  return context;
}

/* The benchmarks of one object as a tab of the main area. */
import { ReactWidget } from '@jupyterlab/apputils';
import * as React from 'react';
import { shortened } from '../components/format';
import { benchmarkIcon } from '../components/icons';
import { displayName, nameBelow, parentOf } from '../models/location';
import type { ICockpitContext } from '../sections/context';
import { CockpitContext } from '../sections/context';
import { BenchmarkView } from './BenchmarkView';
import type { IBenchmarkContext } from './context';
import { BenchmarkContext } from './context';

export class BenchmarkWidget extends ReactWidget {
  constructor(
    readonly context: IBenchmarkContext,
    private readonly cockpit: ICockpitContext
  ) {
    super();
    const { key } = context.model.target;
    const { trans } = cockpit;
    this.addClass('cdc-Panel');
    this.addClass('cdc-Benchmark');
    this.node.setAttribute('role', 'region');
    this.title.label = shortened(displayName(nameBelow(parentOf(key), key))) || trans.__('(empty name)');
    this.title.caption = trans.__('Benchmark of %1', displayName(context.model.uri));
    this.title.icon = benchmarkIcon;
    this.node.setAttribute('aria-label', this.title.caption);
  }

  dispose(): void {
    this.context.model.dispose();
    super.dispose();
  }

  protected render(): React.JSX.Element {
    return (
      <CockpitContext.Provider value={this.cockpit}>
        <BenchmarkContext.Provider value={this.context}>
          <BenchmarkView />
        </BenchmarkContext.Provider>
      </CockpitContext.Provider>
    );
  }
}

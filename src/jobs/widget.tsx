/* All jobs as a tab of the main area. */
import { ReactWidget } from '@jupyterlab/apputils';
import type { Message } from '@lumino/messaging';
import * as React from 'react';
import { jobsIcon } from '../components/icons';
import { JobTable } from '../models/jobTable';
import type { ICockpitContext } from '../sections/context';
import { CockpitContext } from '../sections/context';
import { JobsView } from './JobsView';

export class JobsWidget extends ReactWidget {
  constructor(private readonly context: ICockpitContext) {
    super();
    const { cockpit, trans } = context;
    this.table = new JobTable(cockpit.jobs);
    this.addClass('cdc-Panel');
    this.addClass('cdc-JobsView');
    this.title.label = trans.__('Jobs');
    this.title.caption = trans.__('What Data Cockpit does and did');
    this.title.icon = jobsIcon;
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', this.title.caption);
  }

  dispose(): void {
    this.table.dispose();
    super.dispose();
  }

  protected render(): React.JSX.Element {
    return (
      <CockpitContext.Provider value={this.context}>
        <JobsView table={this.table} />
      </CockpitContext.Provider>
    );
  }

  protected onAfterShow(message: Message): void {
    super.onAfterShow(message);
    void this.context.cockpit.jobs.refresh();
  }

  protected onActivateRequest(message: Message): void {
    super.onActivateRequest(message);
    this.node.querySelector<HTMLElement>('[role="grid"]')?.focus();
  }

  private readonly table: JobTable;
}

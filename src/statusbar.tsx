/* The item of JupyterLab's status bar: how much runs and how far it is; a click opens the jobs. */
import { ReactWidget } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import * as React from 'react';
import { formatBytes } from './components/format';
import { cockpitIcon } from './components/icons';
import { ProgressBar } from './components/ProgressBar';
import type { Cockpit } from './models/cockpit';
import { isActive } from './models/jobs';

/** More often than this nobody can read it. */
const PAUSE_MS = 250;

interface IRunning {
  count: number;
  /** Sums over what tells bytes; 0 when nothing does. */
  done: number;
  total: number;
}

export class RunningStatus extends ReactWidget {
  constructor(
    private readonly cockpit: Cockpit,
    private readonly trans: TranslationBundle,
    private readonly open: () => void
  ) {
    super();
    this.addClass('cdc-Status');
    cockpit.jobs.changed.connect(this.soon, this);
    cockpit.uploads.changed.connect(this.soon, this);
  }

  readonly stateChanged = new Signal<this, void>(this);

  get active(): boolean {
    return this.running.count > 0;
  }

  dispose(): void {
    clearTimeout(this._timer);
    Signal.clearData(this);
    super.dispose();
  }

  protected render(): React.JSX.Element | null {
    const { count, done, total } = this.running;
    const { trans } = this;
    if (!count) {
      return null;
    }
    const label = trans._n('Data Cockpit: %1 job runs', 'Data Cockpit: %1 jobs run', count);
    const amount = total ? ' · ' + trans.__('%1 of %2', formatBytes(done), formatBytes(total)) : '';
    return (
      <button type="button" className="cdc-Status-button" title={label + amount} aria-label={label} onClick={this.open}>
        <cockpitIcon.react tag="span" className="cdc-Icon" />
        <span>{count}</span>
        <ProgressBar done={done} total={total} label={label} />
      </button>
    );
  }

  private soon(): void {
    this._timer ??= setTimeout(() => {
      this._timer = undefined;
      this.running = running(this.cockpit);
      this.update();
      this.stateChanged.emit();
    }, PAUSE_MS);
  }

  private running: IRunning = { count: 0, done: 0, total: 0 };
  private _timer: ReturnType<typeof setTimeout> | undefined;
}

/** Operations, not files: what was given together counts once. */
function running({ jobs, uploads }: Cockpit): IRunning {
  const others = jobs.list.filter(job => isActive(job) && !uploads.byJob(job.id));
  const batches = new Set(uploads.active.map(item => item.batch));
  const sum: IRunning = { count: others.length + batches.size, done: 0, total: 0 };
  for (const job of others) {
    if (job.unit === 'bytes') {
      sum.done += job.done;
      sum.total += job.total;
    }
  }
  for (const item of uploads.items) {
    if (batches.has(item.batch)) {
      sum.done += item.sent;
      sum.total += item.size;
    }
  }
  return sum;
}

/* The sidebar: four sections over the models, as one Lumino widget. */
import { ReactWidget } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import type { Message } from '@lumino/messaging';
import * as React from 'react';
import { Section } from './components/buttons';
import { cockpitIcon } from './components/icons';
import type { Cockpit } from './models/cockpit';
import type { ICockpitContext } from './sections/context';
import { CockpitContext, contextOf, useCockpit, useModel } from './sections/context';
import { DataSection } from './sections/DataSection';
import { JobsSection } from './sections/JobsSection';
import { ObjectSection } from './sections/ObjectSection';
import { SlicesSection } from './sections/SlicesSection';

export const PANEL_ID = 'cloud-data-cockpit';

/** A listing older than this is asked for again when the panel comes into view. */
const STALE_MS = 10_000;
/** And older than this while it is in view. */
const OLD_MS = 60_000;

export class CockpitPanel extends ReactWidget {
  constructor(cockpit: Cockpit, commands: CommandRegistry, trans: TranslationBundle) {
    super();
    this.cockpit = cockpit;
    this.context = contextOf(cockpit, commands, trans);
    this.id = PANEL_ID;
    this.title.icon = cockpitIcon;
    this.title.caption = trans.__('Data Cockpit');
    this.addClass('cdc-Panel');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', trans.__('Data Cockpit'));
  }

  protected render(): React.JSX.Element {
    return (
      <CockpitContext.Provider value={this.context}>
        <Sections />
      </CockpitContext.Provider>
    );
  }

  protected onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this._timer = setInterval(() => this.keepFresh(OLD_MS), OLD_MS / 4);
    document.addEventListener('visibilitychange', this.onVisible);
  }

  protected onBeforeDetach(message: Message): void {
    clearInterval(this._timer);
    document.removeEventListener('visibilitychange', this.onVisible);
    super.onBeforeDetach(message);
  }

  protected onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this.onVisible();
  }

  private readonly onVisible = () => this.keepFresh(STALE_MS);

  /** Ask again for a listing that is in view and older than so many milliseconds, unless it is in somebody's hands. */
  private keepFresh(age: number): void {
    const { browser, jobs, actions } = this.cockpit;
    const idle = browser.loading === null && !browser.error && actions.renaming === null;
    const old = Date.now() - browser.loadedAt > age;
    if (this.isVisible && document.visibilityState === 'visible' && idle && old && browser.pages === 1) {
      void browser.refresh();
      void jobs.refresh();
    }
  }

  protected onActivateRequest(message: Message): void {
    super.onActivateRequest(message);
    const list = this.node.querySelector<HTMLElement>('.cdc-Listing [role="grid"]');
    (list ?? this.node.querySelector<HTMLElement>('button'))?.focus();
  }

  private _timer: ReturnType<typeof setInterval> | undefined;
  private readonly cockpit: Cockpit;
  private readonly context: ICockpitContext;
}

type Name = 'data' | 'object' | 'slices' | 'jobs';

function Sections(): React.JSX.Element {
  const { cockpit, trans } = useCockpit();
  const jobs = useModel(cockpit.jobs);
  const slices = useModel(cockpit.slices);
  const [open, setOpen] = React.useState<Record<Name, boolean>>({
    data: true,
    object: true,
    slices: true,
    jobs: false
  });
  const body = React.useRef<HTMLDivElement>(null);
  useReveal(setOpen, body);

  const section = (name: Name, title: string, content: React.ReactNode, badge?: string) => (
    <Section
      name={name}
      title={title}
      open={open[name]}
      onToggle={() => setOpen({ ...open, [name]: !open[name] })}
      badge={badge}
    >
      {content}
    </Section>
  );
  const running = jobs.active.length;
  return (
    <div className="cdc-Sections" ref={body}>
      {section('data', trans.__('Data'), <DataSection />)}
      {section('object', trans.__('Partition'), <ObjectSection />)}
      {section('slices', trans.__('Slices'), <SlicesSection />, count(slices.manifests.length))}
      {section('jobs', trans.__('Jobs'), <JobsSection />, running ? trans.__('%1 running', running) : '')}
    </div>
  );
}

function count(number: number): string {
  return number ? String(number) : '';
}

/** Open the section that has news: a selected object, fresh slices. */
function useReveal(
  setOpen: React.Dispatch<React.SetStateAction<Record<Name, boolean>>>,
  body: React.RefObject<HTMLElement>
): void {
  const { cockpit } = useCockpit();
  React.useEffect(() => {
    let shown = cockpit.object.target;
    const onObject = () => {
      if (cockpit.object.target && cockpit.object.target !== shown) {
        setOpen(open => ({ ...open, object: true }));
      }
      shown = cockpit.object.target;
    };
    const onPartitioned = () => {
      setOpen(open => ({ ...open, slices: true }));
      requestAnimationFrame(() => {
        body.current?.querySelector('[data-section="slices"]')?.scrollIntoView({ block: 'nearest' });
      });
    };
    const onRevealed = (_: unknown, name: string) => {
      setOpen(open => ({ ...open, [name]: true }));
      requestAnimationFrame(() => {
        const section = body.current?.querySelector<HTMLElement>(`[data-section="${name}"]`);
        section?.scrollIntoView({ block: 'nearest' });
        section?.querySelector<HTMLElement>('button')?.focus();
      });
    };
    cockpit.object.changed.connect(onObject);
    cockpit.partitioned.connect(onPartitioned);
    cockpit.revealed.connect(onRevealed);
    return () => {
      cockpit.object.changed.disconnect(onObject);
      cockpit.partitioned.disconnect(onPartitioned);
      cockpit.revealed.disconnect(onRevealed);
    };
  }, [cockpit, setOpen, body]);
}

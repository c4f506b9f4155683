/* Commands for benchmarks: index an object, open its benchmarks, cut by what was found to be the best. */
import type { IThemeManager } from '@jupyterlab/apputils';
import { Dialog, MainAreaWidget, showDialog, WidgetTracker } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { IChartTools } from '../benchmark/context';
import { BenchmarkWidget } from '../benchmark/widget';
import { benchmarkIcon, indexIcon } from '../components/icons';
import { NotebookFunctions } from '../functions';
import type { IBenchmarkTarget } from '../models/benchmark';
import { BenchmarkModel } from '../models/benchmark';
import type { Cockpit } from '../models/cockpit';
import { makeUri } from '../models/location';
import { PANEL_ID } from '../panel';
import { contextOf } from '../sections/context';
import { CommandIDs } from '../tokens';
import { fetchByBrowser } from './downloads';
import type { ICommandsOptions } from './options';
import { shown } from './options';

export function addBenchmarkCommands(options: ICommandsOptions): void {
  const { app, cockpit, restorer, trans } = options;
  const { commands, shell } = app;
  const { object } = cockpit;
  const tabs = new WidgetTracker<MainAreaWidget<BenchmarkWidget>>({ namespace: 'cloud-data-cockpit-benchmark' });
  commands.addCommand(CommandIDs.benchmark, {
    label: trans.__('Benchmark…'),
    caption: trans.__('Which batch size is fastest?'),
    icon: benchmarkIcon,
    isEnabled: args => targetOf(args) !== null || object.format !== null || cockpit.rows.activeEntry?.kind === 'object',
    execute: shown(async args => {
      const target = targetOf(args) ?? (await selected(cockpit, trans));
      const known = tabs.find(({ content }) => idOf(content.context.model.target) === idOf(target));
      if (known) {
        const { model } = known.content.context;
        // A result alone says nothing of how the object is to be read from now on.
        await (typeof args.result === 'string' ? model.show(args.result) : model.retarget(target));
        await tabs.save(known);
        shell.activateById(known.id);
        return;
      }
      const tab = new MainAreaWidget({ content: makeWidget(target, options, args.result) });
      await tabs.add(tab);
      shell.add(tab, 'main');
      shell.activateById(tab.id);
    })
  });
  commands.addCommand(CommandIDs.useBatchSize, {
    label: trans.__('Use the Value for the Partition'),
    execute: shown(async args => {
      const target = targetOf(args);
      const { parameter, value, numSlices } = args;
      if (!target || typeof parameter !== 'string' || typeof value !== 'number') {
        return;
      }
      shell.activateById(PANEL_ID);
      if (!object.target || idOf(object.target) !== idOf(target) || !object.detail) {
        await cockpit.showAt(target.connection, makeUri(target.bucket, target.key));
      }
      if (object.format?.name !== target.format) {
        object.chooseFormat(target.format);
      }
      object.use(parameter, value, typeof numSlices === 'number' ? numSlices : null);
      cockpit.reveal('object');
    })
  });
  commands.addCommand(CommandIDs.index, {
    label: trans.__('Index'),
    caption: trans.__('Scan the object now, so that every later cut is quick'),
    icon: indexIcon,
    isEnabled: () => object.format !== null || cockpit.rows.activeEntry?.kind === 'object',
    execute: shown(async () => {
      const { connection, bucket, key, format, params } = await selected(cockpit, trans);
      const engine = await cockpit.engines.ready();
      const request = { kind: 'index' as const, connection, uri: makeUri(bucket, key), format, params, ...engine };
      cockpit.jobs.apply(await cockpit.api.startIndex(request));
    })
  });
  void restorer?.restore(tabs, {
    command: CommandIDs.benchmark,
    args: ({ content }) => ({ ...content.context.model.target }) as unknown as ReadonlyPartialJSONObject,
    name: ({ content }) => idOf(content.context.model.target)
  });
}

function makeWidget(target: IBenchmarkTarget, options: ICommandsOptions, result: unknown): BenchmarkWidget {
  const { app, cockpit, tracker, trans } = options;
  const { api, jobs, engines } = cockpit;
  const model = new BenchmarkModel(target, { api, jobs, engines, functions: new NotebookFunctions(tracker) });
  void model.load(typeof result === 'string' ? result : null);
  const tools = { ...chartTools(options), model, fetch: fetchByBrowser, confirm };
  return new BenchmarkWidget(tools, contextOf(cockpit, app.commands, trans));
}

function chartTools({ rendermime, themes }: ICommandsOptions): IChartTools {
  return { rendermime, themeChanged: (themes as IThemeManager | null)?.themeChanged ?? null };
}

/** The object in view, or the row with the focus, as the form reads it. Throws where no format fits. */
async function selected(cockpit: Cockpit, trans: TranslationBundle): Promise<IBenchmarkTarget> {
  await cockpit.lookNow();
  const { target, format, readingParams, error } = cockpit.object;
  if (!target || !format) {
    throw error ?? new Error(trans.__('Select an object of a known format first.'));
  }
  return { ...target, format: format.name, params: readingParams };
}

/** The object that arguments name; what was kept over a reload may be of another version. */
function targetOf(args: ReadonlyPartialJSONObject): IBenchmarkTarget | null {
  const { connection, bucket, key, format, params = {} } = args as Partial<IBenchmarkTarget>;
  const whole = [connection, bucket, key, format].every(text => typeof text === 'string');
  return whole && typeof params === 'object' ? ({ connection, bucket, key, format, params } as IBenchmarkTarget) : null;
}

function idOf({ connection, bucket, key }: Pick<IBenchmarkTarget, 'connection' | 'bucket' | 'key'>): string {
  return JSON.stringify([connection, bucket, key]);
}

async function confirm(title: string, body: string, accept: string): Promise<boolean> {
  const buttons = [Dialog.cancelButton(), Dialog.warnButton({ label: accept, accept: true })];
  return (await showDialog({ title, body, buttons })).button.accept;
}

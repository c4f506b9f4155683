/* Functions that the active notebook has registered: asked for and run through a comm with its kernel. */
import type { INotebookTracker } from '@jupyterlab/notebook';
import type { Kernel } from '@jupyterlab/services';
import type { BenchmarkRequest, BenchmarkResult } from './api/schema';
import type { IFunctions, IProgress, IRegistered, IRun, NoFunctions } from './models/functions';

const TARGET = 'cloud_data_cockpit.functions';
/** A kernel that says nothing for so long is at work with something else. */
const SILENCE_MS = 4000;

type Told =
  | { type: 'functions'; functions: IRegistered[] }
  | ({ type: 'progress' } & IProgress)
  | { type: 'result'; result: BenchmarkResult }
  | { type: 'error'; error: { message: string; hint?: string | null } };

export class NotebookFunctions implements IFunctions {
  constructor(private readonly tracker: INotebookTracker | null) {}

  get notebook(): string | null {
    return this.tracker?.currentWidget?.title.label ?? null;
  }

  async list(): Promise<IRegistered[] | NoFunctions> {
    const panel = this.tracker?.currentWidget;
    if (!panel) {
      return 'notebook';
    }
    const kernel = this.kernel;
    return kernel ? askFunctions(kernel) : 'kernel';
  }

  run(name: string, request: BenchmarkRequest, report: (progress: IProgress) => void): IRun {
    const { kernel } = this;
    if (!kernel) {
      return { result: Promise.reject(new Error('The notebook has no kernel.')), cancel: () => Promise.resolve() };
    }
    return { result: runFunction(kernel, name, request, report), cancel: () => kernel.interrupt() };
  }

  private get kernel(): Kernel.IKernelConnection | null {
    return this.tracker?.currentWidget?.sessionContext.session?.kernel ?? null;
  }
}

/** What is registered; a kernel without our target closes the comm. */
export async function askFunctions(kernel: Kernel.IKernelConnection): Promise<IRegistered[] | NoFunctions> {
  const comm = kernel.createComm(TARGET);
  const answer = new Promise<IRegistered[] | NoFunctions>(resolve => {
    comm.onMsg = message => {
      const told = message.content.data as unknown as Told;
      if (told.type === 'functions') {
        resolve(told.functions.length ? told.functions : 'none');
      }
    };
    comm.onClose = () => resolve('none');
    setTimeout(() => resolve('busy'), SILENCE_MS);
  });
  comm.open();
  const found = await answer;
  if (!comm.isDisposed) {
    comm.close();
  }
  return found;
}

export async function runFunction(
  kernel: Kernel.IKernelConnection,
  name: string,
  request: BenchmarkRequest,
  report: (progress: IProgress) => void
): Promise<BenchmarkResult> {
  const comm = kernel.createComm(TARGET);
  let over: (() => void) | null = null;
  const result = new Promise<BenchmarkResult>((resolve, reject) => {
    comm.onMsg = message => {
      const told = message.content.data as unknown as Told;
      if (told.type === 'functions') {
        comm.send({ type: 'run', name, request: JSON.parse(JSON.stringify(request)) });
      } else if (told.type === 'progress') {
        report({ done: told.done, total: told.total, phase: told.phase });
      } else if (told.type === 'result') {
        resolve(told.result);
      } else if (told.type === 'error') {
        reject(new Error([told.error.message, told.error.hint].filter(Boolean).join(' ')));
      }
    };
    comm.onClose = () => reject(new Error('The kernel has no such function any more. Register it again.'));
    const watch = (_: unknown, status: Kernel.Status) => {
      if (['restarting', 'autorestarting', 'terminating', 'dead'].includes(status)) {
        reject(new Error('The kernel was restarted or has died before the benchmark was done.'));
      }
    };
    kernel.statusChanged.connect(watch);
    over = () => void kernel.statusChanged.disconnect(watch);
  });
  comm.open();
  try {
    return await result;
  } finally {
    (over as (() => void) | null)?.();
    if (!comm.isDisposed && !kernel.isDisposed) {
      comm.close();
    }
  }
}

/* Functions that a notebook has registered for benchmarks: what is asked of a kernel, and what it answers. */
import type { BenchmarkRequest, BenchmarkResult } from '../api/schema';

export interface IRegistered {
  name: string;
  /** The first line of its documentation. */
  doc: string;
  per: 'slice' | 'slices';
}

export interface IRun {
  readonly result: Promise<BenchmarkResult>;
  /** Interrupt the kernel. */
  cancel: () => Promise<void>;
}

export interface IProgress {
  done: number;
  total: number;
  phase: string;
}

/** Why there is no function: no notebook, no kernel, a kernel at work, or nobody has registered one. */
export type NoFunctions = 'notebook' | 'kernel' | 'busy' | 'none';

export interface IFunctions {
  /** Name of the notebook that would be asked, or null. */
  readonly notebook: string | null;
  list(): Promise<IRegistered[] | NoFunctions>;
  run(name: string, request: BenchmarkRequest, report: (progress: IProgress) => void): IRun;
}

/** What to run in the notebook first. */
export const REGISTERING_CODE = `from cloud_data_cockpit import register

def read(piece):        # called with each slice, and timed
    return piece.get()

register(read)`;

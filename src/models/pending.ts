/* Uploads that outlive their page: what the server remembers of them, what the browser can open again by itself. */
import type { ApiClient } from '../api/client';
import type { PendingUpload } from '../api/schema';

/** What a browser can do for uploads over a reload; each may be missing. */
export interface IPending {
  /** Mark the upload as sent by this page, until the result is called or the page goes. */
  hold: (jobId: string) => Promise<() => void>;
  /** Which uploads some page of this browser sends just now; null when the browser cannot tell. */
  held: () => Promise<ReadonlySet<string> | null>;
  keepHandle: (jobId: string, handle: FileSystemFileHandle) => Promise<void>;
  handleOf: (jobId: string) => Promise<FileSystemFileHandle | null>;
  forgetHandle: (jobId: string) => Promise<void>;
}

export interface IAsleep {
  upload: PendingUpload;
  handle: FileSystemFileHandle | null;
}

export class PendingUploads {
  constructor(
    private readonly api: Pick<ApiClient, 'pendingUploads'>,
    private readonly browser?: IPending
  ) {}

  /**
   * `known`: all that have not ended, by job. `asleep`: those of them that no page sends and that are not `ours`.
   */
  async fetch(ours: (jobId: string) => boolean): Promise<{ known: string[]; asleep: IAsleep[] }> {
    const uploads = await this.api.pendingUploads();
    const held = (await this.browser?.held()) ?? null;
    const asleep: IAsleep[] = [];
    for (const upload of uploads) {
      // The server takes a page that has gone for one that sends for a while: the browser knows better where it can.
      const sending = held ? held.has(upload.job_id) : upload.active;
      if (!ours(upload.job_id) && !sending) {
        const handle = (await this.browser?.handleOf(upload.job_id)) ?? null;
        asleep.push({ upload, handle });
      }
    }
    return { known: uploads.map(({ job_id }) => job_id), asleep };
  }

  /** This page sends it now. */
  async hold(jobId: string, handle: FileSystemFileHandle | null): Promise<() => void> {
    if (handle) {
      await this.browser?.keepHandle(jobId, handle);
    }
    return (await this.browser?.hold(jobId)) ?? (() => undefined);
  }

  forget(jobId: string | null): void {
    if (jobId !== null) {
      void this.browser?.forgetHandle(jobId);
    }
  }
}

/* What can be done with a job as it stands. */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { Job } from '../api/schema';
import { isActive } from '../models/jobs';
import type { UploadsModel } from '../models/uploads';
import { CommandIDs } from '../tokens';

export interface IJobAction {
  id: 'cancel' | 'resume' | 'retry';
  label: string;
  command: string;
  args: ReadonlyPartialJSONObject;
}

export function jobActions(job: Job, uploads: UploadsModel, trans: TranslationBundle): IJobAction[] {
  const actions: IJobAction[] = [];
  const upload = uploads.byJob(job.id);
  const args = { id: job.id };
  if (job.resumable && !isActive(job)) {
    // An upload goes on here only if this page has its file.
    if (upload) {
      const command = CommandIDs.resumeUpload;
      actions.push({ id: 'resume', label: trans.__('Go on'), command, args: { id: upload.id } });
    } else if (job.kind !== 'upload') {
      actions.push({ id: 'resume', label: trans.__('Go on'), command: CommandIDs.resumeJob, args });
    }
  }
  if (isActive(job) || job.resumable) {
    actions.push({ id: 'cancel', label: trans.__('Cancel'), command: CommandIDs.cancelJob, args });
  }
  const stopped = job.state === 'failed' || job.state === 'cancelled' || job.state === 'interrupted';
  if (stopped && !upload && !job.resumable) {
    actions.push({ id: 'retry', label: trans.__('Start anew'), command: CommandIDs.retryJob, args });
  }
  return actions;
}

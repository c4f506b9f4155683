/* Jobs that something is in the way of: the person is asked once, and the job is started again as was said. */
import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Job, SendRequest } from '../api/schema';
import type { Conflict } from '../models/actions';
import { displayName } from '../models/location';
import { inTheWay } from '../models/taken';

type Work<T> = (conflict: T, after: string | null) => Promise<Job | null>;

/** Do it; where something is in the way, ask, and do it once more as was said. What failed is told by its job. */
export async function settled(work: Work<Conflict>, trans: TranslationBundle): Promise<void> {
  const job = await work('fail', null);
  const answer = await ask(job, [], trans);
  if (answer) {
    await work(answer as Conflict, job?.id ?? null);
  }
}

/** The same for uploads, where both can be kept. */
export async function settledUpload(work: Work<SendRequest['on_conflict']>, trans: TranslationBundle): Promise<void> {
  const job = await work('fail', null);
  const both = Dialog.createButton({
    label: trans.__('Keep both'),
    caption: trans.__('What is uploaded gets a number behind its name'),
    actions: ['keep'],
    accept: true
  });
  const answer = await ask(job, [both], trans);
  if (answer) {
    await work(answer as SendRequest['on_conflict'], job?.id ?? null);
  }
}

async function ask(job: Job | null, more: Dialog.IButton[], trans: TranslationBundle): Promise<string | null> {
  const taken = job ? inTheWay(job) : [];
  if (!taken.length) {
    return null;
  }
  const result = await showDialog({
    title: trans._n('Something of that name is there already', 'Some of these names are taken already', taken.length),
    body: taken.slice(0, 5).map(displayName).join('; ') + (taken.length > 5 ? ' …' : ''),
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.okButton({ label: trans.__('Keep those'), actions: ['skip'] }),
      ...more,
      Dialog.warnButton({ label: trans.__('Replace them'), actions: ['replace'] })
    ],
    defaultButton: 1
  });
  return result.button.accept ? result.button.actions[0] : null;
}

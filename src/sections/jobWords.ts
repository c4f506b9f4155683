/* Jobs in words and pictures: by kind, by state, what has been done. */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { LabIcon } from '@jupyterlab/ui-components';
import { deleteIcon, downloadIcon, editIcon, fileUploadIcon, searchIcon, undoIcon } from '@jupyterlab/ui-components';
import type { Job } from '../api/schema';
import { formatBytes, formatCount } from '../components/format';
import { benchmarkIcon, copyObjectIcon, indexIcon, moveObjectIcon, sliceIcon } from '../components/icons';

const ICONS: Record<Job['kind'], LabIcon> = {
  partition: sliceIcon,
  index: indexIcon,
  benchmark: benchmarkIcon,
  upload: fileUploadIcon,
  copy: copyObjectIcon,
  move: moveObjectIcon,
  delete: deleteIcon,
  download: downloadIcon,
  change: editIcon,
  restore: undoIcon,
  search: searchIcon
};

/** A kind that a later server has is drawn like a partition. */
export function iconOf({ kind }: Job): LabIcon {
  return ICONS[kind] ?? sliceIcon;
}

/** "34 objects · 1.2 GiB": what a job that is over has done. */
export function doneSummary(job: Job, trans: TranslationBundle): string {
  const parts: string[] = [];
  if (job.items > 0) {
    parts.push(trans._n('%1 object', '%1 objects', job.items));
  }
  if (job.done > 0 && job.unit === 'bytes') {
    parts.push(formatBytes(job.done));
  } else if (job.done > 0 && job.unit === 'records') {
    parts.push(trans.__('%1 records', formatCount(job.done)));
  } else if (job.done > 0 && job.unit === 'measurements') {
    parts.push(trans._n('%1 measurement', '%1 measurements', job.done));
  }
  return parts.join(' · ');
}

export function stateText({ state, resumable }: Job, trans: TranslationBundle): string {
  switch (state) {
    case 'queued':
      return trans.__('Queued');
    case 'running':
      return trans.__('Running');
    case 'succeeded':
      return trans.__('Done');
    case 'failed':
      return trans.__('Failed');
    case 'cancelled':
      return trans.__('Cancelled');
    default:
      return resumable ? trans.__('Paused') : trans.__('Interrupted');
  }
}

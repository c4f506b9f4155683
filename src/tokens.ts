/* What other extensions may use, and the names of our commands. */
import { Token } from '@lumino/coreutils';
import type { ISignal } from '@lumino/signaling';

/** The cockpit as other extensions see it. */
export interface IDataCockpit {
  /** Show the place or the object that an s3:// URI, an ARN or an HTTPS address names; false when it names none. */
  open(uri: string): Promise<boolean>;
  /** URI of the selected object, or null. */
  readonly selection: string | null;
  readonly selectionChanged: ISignal<IDataCockpit, string | null>;
}

export const IDataCockpit = new Token<IDataCockpit>(
  'cloud-data-cockpit:IDataCockpit',
  'The S3 browser in the sidebar: where it is, and where it should go.'
);

export const CommandIDs = {
  show: 'cloud-data-cockpit:show',
  refresh: 'cloud-data-cockpit:refresh',
  go: 'cloud-data-cockpit:go',
  openItem: 'cloud-data-cockpit:open-item',
  showInFolder: 'cloud-data-cockpit:show-in-folder',
  search: 'cloud-data-cockpit:search',
  toggleFlat: 'cloud-data-cockpit:toggle-flat',
  toggleColumn: 'cloud-data-cockpit:toggle-column',
  sortBy: 'cloud-data-cockpit:sort-by',
  selectAll: 'cloud-data-cockpit:select-all',
  toggleFavourite: 'cloud-data-cockpit:toggle-favourite',
  newFolder: 'cloud-data-cockpit:new-folder',
  copy: 'cloud-data-cockpit:copy',
  cut: 'cloud-data-cockpit:cut',
  paste: 'cloud-data-cockpit:paste',
  duplicate: 'cloud-data-cockpit:duplicate',
  rename: 'cloud-data-cockpit:rename',
  delete: 'cloud-data-cockpit:delete',
  download: 'cloud-data-cockpit:download',
  downloadHere: 'cloud-data-cockpit:download-here',
  copyLink: 'cloud-data-cockpit:copy-link',
  presign: 'cloud-data-cockpit:presign',
  properties: 'cloud-data-cockpit:properties',
  thaw: 'cloud-data-cockpit:restore',
  openUri: 'cloud-data-cockpit:open-uri',
  createBucket: 'cloud-data-cockpit:create-bucket',
  upload: 'cloud-data-cockpit:upload',
  uploadFolder: 'cloud-data-cockpit:upload-folder',
  uploadFromUrl: 'cloud-data-cockpit:upload-from-url',
  uploadFromServer: 'cloud-data-cockpit:upload-from-server',
  unfinishedUploads: 'cloud-data-cockpit:unfinished-uploads',
  copyUri: 'cloud-data-cockpit:copy-uri',
  useDataSet: 'cloud-data-cockpit:use-data-set',
  partition: 'cloud-data-cockpit:partition',
  index: 'cloud-data-cockpit:index',
  benchmark: 'cloud-data-cockpit:benchmark',
  useBatchSize: 'cloud-data-cockpit:use-batch-size',
  insertSlices: 'cloud-data-cockpit:insert-slices',
  copyCode: 'cloud-data-cockpit:copy-code',
  deleteManifest: 'cloud-data-cockpit:delete-manifest',
  showJobs: 'cloud-data-cockpit:show-jobs',
  openJobs: 'cloud-data-cockpit:open-jobs',
  openResult: 'cloud-data-cockpit:open-result',
  resumeJob: 'cloud-data-cockpit:resume-job',
  cancelJob: 'cloud-data-cockpit:cancel-job',
  retryJob: 'cloud-data-cockpit:retry-job',
  clearJobs: 'cloud-data-cockpit:clear-jobs',
  pauseUploads: 'cloud-data-cockpit:pause-uploads',
  resumeUploads: 'cloud-data-cockpit:resume-uploads',
  resumeUpload: 'cloud-data-cockpit:resume-upload',
  cancelUploads: 'cloud-data-cockpit:cancel-uploads',
  addConnection: 'cloud-data-cockpit:add-connection',
  editConnection: 'cloud-data-cockpit:edit-connection',
  duplicateConnection: 'cloud-data-cockpit:duplicate-connection',
  removeConnection: 'cloud-data-cockpit:remove-connection',
  testConnection: 'cloud-data-cockpit:test-connection'
} as const;

/** Commands that are nothing without their arguments: for buttons, not for the palette. */
export const NEED_ARGUMENTS: ReadonlySet<string> = new Set([
  CommandIDs.cancelJob,
  CommandIDs.retryJob,
  CommandIDs.resumeJob,
  CommandIDs.openResult,
  CommandIDs.useBatchSize,
  CommandIDs.resumeUpload,
  CommandIDs.uploadFromServer,
  CommandIDs.go,
  CommandIDs.toggleColumn,
  CommandIDs.sortBy
]);

/* Files on their way, at the foot of the listing: progress, rate, cancel, and what failed. */
import { closeIcon, refreshIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import { IconButton } from '../components/buttons';
import { formatBytes } from '../components/format';
import { ProgressBar } from '../components/ProgressBar';
import { displayName } from '../models/location';
import type { IUploadItem } from '../models/upload';
import { isUnderWay, uploadUri } from '../models/upload';
import { CommandIDs } from '../tokens';
import type { ICockpitContext } from './context';
import { useCockpit, useModel } from './context';

/** More lines than this are summed up: a folder may hold thousands of files. */
const MOST = 50;

export function UploadList(): React.JSX.Element | null {
  const { cockpit, trans, execute } = useCockpit();
  const uploads = useModel(cockpit.uploads);
  const shown = uploads.open;
  if (!shown.length) {
    return null;
  }
  const active = uploads.active.length;
  return (
    <div className="cdc-Uploads" role="group" aria-label={trans.__('Uploads')}>
      <div className="cdc-Uploads-head">
        <span className="cdc-ellipsis">
          {active ? trans._n('%1 upload', '%1 uploads', active) : trans.__('Uploads')}
          {uploads.rate > 0 && <span className="cdc-quiet"> · {trans.__('%1/s', formatBytes(uploads.rate))}</span>}
        </span>
        {active ? (
          <button type="button" className="cdc-LinkButton" onClick={() => execute(CommandIDs.cancelUploads)}>
            {trans.__('Cancel all')}
          </button>
        ) : (
          <button type="button" className="cdc-LinkButton" onClick={() => uploads.clear()}>
            {trans.__('Clear')}
          </button>
        )}
      </div>
      <ul className="cdc-Uploads-list">
        {shown.slice(0, MOST).map(item => (
          <UploadRow key={item.id} item={item} />
        ))}
      </ul>
      {shown.length > MOST && <p className="cdc-quiet">{trans.__('and %1 more', shown.length - MOST)}</p>}
    </div>
  );
}

function UploadRow({ item }: { item: IUploadItem }): React.JSX.Element {
  const { cockpit, trans } = useCockpit();
  const { uploads } = cockpit;
  const name = displayName(item.file.name);
  const active = isUnderWay(item);
  return (
    <li className="cdc-Upload" data-state={item.state} data-key={item.key}>
      <div className="cdc-Upload-line">
        <span className="cdc-ellipsis" title={displayName(uploadUri(item))}>
          <bdi>{name}</bdi>
        </span>
        {active && <span className="cdc-nowrap cdc-quiet">{progressText(item, trans)}</span>}
        {!active && (
          <IconButton
            icon={refreshIcon}
            label={trans.__('Upload %1 again', name)}
            onClick={() => uploads.retry(item.id)}
          />
        )}
        <IconButton
          icon={closeIcon}
          label={active ? trans.__('Cancel the upload of %1', name) : trans.__('Dismiss')}
          onClick={() => (active ? void uploads.cancel(item.id) : uploads.clear(item.id))}
        />
      </div>
      {active && (
        <ProgressBar
          done={item.sent}
          total={item.state === 'waiting' ? 0 : item.file.size}
          label={trans.__('Upload of %1', name)}
        />
      )}
      {item.state === 'cancelled' && <p className="cdc-quiet">{trans.__('Cancelled. Nothing was stored.')}</p>}
      {item.state === 'failed' && item.error && (
        <p className="cdc-Field-fault" role="alert">
          {item.error.message}
        </p>
      )}
    </li>
  );
}

function progressText(item: IUploadItem, trans: ICockpitContext['trans']): string {
  if (item.state === 'waiting') {
    return trans.__('waiting');
  }
  if (item.state === 'finishing') {
    return trans.__('finishing');
  }
  return trans.__('%1 of %2', formatBytes(item.sent), formatBytes(item.file.size));
}

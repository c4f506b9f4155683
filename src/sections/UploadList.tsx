/* Files on their way, at the foot of the listing: progress, rate, pause, cancel; what waits for its file, what failed. */
import type { LabIcon } from '@jupyterlab/ui-components';
import { closeIcon, refreshIcon, runIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import { IconButton } from '../components/buttons';
import { formatBytes, formatCount, formatShare } from '../components/format';
import { pauseIcon } from '../components/icons';
import { ProgressBar } from '../components/ProgressBar';
import { displayName, makeUri } from '../models/location';
import type { IUploadItem } from '../models/upload';
import { isUnderWay, uploadUri } from '../models/upload';
import { CommandIDs } from '../tokens';
import type { ICockpitContext } from './context';
import { useCockpit, useModel } from './context';

/** More lines than this are summed up: a folder may hold thousands of files. */
const MOST = 50;

export function UploadList(): React.JSX.Element | null {
  const { cockpit, trans } = useCockpit();
  const uploads = useModel(cockpit.uploads);
  const shown = uploads.open;
  const { missing, gathering } = uploads;
  if (!shown.length && !missing.length && gathering === null) {
    return null;
  }
  return (
    <div className="cdc-Uploads" role="group" aria-label={trans.__('Uploads')}>
      {gathering !== null && (
        <p className="cdc-quiet" role="status">
          {trans.__('Looking through the folder: %1 files so far…', formatCount(gathering))}
        </p>
      )}
      {missing.length > 0 && <Missing />}
      {shown.length > 0 && <Head />}
      {shown.some(item => item.state === 'fileless') && (
        <p className="cdc-quiet">
          {trans.__('Begun earlier, not complete: drop the files at their place again, or press ▷ to go on.')}
        </p>
      )}
      <ul className="cdc-Uploads-list">
        {shown.slice(0, MOST).map(item => (
          <UploadRow key={item.id} item={item} />
        ))}
      </ul>
      {shown.length > MOST && <p className="cdc-quiet">{trans.__('and %1 more', formatCount(shown.length - MOST))}</p>}
    </div>
  );
}

/** A file of a pair that came alone. */
function Missing(): React.JSX.Element {
  const { cockpit, trans } = useCockpit();
  const { uploads } = cockpit;
  const name = (key: string) => displayName(key.split('/').pop() ?? key);
  const [{ key, companion }] = uploads.missing;
  const more = uploads.missing.length - 1;
  return (
    <div className="cdc-Notice cdc-mod-warning" role="status">
      <p className="cdc-Notice-text">
        {trans.__('%1 is of no use without %2 beside it: upload that as well.', name(key), name(companion))}
        {more > 0 && ' ' + trans._n('%1 more file lacks its companion.', '%1 more files lack their companions.', more)}
      </p>
      <button type="button" className="cdc-LinkButton" onClick={() => uploads.dismissMissing()}>
        {trans.__('Dismiss')}
      </button>
    </div>
  );
}

function Head(): React.JSX.Element {
  const { cockpit, trans, execute } = useCockpit();
  const { uploads } = cockpit;
  const { active, rate } = uploads;
  const paused = uploads.items.some(item => item.state === 'paused');
  const link = (label: string, run: () => void) => (
    <button type="button" className="cdc-LinkButton" onClick={run}>
      {label}
    </button>
  );
  return (
    <div className="cdc-Uploads-head">
      <span className="cdc-ellipsis">
        {active.length ? trans.__('Uploads: %1', formatCount(active.length)) : trans.__('Uploads')}
        {rate > 0 && <span className="cdc-quiet"> · {trans.__('%1/s', formatBytes(rate))}</span>}
      </span>
      <span className="cdc-Uploads-links">
        {active.length > 0 && link(trans.__('Pause all'), () => execute(CommandIDs.pauseUploads))}
        {!active.length && paused && link(trans.__('Go on'), () => execute(CommandIDs.resumeUploads))}
        {active.length > 0
          ? link(trans.__('Cancel all'), () => execute(CommandIDs.cancelUploads))
          : uploads.open.some(item => item.state === 'failed' || item.state === 'cancelled') &&
            link(trans.__('Clear'), () => uploads.clear())}
      </span>
    </div>
  );
}

function UploadRow({ item }: { item: IUploadItem }): React.JSX.Element {
  const { trans } = useCockpit();
  const name = displayName(item.name);
  const resting = item.state === 'paused' || item.state === 'fileless';
  return (
    <li className="cdc-Upload" data-state={item.state} data-key={item.key}>
      <div className="cdc-Upload-line">
        <span className="cdc-ellipsis" title={displayName(uploadUri(item))}>
          <bdi>{name}</bdi>
        </span>
        {(isUnderWay(item) || resting) && <span className="cdc-nowrap cdc-quiet">{progressText(item, trans)}</span>}
        <RowButtons item={item} name={name} />
      </div>
      {(isUnderWay(item) || (resting && item.sent > 0)) && (
        <ProgressBar
          done={item.sent}
          total={item.state === 'waiting' && !item.sent ? 0 : item.size}
          tone={resting || item.stalled ? 'resting' : 'running'}
          label={trans.__('Upload of %1', name)}
        />
      )}
      <Elsewhere item={item} />
      <RowNote item={item} />
    </li>
  );
}

function RowButtons({ item, name }: { item: IUploadItem; name: string }): React.JSX.Element {
  const { cockpit, trans, execute } = useCockpit();
  const { uploads } = cockpit;
  const { id, state } = item;
  const again = (icon: LabIcon, label: string) => (
    <IconButton icon={icon} label={label} onClick={() => execute(CommandIDs.resumeUpload, { id })} />
  );
  const ended = state === 'failed' || state === 'cancelled';
  return (
    <>
      {(state === 'running' || state === 'waiting') && (
        <IconButton
          icon={pauseIcon}
          label={trans.__('Pause the upload of %1', name)}
          onClick={() => void uploads.pause(id)}
        />
      )}
      {state === 'paused' && again(runIcon, trans.__('Go on with the upload of %1', name))}
      {state === 'fileless' &&
        again(
          runIcon,
          item.handle
            ? trans.__('Go on with the upload of %1', name)
            : trans.__('Choose the file %1 again to go on', name)
        )}
      {ended && again(refreshIcon, trans.__('Upload %1 again', name))}
      <IconButton
        icon={closeIcon}
        label={ended ? trans.__('Dismiss') : trans.__('Cancel the upload of %1', name)}
        onClick={() => (ended ? uploads.clear(id) : void uploads.cancel(id))}
      />
    </>
  );
}

/** Where the file goes, when that is not the place that is shown. */
function Elsewhere({ item }: { item: IUploadItem }): React.JSX.Element | null {
  const { cockpit, trans } = useCockpit();
  const { connection, bucket, prefix } = useModel(cockpit.browser).location;
  const here = item.connection === connection && item.bucket === bucket && item.key.startsWith(prefix);
  if (here) {
    return null;
  }
  const parent = item.key.slice(0, item.key.lastIndexOf('/') + 1);
  const uri = makeUri(item.bucket, parent);
  return (
    <button
      type="button"
      className="cdc-LinkButton cdc-ellipsis cdc-Upload-place"
      onClick={() => void cockpit.showAt(item.connection, uri)}
    >
      {trans.__('to %1', displayName(uri))}
    </button>
  );
}

function RowNote({ item }: { item: IUploadItem }): React.JSX.Element | null {
  const { trans } = useCockpit();
  if (item.stalled && item.state === 'running') {
    return <p className="cdc-quiet">{trans.__('The server cannot be reached. It goes on by itself.')}</p>;
  }
  if (item.state === 'paused' && item.error) {
    return <p className="cdc-Field-fault">{item.error.message}</p>;
  }
  if (item.state === 'cancelled') {
    return <p className="cdc-quiet">{trans.__('Cancelled. Nothing was stored.')}</p>;
  }
  if (item.state === 'failed' && item.error) {
    return (
      <p className="cdc-Field-fault" role="alert">
        {item.error.message}
      </p>
    );
  }
  return null;
}

function progressText(item: IUploadItem, trans: ICockpitContext['trans']): string {
  const amount = trans.__('%1 of %2', ...formatShare(item.sent, item.size));
  switch (item.state) {
    case 'waiting':
      return trans.__('waiting');
    case 'finishing':
      return trans.__('finishing');
    case 'paused':
      return trans.__('paused');
    default:
      return item.checking ? trans.__('comparing…') : amount;
  }
}

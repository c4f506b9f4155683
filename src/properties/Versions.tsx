/* The versions of an object: bring one back, fetch one, delete one. */
import { deleteIcon, downloadIcon, undoIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import type { ObjectVersion } from '../api/schema';
import { Mark } from '../components/badges';
import { IconButton } from '../components/buttons';
import { ByteSize, RelativeDate } from '../components/values';
import { nameBelow, parentOf } from '../models/location';
import { useAction, useProperties } from './context';

export function Versions(): React.JSX.Element {
  const { model, trans } = useProperties();
  const { versioning, versions } = model;
  if (versioning === 'off' && versions.length <= 1) {
    return (
      <p className="cdc-quiet">{trans.__('This bucket keeps no versions: an object that is replaced is gone.')}</p>
    );
  }
  return (
    <>
      {versioning === 'suspended' && (
        <p className="cdc-quiet">{trans.__('Versioning is suspended: no further versions are kept.')}</p>
      )}
      <table className="cdc-Versions">
        <thead>
          <tr>
            <th scope="col">{trans.__('Version')}</th>
            <th scope="col">{trans.__('Size')}</th>
            <th scope="col">{trans.__('Modified')}</th>
            <th scope="col">{trans.__('Actions')}</th>
          </tr>
        </thead>
        <tbody>
          {versions.map(version => (
            <VersionRow key={version.version_id} version={version} />
          ))}
        </tbody>
      </table>
      {model.hasMoreVersions && (
        <button
          type="button"
          className="cdc-Button"
          disabled={model.loading.has('versions')}
          onClick={() => void model.loadVersions(true)}
        >
          {trans.__('More versions')}
        </button>
      )}
    </>
  );
}

function VersionRow({ version }: { version: ObjectVersion }): React.JSX.Element {
  const { trans } = useProperties();
  return (
    <tr data-version={version.version_id}>
      <td>
        <code className="cdc-ellipsis" title={version.version_id}>
          {version.version_id.slice(0, 12)}
        </code>{' '}
        {version.latest && (
          <Mark kind="latest" text={trans.__('latest')} title={trans.__('What is read where no version is named')} />
        )}{' '}
        {version.deleted && (
          <Mark
            kind="deleted"
            text={trans.__('deleted')}
            title={trans.__('A delete marker: it hides the older ones')}
          />
        )}
      </td>
      <td>{version.deleted ? '' : <ByteSize bytes={version.size} />}</td>
      <td>
        <RelativeDate date={version.last_modified} />
      </td>
      <td>
        <VersionActions version={version} />
      </td>
    </tr>
  );
}

function VersionActions({ version }: { version: ObjectVersion }): React.JSX.Element {
  const { model, trans, fetch, confirm } = useProperties();
  const { busy, fault, run } = useAction();
  const { key } = model.target;
  const download = async () => fetch(await model.versionLink(version), nameBelow(parentOf(key), key));
  const remove = async () => {
    const title = version.deleted ? trans.__('Remove the delete marker?') : trans.__('Delete this version?');
    const body = version.deleted
      ? trans.__('The version before it becomes the latest again.')
      : trans.__('Its bytes are gone for good; the other versions stay.');
    if (await confirm(title, body, trans.__('Delete'))) {
      await model.deleteVersion(version);
    }
  };
  return (
    <div className="cdc-Versions-actions">
      {!version.deleted && (
        <IconButton
          icon={downloadIcon}
          label={trans.__('Download this version')}
          disabled={busy}
          onClick={() => run(download)}
        />
      )}
      {(!version.latest || version.deleted) && (
        <IconButton
          icon={undoIcon}
          label={version.deleted ? trans.__('Undo the deletion') : trans.__('Make this the latest version')}
          disabled={busy}
          onClick={() => run(() => model.restoreVersion(version))}
        />
      )}
      <IconButton
        icon={deleteIcon}
        label={trans.__('Delete this version')}
        disabled={busy}
        onClick={() => run(remove)}
      />
      {fault && <p className="cdc-Field-fault">{fault}</p>}
    </div>
  );
}

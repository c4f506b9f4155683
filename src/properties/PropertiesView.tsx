/* All that S3 knows of one object: facts, metadata, tags, versions. */
import { refreshIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import type { ObjectDetail } from '../api/schema';
import { Mark } from '../components/badges';
import { IconButton } from '../components/buttons';
import { formatBytes, formatCount, formatDateTime } from '../components/format';
import { ErrorNotice, Loading } from '../components/notices';
import { displayName, makeUri } from '../models/location';
import type { Part } from '../models/properties';
import { isArchiveClass, STORAGE_CLASSES } from '../models/storage';
import { useAction, useProperties } from './context';
import { MetadataEditor } from './MetadataEditor';
import { PairsEditor } from './PairsEditor';
import { Versions } from './Versions';

export function PropertiesView(): React.JSX.Element {
  const { model, trans } = useProperties();
  const { bucket, key } = model.target;
  const uri = displayName(makeUri(bucket, key));
  return (
    <div className="cdc-Properties-page" data-key={key}>
      <div className="cdc-Card-head">
        <h2 className="cdc-Card-title" title={uri}>
          <bdi>{uri}</bdi>
        </h2>
        <IconButton icon={refreshIcon} label={trans.__('Refresh')} onClick={() => void model.load()} />
      </div>
      <PartOf part="detail" again={() => model.loadDetail()}>
        {model.detail && (
          <>
            <Archive detail={model.detail} />
            <Facts detail={model.detail} />
            <MetadataEditor detail={model.detail} />
          </>
        )}
      </PartOf>
      <Titled title={trans.__('Tags')}>
        <PartOf part="tags" again={() => model.loadTags()}>
          {model.tags && (
            <PairsEditor
              key={JSON.stringify(model.tags)}
              pairs={model.tags}
              name={trans.__('Tag')}
              empty={trans.__('No tags. There may be ten.')}
              most={10}
              onSave={tags => model.saveTags(tags)}
            />
          )}
        </PartOf>
      </Titled>
      <Titled title={trans.__('Versions')}>
        <PartOf part="versions" again={() => model.loadVersions()}>
          {model.versioning && <Versions />}
        </PartOf>
      </Titled>
    </div>
  );
}

function Titled({ title, children }: { title: string; children: React.ReactNode }): React.JSX.Element {
  return (
    <section className="cdc-Properties-part">
      <h3>{title}</h3>
      {children}
    </section>
  );
}

interface IPartProps {
  part: Part;
  again: () => Promise<void>;
  children: React.ReactNode;
}

/** A part by itself: who may not read the tags may still see the rest. */
function PartOf({ part, again, children }: IPartProps): React.JSX.Element {
  const { model, trans } = useProperties();
  const error = model.errors.get(part);
  if (error) {
    return <ErrorNotice message={error.message} retry={{ label: trans.__('Retry'), run: () => void again() }} />;
  }
  return children ? <>{children}</> : <Loading label={trans.__('Loading…')} />;
}

function Archive({ detail }: { detail: ObjectDetail }): React.JSX.Element | null {
  const { trans, thaw } = useProperties();
  const { busy, fault, run } = useAction();
  const until = detail.restored_until ? formatDateTime(new Date(detail.restored_until)) : '';
  if (detail.archive === 'none') {
    return null;
  }
  if (detail.archive === 'restored') {
    return <p className="cdc-quiet">{trans.__('Brought back from its archive; can be read until %1.', until)}</p>;
  }
  return (
    <div className="cdc-Notice cdc-mod-warning" role="status">
      <p className="cdc-Notice-text">
        {detail.archive === 'restoring'
          ? trans.__('It is being brought back from its archive. That takes hours.')
          : trans.__('It lies in an archive and cannot be read until it is restored.')}
      </p>
      {detail.archive === 'archived' && (
        <button type="button" className="cdc-Button" disabled={busy} onClick={() => run(thaw)}>
          {trans.__('Restore…')}
        </button>
      )}
      {fault && <p className="cdc-Field-fault">{fault}</p>}
    </div>
  );
}

function Facts({ detail }: { detail: ObjectDetail }): React.JSX.Element {
  const { trans } = useProperties();
  const facts: [string, React.ReactNode][] = [
    [trans.__('Size'), `${formatBytes(detail.size)} (${formatCount(detail.size)} B)`],
    [trans.__('Modified'), formatDateTime(new Date(detail.last_modified))],
    [trans.__('Storage class'), <StorageClass key="class" detail={detail} />],
    [trans.__('ETag'), <code key="etag">{detail.etag}</code>]
  ];
  if (detail.version_id) {
    facts.push([trans.__('Version'), <code key="version">{detail.version_id}</code>]);
  }
  for (const [algorithm, value] of Object.entries(detail.checksums)) {
    facts.push([algorithm.toUpperCase(), <code key={algorithm}>{value}</code>]);
  }
  return (
    <dl className="cdc-Properties-facts">
      {facts.map(([name, value]) => (
        <React.Fragment key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </React.Fragment>
      ))}
    </dl>
  );
}

function StorageClass({ detail }: { detail: ObjectDetail }): React.JSX.Element {
  const { model, trans } = useProperties();
  const { busy, fault, run } = useAction();
  const current = detail.storage_class ?? 'STANDARD';
  const known: readonly string[] = STORAGE_CLASSES;
  return (
    <>
      <select
        className="cdc-Select cdc-mod-short"
        aria-label={trans.__('Storage class')}
        disabled={busy || detail.archive === 'archived' || detail.archive === 'restoring'}
        value={current}
        onChange={event => run(() => model.save({ storage_class: event.target.value }))}
      >
        {[...(known.includes(current) ? [] : [current]), ...known].map(name => (
          <option key={name}>{name}</option>
        ))}
      </select>{' '}
      {isArchiveClass(current) && (
        <Mark kind="archived" text={trans.__('archived')} title={trans.__('Restore it before it can be read')} />
      )}
      {fault && <p className="cdc-Field-fault">{fault}</p>}
    </>
  );
}

/* The selected object: what it is, and how it is cut. */
import { copyIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import { IconButton } from '../components/buttons';
import { propertiesIcon } from '../components/icons';
import { EmptyState, ErrorNotice, Loading, WarningNotice } from '../components/notices';
import { ByteSize, RelativeDate } from '../components/values';
import type { ObjectDetail } from '../api/schema';
import { isPrefix, looksLikeDataSet } from '../models/dataset';
import { displayName, nameBelow, parentOf } from '../models/location';
import { CommandIDs } from '../tokens';
import { useCockpit, useModel } from './context';
import { PartitionForm } from './PartitionForm';

export function ObjectSection(): React.JSX.Element {
  const { cockpit, trans } = useCockpit();
  const object = useModel(cockpit.object);
  if (!object.target) {
    return <NoObject />;
  }
  if (object.error) {
    const retry = { label: trans.__('Retry'), run: () => void object.load() };
    return <ErrorNotice message={object.error.message} retry={retry} />;
  }
  if (!object.detail) {
    return <Loading label={trans.__('Looking at the object…')} />;
  }
  return (
    <div className="cdc-Object" aria-busy={object.loading} data-key={object.detail.key}>
      <Card detail={object.detail} />
      {isAway(object.detail) ? <Archived detail={object.detail} /> : <FormatSelect detail={object.detail} />}
      {object.form && !isAway(object.detail) && <PartitionForm />}
    </div>
  );
}

function NoObject(): React.JSX.Element {
  const { cockpit, trans, execute } = useCockpit();
  const browser = useModel(cockpit.browser);
  const { prefix } = cockpit;
  const isRow = cockpit.rows.activeEntry?.kind === 'prefix';
  if (prefix === null || !(isRow || looksLikeDataSet(prefix, browser.rows.table.holdsMarker))) {
    return (
      <EmptyState
        title={trans.__('No object selected')}
        hint={trans.__('Select an object above to see what it is and to cut it into slices.')}
      />
    );
  }
  return (
    <EmptyState
      title={displayName(nameBelow(parentOf(prefix), prefix)) || trans.__('(empty name)')}
      hint={trans.__('A folder. When its objects are one data set, such as a MeasurementSet, use them as one.')}
    >
      <button type="button" className="cdc-Button" onClick={() => execute(CommandIDs.useDataSet, { prefix })}>
        {trans.__('Use as data set')}
      </button>
    </EmptyState>
  );
}

function Card({ detail }: { detail: ObjectDetail }): React.JSX.Element {
  const { cockpit, trans, execute } = useCockpit();
  const { target } = cockpit.object;
  const name = displayName(nameBelow(parentOf(detail.key), detail.key)) || trans.__('(empty name)');
  return (
    <div className="cdc-Card">
      <div className="cdc-Card-head">
        <h3 className="cdc-Card-title" title={displayName(detail.uri)}>
          <bdi>{name}</bdi>
        </h3>
        <IconButton icon={copyIcon} label={trans.__('Copy the URI')} onClick={() => execute(CommandIDs.copyUri)} />
        {!isPrefix(detail.key) && target && (
          <IconButton
            icon={propertiesIcon}
            label={trans.__('Properties')}
            onClick={() => execute(CommandIDs.properties, { ...target })}
          />
        )}
      </div>
      {isPrefix(detail.key) && <p className="cdc-quiet">{trans.__('All objects below this prefix as one')}</p>}
      <dl className="cdc-Facts">
        <div>
          <dt>{trans.__('Size')}</dt>
          <dd>
            <ByteSize bytes={detail.size} />
          </dd>
        </div>
        <div>
          <dt>{trans.__('Modified')}</dt>
          <dd>
            <RelativeDate date={detail.last_modified} />
          </dd>
        </div>
        {detail.etag && (
          <div>
            <dt>{trans.__('ETag')}</dt>
            <dd title={detail.etag}>{detail.etag.slice(0, 8)}</dd>
          </div>
        )}
        {detail.storage_class && detail.storage_class !== 'STANDARD' && (
          <div>
            <dt>{trans.__('Class')}</dt>
            <dd>{detail.storage_class}</dd>
          </div>
        )}
      </dl>
    </div>
  );
}

/** Whether its bytes cannot be read now. */
function isAway({ archive }: ObjectDetail): boolean {
  return archive === 'archived' || archive === 'restoring';
}

function Archived({ detail }: { detail: ObjectDetail }): React.JSX.Element {
  const { cockpit, trans, execute } = useCockpit();
  const { target } = cockpit.object;
  const restoring = detail.archive === 'restoring';
  return (
    <div className="cdc-Notice cdc-mod-warning" role="status">
      <p className="cdc-Notice-text">
        {restoring
          ? trans.__('It is being brought back from its archive. That takes hours.')
          : trans.__('It lies in an archive and cannot be read until it is restored.')}
      </p>
      {!restoring && target && (
        <button type="button" className="cdc-Button" onClick={() => execute(CommandIDs.thaw, { ...target })}>
          {trans.__('Restore…')}
        </button>
      )}
    </div>
  );
}

function FormatSelect({ detail }: { detail: ObjectDetail }): React.JSX.Element {
  const { cockpit, trans } = useCockpit();
  const object = useModel(cockpit.object);
  const id = React.useId();
  const { format } = object;
  return (
    <>
      <div className="cdc-Field" data-field="format">
        <label htmlFor={id} className="cdc-Field-label">
          {trans.__('Format')}
        </label>
        <select
          id={id}
          className="cdc-Select"
          value={object.chosen ?? detail.format ?? ''}
          onChange={event => object.chooseFormat(event.target.value || null)}
        >
          {detail.format === null && <option value="">{trans.__('Not recognised')}</option>}
          {object.formats.map(({ name, title, usable }) => (
            <option key={name} value={name}>
              {name === detail.format
                ? trans.__('%1 (detected)', title)
                : usable
                  ? title
                  : trans.__('%1 (not installed)', title)}
            </option>
          ))}
        </select>
      </div>
      {detail.problem && !object.chosen && <WarningNotice>{detail.problem}</WarningNotice>}
      {format && !format.usable && format.problem && <WarningNotice>{format.problem}</WarningNotice>}
    </>
  );
}

/* The manifests and the slices of one of them: totals, notes, a table, and the way into a notebook. */
import { copyIcon, deleteIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import type { ManifestSummary } from '../api/schema';
import { IconButton } from '../components/buttons';
import { formatCount, formatShortDate } from '../components/format';
import { EmptyState, ErrorNotice, Loading } from '../components/notices';
import { ByteSize, RelativeDate } from '../components/values';
import { VirtualList } from '../components/VirtualList';
import { displayName, nameBelow, parentOf } from '../models/location';
import { CommandIDs } from '../tokens';
import type { ICockpitContext } from './context';
import { useCockpit, useModel } from './context';

const ROW = 22;
/** A longer table is scrolled. */
const MOST_ROWS = 8;

export function SlicesSection(): React.JSX.Element {
  const { cockpit, trans } = useCockpit();
  const slices = useModel(cockpit.slices);
  const { manifest } = slices;
  if (slices.error) {
    const retry = { label: trans.__('Retry'), run: () => void slices.refresh() };
    return <ErrorNotice message={slices.error.message} retry={retry} />;
  }
  if (!slices.loaded) {
    return <Loading label={trans.__('Loading…')} />;
  }
  if (!manifest) {
    return (
      <EmptyState
        title={trans.__('No slices yet')}
        hint={trans.__('Partition an object: its slices are kept here, ready to be loaded in a notebook.')}
      />
    );
  }
  return (
    <div className="cdc-Slices">
      <ManifestSelect />
      <Summary manifest={manifest} />
      <Actions manifest={manifest} />
      <SliceTable manifest={manifest} />
    </div>
  );
}

function ManifestSelect(): React.JSX.Element {
  const { cockpit, trans } = useCockpit();
  const slices = useModel(cockpit.slices);
  return (
    <select
      className="cdc-Select"
      aria-label={trans.__('Manifest')}
      value={slices.current ?? ''}
      onChange={event => slices.choose(event.target.value)}
    >
      {slices.manifests.map(manifest => (
        <option key={manifest.id} value={manifest.id}>
          {labelOf(manifest, trans)}
        </option>
      ))}
    </select>
  );
}

function labelOf(manifest: ManifestSummary, trans: ICockpitContext['trans']): string {
  const key = manifest.uri.replace(/\/$/, '');
  const name = displayName(nameBelow(parentOf(key), key));
  const count = trans._n('%1 slice', '%1 slices', manifest.num_slices);
  return `${name} · ${count} · ${formatShortDate(new Date(manifest.created))}`;
}

function Summary({ manifest }: { manifest: ManifestSummary }): React.JSX.Element {
  const { trans } = useCockpit();
  return (
    <>
      <dl className="cdc-Totals">
        <div>
          <dt>{trans.__('Slices')}</dt>
          <dd data-total="slices">{formatCount(manifest.num_slices)}</dd>
        </div>
        <div>
          <dt>{trans.__('Records')}</dt>
          <dd data-total="records">{formatCount(manifest.records)}</dd>
        </div>
        <div>
          <dt>{trans.__('Bytes')}</dt>
          <dd data-total="bytes">
            <ByteSize bytes={manifest.bytes} />
          </dd>
        </div>
      </dl>
      <p className="cdc-Slices-uri cdc-quiet">
        <span className="cdc-ellipsis" title={displayName(manifest.uri)}>
          <bdi>{displayName(manifest.uri)}</bdi>
        </span>
        <RelativeDate date={manifest.created} />
      </p>
      {manifest.notes.length > 0 && (
        <ul className="cdc-Notes">
          {manifest.notes.map((note, index) => (
            <li key={index}>{note}</li>
          ))}
        </ul>
      )}
    </>
  );
}

function Actions({ manifest: { id } }: { manifest: ManifestSummary }): React.JSX.Element {
  const { trans, execute } = useCockpit();
  return (
    <div className="cdc-Bar cdc-mod-flush">
      <button
        type="button"
        className="cdc-Button cdc-mod-primary cdc-mod-grow"
        onClick={() => execute(CommandIDs.insertSlices, { id })}
      >
        {trans.__('Insert into notebook')}
      </button>
      <IconButton
        icon={copyIcon}
        label={trans.__('Copy the code that loads these slices')}
        onClick={() => execute(CommandIDs.copyCode, { id })}
      />
      <IconButton
        icon={deleteIcon}
        label={trans.__('Delete this manifest')}
        onClick={() => execute(CommandIDs.deleteManifest, { id })}
      />
    </div>
  );
}

function SliceTable({ manifest }: { manifest: ManifestSummary }): React.JSX.Element {
  const { cockpit, trans } = useCockpit();
  const slices = useModel(cockpit.slices);
  const [active, setActive] = React.useState(-1);
  const count = manifest.num_slices;
  React.useEffect(() => setActive(-1), [manifest.id]);
  const onWindow = React.useCallback(
    (first: number, end: number) => void slices.ensure(first, end),
    // A new manifest begins with no pages at all.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [slices, manifest.id]
  );
  if (slices.rowsError) {
    const retry = { label: trans.__('Retry'), run: () => void slices.retryRows() };
    return <ErrorNotice message={slices.rowsError.message} retry={retry} />;
  }
  const columns = [
    { id: 'number', title: trans.__('Slice') },
    { id: 'records', title: trans.__('Records') },
    { id: 'bytes', title: trans.__('Bytes') }
  ];
  return (
    <VirtualList
      key={manifest.id}
      className="cdc-SliceTable"
      rows={Math.min(count, MOST_ROWS)}
      label={trans.__('Slices')}
      count={count}
      rowHeight={ROW}
      columns={columns}
      active={active}
      cells={index => {
        const row = slices.row(index);
        return row
          ? [formatCount(row.number), formatCount(row.records), <ByteSize key="bytes" bytes={row.bytes} />]
          : [formatCount(index), '…', '…'];
      }}
      rowProps={index => ({ onClick: () => setActive(index) })}
      onWindow={onWindow}
      onKeyDown={(event, pageRows) => {
        const next = movedBy(event.key, active, pageRows, count);
        if (next !== null) {
          event.preventDefault();
          setActive(next);
        }
      }}
    />
  );
}

function movedBy(key: string, active: number, pageRows: number, count: number): number | null {
  const moves: Record<string, number> = {
    ArrowDown: active + 1,
    ArrowUp: active - 1,
    PageDown: active + pageRows,
    PageUp: active - pageRows,
    Home: 0,
    End: count - 1
  };
  return key in moves ? Math.max(0, Math.min(count - 1, moves[key])) : null;
}

/* The line below the listing: how much is loaded, how it is sorted, what is selected. */
import * as React from 'react';
import { formatBytes, formatCount } from '../components/format';
import type { Rows } from '../models/rows';
import { useCockpit, useModel } from './context';

export function ListingStatus(): React.JSX.Element | null {
  const { cockpit, trans } = useCockpit();
  const browser = useModel(cockpit.browser);
  const search = useModel(cockpit.search);
  const { rows } = cockpit;
  const loaded = rows.table.length;
  if (!loaded && !(search.shown && search.running)) {
    return null;
  }
  const more = !search.shown && browser.hasMore;
  return (
    <div className="cdc-ListingStatus" role="status">
      <span className="cdc-ellipsis">{search.shown ? <Found /> : <Loaded />}</span>
      {rows.selectedCount > 1 && <Selected rows={rows} />}
      {search.shown && search.running && (
        <button type="button" className="cdc-LinkButton" onClick={() => void search.cancel()}>
          {trans.__('Stop')}
        </button>
      )}
      {more && browser.loadingAll && (
        <button type="button" className="cdc-LinkButton" onClick={() => browser.stopLoading()}>
          {trans.__('Stop')}
        </button>
      )}
      {more && !browser.loadingAll && (browser.filter !== '' || rows.sort) && (
        <button type="button" className="cdc-LinkButton" onClick={() => void browser.loadAll()}>
          {trans.__('Load all')}
        </button>
      )}
    </div>
  );
}

function Loaded(): React.JSX.Element {
  const { cockpit, trans } = useCockpit();
  const { rows, hasMore } = cockpit.browser;
  const { busy, sort, filter } = rows;
  const loaded = formatCount(rows.table.length);
  if (busy && sort && !filter) {
    return <>{trans.__('Sorting %1…', loaded)}</>;
  }
  if (filter) {
    const shown = formatCount(rows.count);
    return <>{hasMore ? trans.__('%1 of %2 loaded so far', shown, loaded) : trans.__('%1 of %2', shown, loaded)}</>;
  }
  if (hasMore) {
    return <>{sort ? trans.__('Sorted: %1 of more', loaded) : trans.__('%1 loaded of more', loaded)}</>;
  }
  return <>{trans._n('%1 item', '%1 items', rows.table.length).replace(String(rows.table.length), loaded)}</>;
}

function Found(): React.JSX.Element {
  const { cockpit, trans } = useCockpit();
  const { search } = cockpit;
  const found = formatCount(search.rows.table.length);
  if (search.running) {
    const looked = search.job?.done ?? 0;
    return <>{looked ? trans.__('%1 found in %2 keys so far', found, formatCount(looked)) : trans.__('Searching…')}</>;
  }
  if (search.job?.state === 'cancelled') {
    return <>{trans.__('%1 found, then stopped', found)}</>;
  }
  return <>{search.full ? trans.__('The first %1 found', found) : trans.__('%1 found', found)}</>;
}

function Selected({ rows }: { rows: Rows }): React.JSX.Element {
  const { trans } = useCockpit();
  const count = formatCount(rows.selectedCount);
  const bytes = rows.selectedBytes;
  const words = bytes ? trans.__('%1 selected, %2', count, formatBytes(bytes)) : trans.__('%1 selected', count);
  return <span className="cdc-nowrap cdc-ListingStatus-selected">{words}</span>;
}

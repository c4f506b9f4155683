/* The rows of the place, or what a search has found: columns, order, selection, keys, drags. */
import * as React from 'react';
import type { IGridColumn } from '../components/VirtualList';
import { VirtualList } from '../components/VirtualList';
import { readingCode } from '../models/code';
import type { ColumnId } from '../models/columns';
import { COLUMNS } from '../models/columns';
import { displayName, parentOf } from '../models/location';
import type { SortColumn } from '../models/order';
import type { Rows } from '../models/rows';
import type { ICockpitContext } from './context';
import { useCockpit, useModel } from './context';
import { ListingFoot } from './ListingFoot';
import { ListingStatus } from './ListingStatus';
import { cellOf, NameCell } from './RowCells';
import { watchForDrag } from './rowDrag';
import { useListKeys } from './useListKeys';

const ROW = 24;
/** The next page is asked for when this many rows are left below the view. */
const AHEAD = 200;
const OF_BUCKETS: readonly ColumnId[] = ['date'];

export function Entries(): React.JSX.Element {
  const { cockpit, trans } = useCockpit();
  const browser = useModel(cockpit.browser);
  const search = useModel(cockpit.search);
  const actions = useModel(cockpit.actions);
  const columns = useModel(cockpit.columns);
  const [width, setWidth] = React.useState(0);
  const { rows } = cockpit;
  const { count, table } = rows;
  const buckets = browser.location.bucket === null;
  const fitting = columns.fitting(width, buckets ? OF_BUCKETS : COLUMNS);
  const open = (position: number) => openRow(rows, position, cockpit);
  const onKeyDown = useListKeys(rows, {
    moved: () => cockpit.look(),
    open,
    up: () => (search.open ? search.show(false) : void browser.up())
  });
  // A page that comes while the end is in view asks for the next one.
  const paging = !search.shown && !rows.filter && browser.loading === null && !browser.loadingAll && !browser.error;
  const onWindow = React.useCallback(
    (_: number, end: number) => {
      if (paging && end > count - AHEAD) {
        void browser.loadMore();
      }
    },
    [browser, count, paging]
  );
  const rowProps = (position: number) => {
    const key = table.keys[rows.row(position)];
    return {
      'data-kind': table.kind(rows.row(position)),
      'data-key': key,
      className: actions.isLeaving(key) ? 'cdc-mod-leaving' : '',
      onClick: (event: React.MouseEvent) => choose(rows, position, event, cockpit),
      onDoubleClick: () => open(position),
      onMouseDown: (event: React.MouseEvent) => drag(event, position, cockpit)
    };
  };
  return (
    <>
      <VirtualList
        className="cdc-Listing"
        label={search.shown ? trans.__('Search results') : buckets ? trans.__('Buckets') : trans.__('Objects')}
        count={count}
        ariaRowCount={!search.shown && browser.hasMore ? -1 : undefined}
        busy={rows.busy}
        rowHeight={ROW}
        columns={headsOf(['name', ...fitting], cockpit, trans)}
        template={['minmax(0, 1fr)', ...fitting.map(column => `${columns.width(column)}px`)].join(' ')}
        active={rows.activePosition}
        activeKey={table.keys[rows.active] ?? ''}
        isSelected={position => rows.isSelected(position)}
        cells={position => [
          <NameCell key="name" rows={rows} position={position} />,
          ...fitting.map(column => cellOf(table, rows.row(position), column))
        ]}
        rowProps={rowProps}
        onWindow={onWindow}
        onWidth={setWidth}
        onKeyDown={onKeyDown}
        onContextMenu={event => prepareMenu(event, rows, cockpit)}
        foot={<ListingFoot />}
      />
      <ListingStatus />
    </>
  );
}

type Cockpit = ICockpitContext['cockpit'];

function headsOf(shown: SortColumn[], cockpit: Cockpit, trans: ICockpitContext['trans']): IGridColumn[] {
  const { columns, browser } = cockpit;
  const titles: Record<SortColumn, string> = {
    name: trans.__('Name'),
    size: trans.__('Size'),
    date: browser.location.bucket === null ? trans.__('Created') : trans.__('Modified'),
    class: trans.__('Storage class'),
    etag: trans.__('ETag')
  };
  return shown.map(column => ({
    id: column,
    title: titles[column],
    sort: columns.sort?.column !== column ? 'none' : columns.sort.descending ? 'descending' : 'ascending',
    sortLabel: trans.__('Sort by %1', titles[column]),
    onSort: () => cockpit.setSort(columns.cycle(column)),
    onResize: column === 'name' ? undefined : (width: number) => columns.setWidth(column, width)
  }));
}

/** A click alone selects one row, with Ctrl or Cmd one more, with Shift all up to it. */
function choose(rows: Rows, position: number, event: React.MouseEvent, cockpit: Cockpit): void {
  const command = event.ctrlKey || event.metaKey;
  if (event.shiftKey) {
    rows.extend(position, command);
  } else if (command) {
    rows.toggle(position);
  } else {
    rows.selectOnly(position);
  }
  cockpit.look();
}

/** A bucket or a prefix is entered; an object is shown in detail, one that was found in its folder. */
function openRow(rows: Rows, position: number, cockpit: Cockpit): void {
  const { bucket } = cockpit.browser.location;
  const { kind, key } = rows.entry(position);
  if (kind === 'bucket') {
    void cockpit.go({ bucket: key });
  } else if (kind === 'prefix') {
    void cockpit.go({ bucket, prefix: key });
  } else if (cockpit.search.shown) {
    void cockpit.go({ bucket, prefix: parentOf(key) }, key);
  } else {
    rows.selectOnly(position);
    cockpit.look();
  }
}

function drag(event: React.MouseEvent, position: number, cockpit: Cockpit): void {
  const { rows } = cockpit;
  if (cockpit.browser.location.bucket === null || (event.target as Element).closest('input')) {
    return;
  }
  const name = displayName(rows.entry(position).name);
  watchForDrag(event, name, cockpit, () => {
    if (!rows.isSelected(position)) {
      rows.selectOnly(position);
    }
    const selection = cockpit.actions.selection();
    return selection && readingCode(selection, cockpit.object.formats);
  });
}

/**
 * The menus of a row, of the head and of the space below differ: the list says which was meant. A row that is not
 * selected becomes so; the menu key means the row with the focus.
 */
function prepareMenu(event: React.MouseEvent<HTMLDivElement>, rows: Rows, cockpit: Cockpit): void {
  const list = event.currentTarget;
  const target = event.target as Element;
  const active = target === list.firstElementChild ? list.querySelector('.cdc-Row.cdc-mod-active') : null;
  if (active && rows.selectedCount) {
    event.preventDefault();
    event.stopPropagation();
    const { left, bottom } = active.getBoundingClientRect();
    const again = { bubbles: true, cancelable: true, clientX: left + 24, clientY: bottom };
    active.dispatchEvent(new MouseEvent('contextmenu', again));
    return;
  }
  const row = target.closest<HTMLElement>('.cdc-Row[data-key]');
  list.dataset.menu = row ? 'row' : target.closest('.cdc-VirtualList-header') ? 'header' : 'area';
  const position = row ? rows.position(rows.table.find(row.dataset.key ?? '')) : -1;
  if (position >= 0 && !rows.isSelected(position)) {
    rows.selectOnly(position);
    cockpit.look();
  }
}

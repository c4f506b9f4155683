/* The head of a grid: titles, the order by one of them, and edges by which columns are widened. */
import { caretDownIcon, caretUpIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

export interface IGridColumn {
  id: string;
  title: string;
  /** For a column that can be sorted by. */
  sort?: 'ascending' | 'descending' | 'none';
  sortLabel?: string;
  onSort?: () => void;
  /** For a column that can be widened: called with its new width in pixels. */
  onResize?: (width: number) => void;
}

export const HEADER = 22;

export function GridHeader({ columns, template }: { columns: IGridColumn[]; template?: string }): React.JSX.Element {
  return (
    <div role="rowgroup" className="cdc-VirtualList-header">
      <div
        role="row"
        aria-rowindex={1}
        className="cdc-Row cdc-mod-header"
        style={{ height: HEADER, gridTemplateColumns: template }}
      >
        {columns.map(column => (
          <div key={column.id} role="columnheader" aria-sort={column.sort} className="cdc-Cell" data-column={column.id}>
            {column.onResize && <Edge onResize={column.onResize} />}
            {column.onSort ? <SortButton column={column} /> : column.title}
          </div>
        ))}
      </div>
    </div>
  );
}

/** Out of the way of the Tab key: the menus sort as well. */
function SortButton({ column }: { column: IGridColumn }): React.JSX.Element {
  const Caret = column.sort === 'descending' ? caretDownIcon : caretUpIcon;
  return (
    <button type="button" tabIndex={-1} className="cdc-SortButton" title={column.sortLabel} onClick={column.onSort}>
      <span className="cdc-ellipsis">{column.title}</span>
      {column.sort && column.sort !== 'none' && <Caret.react tag="span" className="cdc-SortButton-caret" />}
    </button>
  );
}

function Edge({ onResize }: { onResize: (width: number) => void }): React.JSX.Element {
  const start = React.useRef<{ x: number; width: number } | null>(null);
  return (
    <div
      className="cdc-Edge"
      aria-hidden="true"
      onPointerDown={event => {
        const cell = event.currentTarget.parentElement;
        event.preventDefault();
        event.currentTarget.setPointerCapture(event.pointerId);
        start.current = { x: event.clientX, width: cell?.getBoundingClientRect().width ?? 0 };
      }}
      onPointerMove={event => {
        if (start.current) {
          onResize(start.current.width + start.current.x - event.clientX);
        }
      }}
      onPointerUp={() => (start.current = null)}
      onPointerCancel={() => (start.current = null)}
    />
  );
}

/* A grid of rows of one height of which only those in view are in the document. */
import * as React from 'react';
import { scrollFor, windowOf } from './window';

export interface IVirtualListProps {
  count: number;
  rowHeight: number;
  label: string;
  columns: { id: string; title: string; numeric?: boolean }[];
  /** The row with the focus, -1 for none. */
  active?: number;
  selected?: number;
  className?: string;
  /** As high as so many rows, less where room is short; without it the list fills the room it is given. */
  rows?: number;
  /** Rows in the whole set where that is more than `count`; -1 when nobody knows. */
  ariaRowCount?: number;
  cells: (index: number) => React.ReactNode[];
  rowProps?: (index: number) => React.HTMLAttributes<HTMLDivElement> & { [data: `data-${string}`]: string };
  /** Called with the rows in view, whenever they change. */
  onWindow?: (first: number, end: number) => void;
  onKeyDown?: (event: React.KeyboardEvent<HTMLDivElement>, pageRows: number) => void;
  /** Below the last row, scrolled with the rows; also what stands there when there are none. */
  foot?: React.ReactNode;
}

const HEADER = 22;
/** A table that is given less room than this is of no use. */
const LEAST_ROWS = 3;

function roomFor(rows: number, rowHeight: number): React.CSSProperties {
  const height = (count: number) => HEADER + count * rowHeight;
  return { height: height(rows), minHeight: height(Math.min(rows, LEAST_ROWS)), flex: '0 1 auto' };
}

export function VirtualList(props: IVirtualListProps): React.JSX.Element {
  const { count, rowHeight, active = -1, selected = -1, cells, rowProps, onWindow } = props;
  const scroller = React.useRef<HTMLDivElement>(null);
  const id = React.useId();
  const [scrollTop, setScrollTop] = React.useState(0);
  const viewport = useHeight(scroller) - HEADER;
  const view = windowOf(scrollTop, Math.max(viewport, 0), count, rowHeight);

  React.useEffect(() => onWindow?.(view.first, view.end), [onWindow, view.first, view.end, count]);

  React.useLayoutEffect(() => {
    const node = scroller.current;
    if (node && active >= 0 && viewport > 0) {
      const wanted = scrollFor(active, node.scrollTop, viewport, count, rowHeight);
      if (wanted !== node.scrollTop) {
        node.scrollTop = wanted;
        setScrollTop(node.scrollTop);
      }
    }
    // A growing list alone must not move what is in view.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [active, viewport]);

  const rows = [];
  for (let index = view.first; index < view.end; index += 1) {
    rows.push(
      <div
        key={index}
        {...rowProps?.(index)}
        id={`${id}-${index}`}
        role="row"
        aria-rowindex={index + 2}
        aria-selected={index === selected}
        className={`cdc-Row${index === active ? ' cdc-mod-active' : ''}`}
        style={{ height: rowHeight }}
      >
        {cells(index).map((cell, column) => (
          <div key={column} role="gridcell" className="cdc-Cell" data-column={props.columns[column].id}>
            {cell}
          </div>
        ))}
      </div>
    );
  }
  const activeId = active >= view.first && active < view.end ? `${id}-${active}` : undefined;
  return (
    <div
      ref={scroller}
      className={`cdc-VirtualList ${props.className ?? ''}`}
      style={props.rows === undefined ? undefined : roomFor(props.rows, rowHeight)}
      onScroll={event => setScrollTop(event.currentTarget.scrollTop)}
    >
      <div
        role="grid"
        tabIndex={0}
        className="cdc-VirtualList-grid"
        aria-label={props.label}
        aria-rowcount={props.ariaRowCount ?? count + 1}
        aria-colcount={props.columns.length}
        aria-activedescendant={activeId}
        onKeyDown={event => props.onKeyDown?.(event, Math.max(1, Math.floor(viewport / rowHeight) - 1))}
      >
        <Header columns={props.columns} />
        <div role="rowgroup" className="cdc-VirtualList-content" style={{ height: view.height }}>
          <div role="presentation" style={{ transform: `translateY(${view.top}px)` }}>
            {rows}
          </div>
        </div>
      </div>
      {props.foot}
    </div>
  );
}

function Header({ columns }: Pick<IVirtualListProps, 'columns'>): React.JSX.Element {
  return (
    <div role="rowgroup" className="cdc-VirtualList-header">
      <div role="row" aria-rowindex={1} className="cdc-Row cdc-mod-header" style={{ height: HEADER }}>
        {columns.map(column => (
          <div key={column.id} role="columnheader" className="cdc-Cell" data-column={column.id}>
            {column.title}
          </div>
        ))}
      </div>
    </div>
  );
}

/** Height of the element's inside, kept up to date. */
function useHeight(ref: React.RefObject<HTMLElement>): number {
  const [height, setHeight] = React.useState(0);
  React.useLayoutEffect(() => {
    const node = ref.current;
    if (!node) {
      return undefined;
    }
    setHeight(node.clientHeight);
    if (typeof ResizeObserver === 'undefined') {
      return undefined;
    }
    const observer = new ResizeObserver(() => setHeight(node.clientHeight));
    observer.observe(node);
    return () => observer.disconnect();
  }, [ref]);
  return height;
}

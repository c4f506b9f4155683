/* A grid of rows of one height of which only those in view are in the document. */
import * as React from 'react';
import type { IGridColumn } from './GridHeader';
import { GridHeader, HEADER } from './GridHeader';
import { scrollFor, scrollKept, windowOf } from './window';

export type { IGridColumn } from './GridHeader';

export interface IVirtualListProps {
  count: number;
  rowHeight: number;
  label: string;
  columns: IGridColumn[];
  /** The row with the focus, -1 for none. */
  active?: number;
  /** What the focus is on: rows may come before it without moving what is in view. */
  activeKey?: number | string;
  selected?: number;
  /** For a grid with many selected rows: which they are. */
  isSelected?: (index: number) => boolean;
  className?: string;
  /** Columns as CSS has them; without it the class says. */
  template?: string;
  /** As high as so many rows, less where room is short; without it the list fills the room it is given. */
  rows?: number;
  /** Rows in the whole set where that is more than `count`; -1 when nobody knows. */
  ariaRowCount?: number;
  /** Whether the rows are still being put in order. */
  busy?: boolean;
  cells: (index: number) => React.ReactNode[];
  rowProps?: (index: number) => React.HTMLAttributes<HTMLDivElement> & { [data: `data-${string}`]: string };
  /** Called with the rows in view, whenever they change. */
  onWindow?: (first: number, end: number) => void;
  /** Called with the width in pixels, whenever it changes. */
  onWidth?: (width: number) => void;
  onKeyDown?: (event: React.KeyboardEvent<HTMLDivElement>, pageRows: number) => void;
  onContextMenu?: (event: React.MouseEvent<HTMLDivElement>) => void;
  onMouseDown?: (event: React.MouseEvent<HTMLDivElement>) => void;
  /** Below the last row, scrolled with the rows; also what stands there when there are none. */
  foot?: React.ReactNode;
}

/** A table that is given less room than this is of no use. */
const LEAST_ROWS = 3;

function roomFor(rows: number, rowHeight: number): React.CSSProperties {
  const height = (count: number) => HEADER + count * rowHeight;
  return { height: height(rows), minHeight: height(Math.min(rows, LEAST_ROWS)), flex: '0 1 auto' };
}

export function VirtualList(props: IVirtualListProps): React.JSX.Element {
  const { count, rowHeight, active = -1, activeKey = active, onWindow, onWidth } = props;
  const scroller = React.useRef<HTMLDivElement>(null);
  const id = React.useId();
  const [scrollTop, setScrollTop] = React.useState(0);
  const [width, height] = useSize(scroller);
  const viewport = height - HEADER;
  const view = windowOf(scrollTop, Math.max(viewport, 0), count, rowHeight);

  const former = React.useRef(count);
  React.useLayoutEffect(() => {
    const node = scroller.current;
    if (node && viewport > 0 && count > former.current && former.current > 0) {
      const kept = scrollKept(node.scrollTop, viewport, former.current, count, rowHeight);
      if (kept !== node.scrollTop) {
        node.scrollTop = kept;
        setScrollTop(node.scrollTop);
      }
    }
    former.current = count;
  }, [count, rowHeight, viewport]);

  React.useEffect(() => onWindow?.(view.first, view.end), [onWindow, view.first, view.end, count]);
  React.useLayoutEffect(() => onWidth?.(width), [onWidth, width]);

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
  }, [activeKey, viewport]);

  const activeId = active >= view.first && active < view.end ? `${id}-${active}` : undefined;
  return (
    <div
      ref={scroller}
      className={`cdc-VirtualList ${props.className ?? ''}`}
      style={props.rows === undefined ? undefined : roomFor(props.rows, rowHeight)}
      onScroll={event => setScrollTop(event.currentTarget.scrollTop)}
      onContextMenu={props.onContextMenu}
      onMouseDown={props.onMouseDown}
    >
      <div
        role="grid"
        tabIndex={0}
        className="cdc-VirtualList-grid"
        aria-label={props.label}
        aria-multiselectable={props.isSelected ? true : undefined}
        aria-rowcount={props.ariaRowCount ?? count + 1}
        aria-colcount={props.columns.length}
        aria-activedescendant={activeId}
        aria-busy={props.busy || undefined}
        onKeyDown={event => props.onKeyDown?.(event, Math.max(1, Math.floor(viewport / rowHeight) - 1))}
      >
        <GridHeader columns={props.columns} template={props.template} />
        <div role="rowgroup" className="cdc-VirtualList-content" style={{ height: view.height }}>
          <div role="presentation" style={{ transform: `translateY(${view.top}px)` }}>
            <GridRows {...props} id={id} first={view.first} end={view.end} active={active} />
          </div>
        </div>
      </div>
      {props.foot}
    </div>
  );
}

function GridRows(props: IVirtualListProps & { id: string; first: number; end: number }): React.JSX.Element {
  const { id, active, selected = -1, isSelected = index => index === selected } = props;
  const rows = [];
  for (let index = props.first; index < props.end; index += 1) {
    const own = props.rowProps?.(index);
    rows.push(
      <div
        key={index}
        {...own}
        id={`${id}-${index}`}
        role="row"
        aria-rowindex={index + 2}
        aria-selected={isSelected(index)}
        className={`cdc-Row${index === active ? ' cdc-mod-active' : ''} ${own?.className ?? ''}`}
        style={{ height: props.rowHeight, gridTemplateColumns: props.template }}
      >
        {props.cells(index).map((cell, column) => (
          <div key={column} role="gridcell" className="cdc-Cell" data-column={props.columns[column].id}>
            {cell}
          </div>
        ))}
      </div>
    );
  }
  return <>{rows}</>;
}

/** Width and height of the element's inside, kept up to date. */
function useSize(ref: React.RefObject<HTMLElement>): [number, number] {
  const [size, setSize] = React.useState<[number, number]>([0, 0]);
  React.useLayoutEffect(() => {
    const node = ref.current;
    if (!node) {
      return undefined;
    }
    const read = () =>
      setSize(former =>
        former[0] === node.clientWidth && former[1] === node.clientHeight
          ? former
          : [node.clientWidth, node.clientHeight]
      );
    read();
    if (typeof ResizeObserver === 'undefined') {
      return undefined;
    }
    const observer = new ResizeObserver(read);
    observer.observe(node);
    return () => observer.disconnect();
  }, [ref]);
  return size;
}

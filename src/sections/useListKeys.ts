/* The keys of a listing: arrows, Page Up and Down, Home, End, Enter, Backspace, and typing to find a name. */
import * as React from 'react';
import type { Rows } from '../models/rows';

interface IActions {
  /** The focus has moved, or the selection has changed. */
  moved: () => void;
  open: (position: number) => void;
  up: () => void;
}

/** Letters typed within this time belong together. */
const PAUSE_MS = 700;

type Handler = (event: React.KeyboardEvent<HTMLDivElement>, pageRows: number) => void;

/** Cut, copy, paste, rename, delete and the like are shortcuts of JupyterLab: see the schema. */
export function useListKeys(rows: Rows, actions: IActions): Handler {
  const typed = React.useRef({ text: '', at: 0 });
  return (event, pageRows) => {
    if (event.target !== event.currentTarget || event.altKey) {
      return;
    }
    const command = event.ctrlKey || event.metaKey;
    const position = rows.activePosition;
    const target = movedBy(event.key, position, pageRows, rows.count);
    if (target !== null) {
      event.preventDefault();
      if (rows.count) {
        move(rows, target, event.shiftKey, command);
        actions.moved();
      }
    } else if (event.key === ' ' && command && position >= 0) {
      event.preventDefault();
      rows.toggle(position);
      actions.moved();
    } else if (command) {
      return;
    } else if (event.key === 'Enter' && position >= 0) {
      event.preventDefault();
      actions.open(position);
    } else if (event.key === 'Backspace') {
      event.preventDefault();
      actions.up();
    } else if (event.key === 'Escape' && rows.selectedCount > 1) {
      event.preventDefault();
      rows.selectOnly(position);
      actions.moved();
    } else if (event.key.length === 1 && (event.key !== ' ' || typed.current.text)) {
      event.preventDefault();
      const now = Date.now();
      const text = (now - typed.current.at < PAUSE_MS ? typed.current.text : '') + event.key;
      typed.current = { text, at: now };
      const found = findTyped(rows, position, text);
      if (found >= 0) {
        rows.selectOnly(found);
        actions.moved();
      }
    }
  };
}

function move(rows: Rows, target: number, extend: boolean, keep: boolean): void {
  if (extend) {
    rows.extend(target, keep);
  } else if (keep) {
    rows.focus(target);
  } else {
    rows.selectOnly(target);
  }
}

/** Where a key leads from a row; null for one that leads nowhere. */
export function movedBy(key: string, position: number, pageRows: number, count: number): number | null {
  const last = count - 1;
  const moves: Record<string, number> = {
    ArrowDown: position + 1,
    ArrowUp: position < 0 ? last : position - 1,
    PageDown: position + pageRows,
    PageUp: position - pageRows,
    Home: 0,
    End: last
  };
  return key in moves ? Math.max(0, Math.min(last, moves[key])) : null;
}

/** The next row, round the end, whose name begins with `text`; a first letter goes on from the one in use. */
export function findTyped(rows: Rows, active: number, text: string): number {
  const { table, count } = rows;
  const wanted = text.toLowerCase();
  const start = Math.max(0, text.length === 1 ? active + 1 : active);
  for (let step = 0; step < count; step += 1) {
    const position = (start + step) % count;
    if (table.nameBegins(rows.row(position), wanted)) {
      return position;
    }
  }
  return -1;
}

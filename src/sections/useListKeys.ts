/* The keys of a listing: arrows, Page Up and Down, Home, End, Enter, Backspace, and typing to find a name. */
import * as React from 'react';

interface INamed {
  name: string;
}

interface IActions<T> {
  select: (entry: T) => void;
  open: (entry: T) => void;
  up: () => void;
}

/** Letters typed within this time belong together. */
const PAUSE_MS = 700;

type Handler = (event: React.KeyboardEvent<HTMLDivElement>, pageRows: number) => void;

export function useListKeys<T extends INamed>(entries: T[], active: number, actions: IActions<T>): Handler {
  const typed = React.useRef({ text: '', at: 0 });
  return (event, pageRows) => {
    if (event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    const last = entries.length - 1;
    const moves: Record<string, number> = {
      ArrowDown: active + 1,
      ArrowUp: active < 0 ? last : active - 1,
      PageDown: active + pageRows,
      PageUp: active - pageRows,
      Home: 0,
      End: last
    };
    if (event.key in moves) {
      event.preventDefault();
      actions.select(entries[Math.max(0, Math.min(last, moves[event.key]))]);
    } else if (event.key === 'Enter' && active >= 0) {
      event.preventDefault();
      actions.open(entries[active]);
    } else if (event.key === 'Backspace') {
      event.preventDefault();
      actions.up();
    } else if (event.key.length === 1 && (event.key !== ' ' || typed.current.text)) {
      event.preventDefault();
      const now = Date.now();
      const text = (now - typed.current.at < PAUSE_MS ? typed.current.text : '') + event.key.toLowerCase();
      typed.current = { text, at: now };
      const found = findTyped(entries, active, text);
      if (found >= 0) {
        actions.select(entries[found]);
      }
    }
  };
}

/** The next entry, round the end, whose name begins with `text`; a first letter goes on from the one in use. */
export function findTyped(entries: INamed[], active: number, text: string): number {
  const start = Math.max(0, text.length === 1 ? active + 1 : active);
  for (let step = 0; step < entries.length; step += 1) {
    const index = (start + step) % entries.length;
    if (entries[index].name.toLowerCase().startsWith(text)) {
      return index;
    }
  }
  return -1;
}

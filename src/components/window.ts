/* Which rows of a long list are in view, and where they stand. */

/** Browsers lay out no element higher than some 16 million pixels; a longer list is scrolled in scale. */
export const MAX_HEIGHT = 15_000_000;

export interface IWindow {
  /** Rows `first` up to, not with, `end` are to be drawn. */
  first: number;
  end: number;
  /** Where row `first` begins, in pixels from the top of the scrolled content. */
  top: number;
  /** Height of the scrolled content. */
  height: number;
}

export function windowOf(
  scrollTop: number,
  viewport: number,
  count: number,
  rowHeight: number,
  overscan = 8,
  maxHeight = MAX_HEIGHT
): IWindow {
  const whole = count * rowHeight;
  const height = Math.min(whole, maxHeight);
  const scale = scaleOf(whole, height, viewport);
  const room = Math.max(0, height - viewport);
  const at = Math.min(Math.max(scrollTop, 0), room);
  const first = Math.max(0, Math.floor((at * scale) / rowHeight) - overscan);
  const end = Math.min(count, Math.ceil((at * scale + viewport) / rowHeight) + overscan);
  return { first, end, top: at - (at * scale - first * rowHeight), height };
}

/** The scroll position that brings row `index` into view with the least movement. */
export function scrollFor(
  index: number,
  scrollTop: number,
  viewport: number,
  count: number,
  rowHeight: number,
  maxHeight = MAX_HEIGHT
): number {
  const whole = count * rowHeight;
  const scale = scaleOf(whole, Math.min(whole, maxHeight), viewport);
  const at = scrollTop * scale;
  const row = index * rowHeight;
  if (row < at) {
    return row / scale;
  }
  return row + rowHeight > at + viewport ? (row + rowHeight - viewport) / scale : scrollTop;
}

/** The scroll position at which the same rows are in view after the list has grown from `before` to `after` rows. */
export function scrollKept(
  scrollTop: number,
  viewport: number,
  before: number,
  after: number,
  rowHeight: number,
  maxHeight = MAX_HEIGHT
): number {
  const scale = (count: number) => scaleOf(count * rowHeight, Math.min(count * rowHeight, maxHeight), viewport);
  return (scrollTop * scale(before)) / scale(after);
}

function scaleOf(whole: number, height: number, viewport: number): number {
  return height < whole ? (whole - viewport) / (height - viewport) : 1;
}

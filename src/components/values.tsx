/* Small values inside text: a size, a moment. The exact value is in the tooltip. */
import * as React from 'react';
import { formatBytes, formatCount, formatDateTime, formatRelative } from './format';

export function ByteSize({ bytes }: { bytes: number }): React.JSX.Element {
  return (
    <span className="cdc-nowrap" title={`${formatCount(bytes)} B`}>
      {formatBytes(bytes)}
    </span>
  );
}

/** `date` in ISO 8601. */
export function RelativeDate({ date }: { date: string }): React.JSX.Element {
  const moment = new Date(date);
  return (
    <time className="cdc-nowrap" dateTime={date} title={formatDateTime(moment)}>
      {formatRelative(moment)}
    </time>
  );
}

/* How far something is; without a total it only says that something moves. */
import * as React from 'react';

interface IProps {
  done: number;
  total: number;
  label: string;
  tone?: 'running' | 'resting' | 'succeeded' | 'failed';
}

export function ProgressBar({ done, total, label, tone = 'running' }: IProps): React.JSX.Element {
  const known = total > 0;
  const percent = known ? Math.min(100, Math.floor((done / total) * 100)) : undefined;
  return (
    <div
      className={`cdc-ProgressBar${known ? '' : ' cdc-mod-unknown'}`}
      data-tone={tone}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent}
    >
      <div className="cdc-ProgressBar-fill" style={known ? { width: `${percent}%` } : undefined} />
    </div>
  );
}

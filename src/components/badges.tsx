/* Small marks that say what looking or reading would mean. */
import * as React from 'react';

interface IProps {
  kind: 'archived' | 'restoring' | 'requester-pays' | 'latest' | 'deleted';
  text: string;
  title: string;
}

export function Mark({ kind, text, title }: IProps): React.JSX.Element {
  return (
    <span className="cdc-Mark" data-kind={kind} title={title}>
      {text}
    </span>
  );
}

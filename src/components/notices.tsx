/* What stands where there is nothing to list: an error with a way on, or a hint what to do. */
import * as React from 'react';

/** The server's words may begin as they would in the middle of a log line: shown as a sentence, but for a URI. */
function Words({ text }: { text: string }): React.JSX.Element {
  const sentence = /^[a-z]+[ ,:](?!\/)/.test(text);
  return <p className={`cdc-Notice-text${sentence ? ' cdc-mod-sentence' : ''}`}>{text}</p>;
}

interface IErrorProps {
  message: string;
  retry?: { label: string; run: () => void };
  children?: React.ReactNode;
}

export function ErrorNotice({ message, retry, children }: IErrorProps): React.JSX.Element {
  return (
    <div className="cdc-Notice cdc-mod-error" role="alert">
      <Words text={message} />
      {children}
      {retry && (
        <button type="button" className="cdc-Button" onClick={retry.run}>
          {retry.label}
        </button>
      )}
    </div>
  );
}

export function WarningNotice({ children }: { children: string }): React.JSX.Element {
  return (
    <div className="cdc-Notice cdc-mod-warning" role="status">
      <Words text={children} />
    </div>
  );
}

interface IEmptyProps {
  title: string;
  hint?: React.ReactNode;
  children?: React.ReactNode;
}

export function EmptyState({ title, hint, children }: IEmptyProps): React.JSX.Element {
  return (
    <div className="cdc-EmptyState">
      <p className="cdc-EmptyState-title">{title}</p>
      {hint && <p className="cdc-EmptyState-hint">{hint}</p>}
      {children}
    </div>
  );
}

export function Loading({ label }: { label: string }): React.JSX.Element {
  return (
    <div className="cdc-Loading" role="status">
      <span className="cdc-Spinner" aria-hidden="true" />
      {label}
    </div>
  );
}

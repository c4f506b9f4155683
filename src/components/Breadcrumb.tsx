/* Where one is: a trail of steps to click, or a line into which a URI can be typed or pasted. */
import { editIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import { IconButton } from './buttons';

export interface ICrumb {
  label: string;
  title: string;
  go: () => void;
}

interface IProps {
  crumbs: ICrumb[];
  label: string;
  editLabel: string;
  inputLabel: string;
  placeholder: string;
  /** What the input holds at first. */
  uri: string;
  /** Buttons for the place itself. */
  actions?: React.ReactNode;
  /** Go there; a text says why that is no place. */
  onSubmit: (text: string) => Promise<string | null>;
}

const MOST = 4;

export function Breadcrumb(props: IProps): React.JSX.Element {
  const [editing, setEditing] = React.useState(false);
  if (editing) {
    return <PlaceInput {...props} onClose={() => setEditing(false)} />;
  }
  return (
    <nav className="cdc-Breadcrumb" aria-label={props.label}>
      <ol className="cdc-Breadcrumb-list" onDoubleClick={() => setEditing(true)}>
        {shortened(props.crumbs).map((crumb, index, all) => (
          <li key={index} className="cdc-Breadcrumb-item">
            <button
              type="button"
              className="cdc-Breadcrumb-step"
              title={crumb.title}
              aria-current={index === all.length - 1 ? 'location' : undefined}
              onClick={crumb.go}
            >
              {crumb.label}
            </button>
          </li>
        ))}
      </ol>
      {props.actions}
      <IconButton icon={editIcon} label={props.editLabel} onClick={() => setEditing(true)} />
    </nav>
  );
}

/** A deep path keeps its first step and its last ones; the step before those stands for what is left out. */
function shortened(crumbs: ICrumb[]): ICrumb[] {
  if (crumbs.length <= MOST + 1) {
    return crumbs;
  }
  const hidden = crumbs[crumbs.length - MOST];
  return [crumbs[0], crumbs[1], { ...hidden, label: '\u2026' }, ...crumbs.slice(1 - MOST + 1)];
}

function PlaceInput(props: IProps & { onClose: () => void }): React.JSX.Element {
  const [text, setText] = React.useState(props.uri);
  const [problem, setProblem] = React.useState<string | null>(null);
  const submit = async (event: React.FormEvent) => {
    event.preventDefault();
    const found = await props.onSubmit(text);
    setProblem(found);
    if (found === null) {
      props.onClose();
    }
  };
  return (
    <form className="cdc-PlaceInput" onSubmit={event => void submit(event)}>
      <input
        className="cdc-Input"
        autoFocus
        spellCheck={false}
        aria-label={props.inputLabel}
        aria-invalid={problem !== null}
        placeholder={props.placeholder}
        value={text}
        onChange={event => setText(event.target.value)}
        onFocus={event => event.target.select()}
        onBlur={() => problem === null && props.onClose()}
        onKeyDown={event => {
          if (event.key === 'Escape') {
            event.stopPropagation();
            props.onClose();
          }
        }}
      />
      {problem !== null && (
        <p className="cdc-Field-fault" role="alert">
          {problem}
        </p>
      )}
    </form>
  );
}

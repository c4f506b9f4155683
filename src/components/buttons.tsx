/* Buttons: an icon with a name, and a part of the panel that can be closed. */
import type { LabIcon } from '@jupyterlab/ui-components';
import { caretDownIcon, caretRightIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

interface IIconButtonProps {
  icon: LabIcon;
  label: string;
  onClick?: (event: React.MouseEvent<HTMLButtonElement>) => void;
  disabled?: boolean;
  /** What the button opens. */
  popup?: 'menu' | 'dialog';
  /** For a button that stays down: whether it is. */
  pressed?: boolean;
  /** Whether it sends the form in which it stands. */
  submit?: boolean;
}

export function IconButton(props: IIconButtonProps): React.JSX.Element {
  const { icon, label, onClick, disabled, pressed, popup } = props;
  return (
    <button
      type={props.submit ? 'submit' : 'button'}
      className="cdc-IconButton"
      title={label}
      aria-label={label}
      aria-pressed={pressed}
      aria-haspopup={popup}
      disabled={disabled}
      onClick={event => {
        event.stopPropagation();
        onClick?.(event);
      }}
    >
      <icon.react tag="span" className="cdc-Icon" />
    </button>
  );
}

interface ISectionProps {
  title: string;
  name: string;
  open: boolean;
  onToggle: () => void;
  badge?: string;
  actions?: React.ReactNode;
  children: React.ReactNode;
}

/** A titled part of the panel. Its content stays in the document while it is closed, so that nothing is lost. */
export function Section(props: ISectionProps): React.JSX.Element {
  const id = React.useId();
  const Caret = props.open ? caretDownIcon : caretRightIcon;
  return (
    <section
      className={`cdc-Section${props.open ? ' cdc-mod-open' : ''}`}
      data-section={props.name}
      aria-labelledby={`${id}-title`}
    >
      <div className="cdc-Section-header">
        <h2 className="cdc-Section-heading">
          <button
            type="button"
            id={`${id}-title`}
            className="cdc-Section-toggle"
            aria-expanded={props.open}
            aria-controls={`${id}-body`}
            onClick={props.onToggle}
          >
            <Caret.react tag="span" className="cdc-Icon" />
            <span className="cdc-ellipsis">{props.title}</span>
            {props.badge && <span className="cdc-Badge">{props.badge}</span>}
          </button>
        </h2>
        {props.open && props.actions}
      </div>
      <div id={`${id}-body`} className="cdc-Section-body" hidden={!props.open}>
        {props.children}
      </div>
    </section>
  );
}

/* What stands in a row of the listing: an icon with the name, the badges, the input for another name, the values. */
import type { LabIcon } from '@jupyterlab/ui-components';
import { fileIcon, folderIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import { Mark } from '../components/badges';
import { bucketIcon } from '../components/icons';
import { ByteSize, RelativeDate } from '../components/values';
import type { ColumnId } from '../models/columns';
import { displayName } from '../models/location';
import { isArchiveClass } from '../models/storage';
import type { Rows } from '../models/rows';
import type { EntryKind, EntryTable } from '../models/table';
import { CommandIDs } from '../tokens';
import { useCockpit } from './context';

const ICONS: Record<EntryKind, LabIcon> = { bucket: bucketIcon, prefix: folderIcon, object: fileIcon };

export function NameCell({ rows, position }: { rows: Rows; position: number }): React.JSX.Element {
  const { cockpit, trans } = useCockpit();
  const row = rows.row(position);
  const { table } = rows;
  const kind = table.kind(row);
  const Icon = ICONS[kind];
  const name = displayName(table.name(row)) || trans.__('(empty name)');
  if (cockpit.actions.renaming === table.keys[row]) {
    return (
      <>
        <Icon.react tag="span" className="cdc-Icon" />
        <RenameInput name={table.name(row)} keepEnding={kind === 'object'} />
      </>
    );
  }
  return (
    <>
      <Icon.react tag="span" className="cdc-Icon" />
      <span className="cdc-ellipsis" title={name}>
        <bdi>{name}</bdi>
      </span>
      {isArchiveClass(table.storageClass(row)) && (
        <Mark
          kind="archived"
          text={trans.__('archived')}
          title={trans.__('In an archive (%1): restore it before it can be read', table.storageClass(row))}
        />
      )}
    </>
  );
}

/** A value of a row below one of the columns beside the name. */
export function cellOf(table: EntryTable, row: number, column: ColumnId): React.ReactNode {
  switch (column) {
    case 'size':
      return Number.isNaN(table.sizes[row]) ? null : <ByteSize bytes={table.sizes[row]} />;
    case 'date':
      return Number.isNaN(table.dates[row]) ? null : <RelativeDate date={new Date(table.dates[row]).toISOString()} />;
    case 'class':
      return table.rank(row) ? <span className="cdc-ellipsis">{table.storageClass(row) ?? 'STANDARD'}</span> : null;
    default:
      return (
        <span className="cdc-ellipsis" title={table.etag(row)}>
          {table.etag(row)}
        </span>
      );
  }
}

/** Enter takes the name, Escape leaves the old one; so does a name that is the old one. */
function RenameInput({ name, keepEnding }: { name: string; keepEnding: boolean }): React.JSX.Element {
  const { cockpit, trans, execute } = useCockpit();
  const [text, setText] = React.useState(name);
  const input = React.useRef<HTMLInputElement>(null);
  const fault = text.trim() === '' || text.includes('/') || text === '.' || text === '..';
  React.useLayoutEffect(() => {
    const dot = keepEnding ? name.indexOf('.', 1) : -1;
    input.current?.focus();
    input.current?.setSelectionRange(0, dot < 0 ? name.length : dot);
  }, [name, keepEnding]);
  const end = () => {
    const grid = input.current?.closest<HTMLElement>('[role="grid"]');
    cockpit.actions.setRenaming(null);
    grid?.focus();
  };
  return (
    <input
      ref={input}
      className="cdc-Input cdc-RenameInput"
      aria-label={trans.__('New name of %1', displayName(name))}
      aria-invalid={fault}
      title={fault ? trans.__('A name, without “/”') : undefined}
      spellCheck={false}
      value={text}
      onChange={event => setText(event.target.value)}
      onMouseDown={event => event.stopPropagation()}
      onClick={event => event.stopPropagation()}
      onDoubleClick={event => event.stopPropagation()}
      onBlur={() => cockpit.actions.setRenaming(null)}
      onKeyDown={event => {
        event.stopPropagation();
        if (event.key === 'Escape') {
          end();
        } else if (event.key === 'Enter' && !fault) {
          end();
          if (text !== name) {
            execute(CommandIDs.rename, { name: text });
          }
        }
      }}
    />
  );
}

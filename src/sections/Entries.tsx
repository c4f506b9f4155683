/* The rows of the listing, and what stands in their place when there are none. */
import type { LabIcon } from '@jupyterlab/ui-components';
import { fileIcon, folderIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import { formatCount } from '../components/format';
import { bucketIcon } from '../components/icons';
import { EmptyState, ErrorNotice, Loading } from '../components/notices';
import { ByteSize, RelativeDate } from '../components/values';
import { VirtualList } from '../components/VirtualList';
import type { BrowserModel, IEntry } from '../models/browser';
import { displayName, makeUri } from '../models/location';
import { CommandIDs } from '../tokens';
import { useCockpit, useModel } from './context';
import { useListKeys } from './useListKeys';

const ROW = 24;
/** The next page is asked for when this many rows are left below the view. */
const AHEAD = 200;

const ICONS: Record<IEntry['kind'], LabIcon> = { bucket: bucketIcon, prefix: folderIcon, object: fileIcon };

export function Entries(): React.JSX.Element {
  const { cockpit, trans } = useCockpit();
  const browser = useModel(cockpit.browser);
  const entries = browser.visible;
  const active = entries.findIndex(entry => entry.key === browser.selection);
  const open = (entry: IEntry) => openEntry(entry, cockpit);
  const onKeyDown = useListKeys(entries, active, {
    select: entry => cockpit.select(entry.key),
    open,
    up: () => void browser.up()
  });
  const { bucket } = browser.location;
  const columns = [
    { id: 'name', title: trans.__('Name') },
    { id: 'size', title: bucket === null ? '' : trans.__('Size') },
    { id: 'date', title: bucket === null ? trans.__('Created') : trans.__('Modified') }
  ];
  const count = entries.length;
  const filtered = browser.filter !== '';
  const onWindow = React.useCallback(
    (_: number, end: number) => {
      if (!filtered && end > count - AHEAD) {
        void browser.loadMore();
      }
    },
    [browser, count, filtered]
  );
  return (
    <VirtualList
      className="cdc-Listing"
      label={bucket === null ? trans.__('Buckets') : trans.__('Objects')}
      count={count}
      ariaRowCount={browser.hasMore ? -1 : undefined}
      rowHeight={ROW}
      columns={columns}
      active={active}
      selected={active}
      cells={index => cellsOf(entries[index], trans.__('(empty name)'))}
      rowProps={index => ({
        'data-kind': entries[index].kind,
        'data-key': entries[index].key,
        onClick: () => cockpit.select(entries[index].key),
        onContextMenu: () => cockpit.select(entries[index].key),
        onDoubleClick: () => open(entries[index])
      })}
      onWindow={onWindow}
      onKeyDown={onKeyDown}
      foot={<Foot browser={browser} />}
    />
  );
}

function cellsOf(entry: IEntry, unnamed: string): React.ReactNode[] {
  const Icon = ICONS[entry.kind];
  const name = displayName(entry.name) || unnamed;
  return [
    <React.Fragment key="name">
      <Icon.react tag="span" className="cdc-Icon" />
      <span className="cdc-ellipsis" title={name}>
        <bdi>{name}</bdi>
      </span>
    </React.Fragment>,
    entry.size === null ? null : <ByteSize key="size" bytes={entry.size} />,
    entry.modified === null ? null : <RelativeDate key="date" date={entry.modified} />
  ];
}

/** A bucket or a prefix is entered; an object is shown in detail, and the keyboard goes there. */
function openEntry(entry: IEntry, cockpit: ReturnType<typeof useCockpit>['cockpit']): void {
  const { bucket } = cockpit.browser.location;
  if (entry.kind === 'bucket') {
    void cockpit.go({ bucket: entry.key });
  } else if (entry.kind === 'prefix') {
    void cockpit.go({ bucket, prefix: entry.key });
  } else {
    cockpit.select(entry.key);
  }
}

/** What follows the rows: that more is coming, what went wrong, or what to do where there is nothing. */
function Foot({ browser }: { browser: BrowserModel }): React.JSX.Element | null {
  const { trans } = useCockpit();
  const { error, loading, entries, visible, filter, hasMore, location } = browser;
  if (error && location.bucket === null) {
    return <NoBuckets message={error.message} />;
  }
  if (error) {
    const run = () => void (hasMore ? browser.loadMore() : browser.refresh());
    return <ErrorNotice message={error.message} retry={{ label: trans.__('Retry'), run }} />;
  }
  if (loading === 'first') {
    return <Loading label={trans.__('Loading…')} />;
  }
  if (loading === 'more') {
    return <Loading label={trans.__('%1 loaded, more to come…', formatCount(entries.length))} />;
  }
  if (hasMore && filter) {
    return (
      <div className="cdc-Foot">
        <span>{trans.__('%1 of the %2 loaded so far', formatCount(visible.length), formatCount(entries.length))}</span>
        <button type="button" className="cdc-Button" onClick={() => void browser.loadMore()}>
          {trans.__('Load more')}
        </button>
      </div>
    );
  }
  return visible.length || hasMore ? null : <NothingHere />;
}

function NothingHere(): React.JSX.Element {
  const { cockpit, trans, execute } = useCockpit();
  const browser = useModel(cockpit.browser);
  const { bucket, prefix } = browser.location;
  if (browser.filter) {
    return (
      <EmptyState title={trans.__('No name holds “%1”', browser.filter)}>
        <button type="button" className="cdc-Button" onClick={() => browser.setFilter('')}>
          {trans.__('Clear the filter')}
        </button>
      </EmptyState>
    );
  }
  if (bucket === null) {
    return (
      <EmptyState
        title={trans.__('No buckets yet')}
        hint={trans.__('Create one, then drop files from your desktop into it.')}
      >
        <button type="button" className="cdc-Button" onClick={() => execute(CommandIDs.createBucket)}>
          {trans.__('Create a bucket')}
        </button>
      </EmptyState>
    );
  }
  return (
    <EmptyState
      title={prefix ? trans.__('Nothing below this prefix') : trans.__('This bucket is empty')}
      hint={trans.__('Drop files from your desktop here to upload them to %1', displayName(makeUri(bucket, prefix)))}
    >
      <button type="button" className="cdc-Button" onClick={() => execute(CommandIDs.upload)}>
        {trans.__('Upload files')}
      </button>
    </EmptyState>
  );
}

/** Many keys may read a bucket and not list the buckets: then its name has to be typed. */
function NoBuckets({ message }: { message: string }): React.JSX.Element {
  const { cockpit, trans } = useCockpit();
  if (cockpit.connections.ref?.anonymous) {
    return (
      <EmptyState
        title={trans.__('Which public bucket?')}
        hint={trans.__('Nobody lists buckets without credentials. Type the name of one that is open to all.')}
      >
        <BucketInput />
      </EmptyState>
    );
  }
  const retry = { label: trans.__('Retry'), run: () => void cockpit.browser.refresh() };
  return (
    <>
      <ErrorNotice message={message} retry={retry} />
      <BucketInput />
    </>
  );
}

function BucketInput(): React.JSX.Element {
  const { cockpit, trans } = useCockpit();
  const [name, setName] = React.useState('');
  const [fault, setFault] = React.useState('');
  const submit = async (event: React.FormEvent) => {
    event.preventDefault();
    setFault((await cockpit.openUri(name)) ? '' : trans.__('This is no name of a bucket.'));
  };
  return (
    <>
      <form className="cdc-Bar" onSubmit={event => void submit(event)}>
        <input
          className="cdc-Input cdc-mod-grow"
          aria-label={trans.__('Name of a bucket')}
          placeholder={trans.__('Name of a bucket')}
          title={trans.__('Name of a bucket, or an s3:// URI')}
          spellCheck={false}
          value={name}
          onChange={event => setName(event.target.value)}
        />
        <button type="submit" className="cdc-Button" disabled={!name.trim()}>
          {trans.__('Open')}
        </button>
      </form>
      {fault && (
        <p className="cdc-Field-fault" role="alert">
          {fault}
        </p>
      )}
    </>
  );
}

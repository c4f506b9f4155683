/* What follows the rows of the listing: that more is coming, what went wrong, or what to do where there is nothing. */
import * as React from 'react';
import { EmptyState, ErrorNotice, Loading } from '../components/notices';
import { displayName, makeUri } from '../models/location';
import { CommandIDs } from '../tokens';
import { useCockpit, useModel } from './context';

export function ListingFoot(): React.JSX.Element | null {
  const { cockpit } = useCockpit();
  const search = useModel(cockpit.search);
  return search.shown ? <SearchFoot /> : <PlaceFoot />;
}

function PlaceFoot(): React.JSX.Element | null {
  const { cockpit, trans } = useCockpit();
  const browser = useModel(cockpit.browser);
  const { error, loading, rows, hasMore, location } = browser;
  if (error && location.bucket === null) {
    return <NoBuckets message={error.message} />;
  }
  if (error) {
    const run = () => void (hasMore ? browser.loadMore() : browser.refresh());
    return <ErrorNotice message={error.message} retry={{ label: trans.__('Retry'), run }} />;
  }
  if (loading === 'first' || loading === 'more') {
    return <Loading label={trans.__('Loading…')} />;
  }
  if (hasMore && rows.filter) {
    return (
      <div className="cdc-Foot">
        <span>{trans.__('There is more below this prefix.')}</span>
        <button type="button" className="cdc-Button" onClick={() => void browser.loadMore()}>
          {trans.__('Load more')}
        </button>
      </div>
    );
  }
  return rows.count || hasMore || rows.busy ? null : <NothingHere />;
}

function SearchFoot(): React.JSX.Element | null {
  const { cockpit, trans } = useCockpit();
  const { search } = cockpit;
  const retry = () => search.place && void search.start(search.place);
  const message = search.error?.message ?? (search.job?.state === 'failed' ? search.job.error?.message : undefined);
  if (message) {
    return <ErrorNotice message={message} retry={{ label: trans.__('Retry'), run: () => void retry() }} />;
  }
  if (search.running) {
    return search.rows.count ? null : <Loading label={trans.__('Searching…')} />;
  }
  if (search.rows.count || search.job?.state === 'cancelled') {
    return null;
  }
  return (
    <EmptyState
      title={trans.__('Nothing found')}
      hint={
        search.syntax === 'glob'
          ? trans.__('“*.csv” finds each CSV at any depth, “2026-*/*.csv” those one folder down.')
          : trans.__('No key below this prefix holds “%1”.', search.pattern)
      }
    />
  );
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

/* The line above the listing: filter what is loaded, or search below the prefix; and the buttons for the place. */
import {
  addIcon,
  caseSensitiveIcon,
  closeIcon,
  ellipsesIcon,
  fileUploadIcon,
  refreshIcon,
  regexIcon,
  searchIcon
} from '@jupyterlab/ui-components';
import * as React from 'react';
import { IconButton } from '../components/buttons';
import { displayName, makeUri } from '../models/location';
import { CommandIDs } from '../tokens';
import { useCockpit, useModel } from './context';

export function FilterBar(): React.JSX.Element {
  const { cockpit } = useCockpit();
  const search = useModel(cockpit.search);
  return search.open ? <SearchBar /> : <PlaceBar />;
}

function PlaceBar(): React.JSX.Element {
  const { cockpit, trans, execute, openMenu } = useCockpit();
  const browser = useModel(cockpit.browser);
  const { bucket, connection } = browser.location;
  return (
    <div className="cdc-Bar">
      <input
        className="cdc-Input cdc-mod-grow"
        type="search"
        aria-label={trans.__('Filter by name')}
        placeholder={trans.__('Filter by name')}
        spellCheck={false}
        value={browser.filter}
        onChange={event => browser.setFilter(event.target.value)}
        onKeyDown={event => {
          if (event.key === 'Escape') {
            browser.setFilter('');
          }
        }}
      />
      <div className="cdc-Bar-buttons">
        {bucket !== null && (
          <IconButton
            icon={searchIcon}
            label={trans.__('Search below this prefix')}
            onClick={() => execute(CommandIDs.search)}
          />
        )}
        {bucket === null ? (
          <IconButton
            icon={addIcon}
            label={trans.__('Create a bucket')}
            disabled={connection === null}
            onClick={() => execute(CommandIDs.createBucket)}
          />
        ) : (
          <IconButton
            icon={fileUploadIcon}
            label={trans.__('Upload files')}
            onClick={() => execute(CommandIDs.upload)}
          />
        )}
        <IconButton icon={refreshIcon} label={trans.__('Refresh')} onClick={() => execute(CommandIDs.refresh)} />
        <IconButton
          icon={ellipsesIcon}
          label={trans.__('More actions')}
          popup="menu"
          onClick={event => openMenu('more', event.currentTarget)}
        />
      </div>
    </div>
  );
}

function SearchBar(): React.JSX.Element {
  const { cockpit, trans } = useCockpit();
  const search = useModel(cockpit.search);
  const { connection, bucket, prefix } = cockpit.browser.location;
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    if (connection !== null && bucket !== null) {
      void search.start({ connection, bucket, prefix });
    }
  };
  const glob = search.syntax === 'glob';
  const label = trans.__('Search below %1', displayName(makeUri(bucket ?? '', prefix)));
  return (
    <form className="cdc-Bar" role="search" onSubmit={submit}>
      <input
        className="cdc-Input cdc-mod-grow"
        type="text"
        autoFocus
        aria-label={label}
        title={label}
        placeholder={glob ? '*.csv' : trans.__('Search below, then Enter')}
        spellCheck={false}
        value={search.pattern}
        onChange={event => search.change({ pattern: event.target.value })}
        onKeyDown={event => {
          if (event.key === 'Escape') {
            event.preventDefault();
            search.show(false);
          }
        }}
      />
      <div className="cdc-Bar-buttons">
        <IconButton
          icon={caseSensitiveIcon}
          label={trans.__('Tell small letters from capitals')}
          pressed={search.caseSensitive}
          onClick={() => search.change({ caseSensitive: !search.caseSensitive })}
        />
        <IconButton
          icon={regexIcon}
          label={trans.__('Glob: * and ? within a name, a step ** for any folders')}
          pressed={glob}
          onClick={() => search.change({ syntax: glob ? 'substring' : 'glob' })}
        />
        <IconButton icon={searchIcon} label={trans.__('Search')} submit disabled={!search.pattern} />
        <IconButton icon={closeIcon} label={trans.__('Close the search')} onClick={() => search.show(false)} />
      </div>
    </form>
  );
}

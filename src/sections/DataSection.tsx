/* Connection, place, filter, listing and uploads: the way through S3. */
import { addIcon, fileUploadIcon, refreshIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import type { ICrumb } from '../components/Breadcrumb';
import { Breadcrumb } from '../components/Breadcrumb';
import { IconButton } from '../components/buttons';
import { dataSetIcon } from '../components/icons';
import { ErrorNotice, Loading } from '../components/notices';
import { looksLikeDataSet } from '../models/dataset';
import { ancestors, displayName, makeUri } from '../models/location';
import { CommandIDs } from '../tokens';
import { ConnectionBar, NoConnection } from './ConnectionBar';
import { useCockpit, useModel } from './context';
import { DropZone } from './DropZone';
import { Entries } from './Entries';
import { UploadList } from './UploadList';

export function DataSection(): React.JSX.Element {
  const { cockpit, trans } = useCockpit();
  const connections = useModel(cockpit.connections);
  if (connections.error) {
    const retry = { label: trans.__('Retry'), run: () => void cockpit.connect() };
    return <ErrorNotice message={connections.error.message} retry={retry} />;
  }
  if (!connections.info) {
    return <Loading label={trans.__('Looking for connections…')} />;
  }
  if (!connections.list.length) {
    return <NoConnection />;
  }
  return (
    <>
      <ConnectionBar />
      <Place />
      <FilterBar />
      <DropZone>
        <Entries />
      </DropZone>
      <UploadList />
    </>
  );
}

function Place(): React.JSX.Element {
  const { cockpit, trans } = useCockpit();
  const browser = useModel(cockpit.browser);
  const { bucket, prefix } = browser.location;
  const crumbs: ICrumb[] = [
    { label: trans.__('Buckets'), title: trans.__('All buckets'), go: () => void cockpit.go({ bucket: null }) }
  ];
  if (bucket !== null) {
    const go = (to: string) => () => void cockpit.go({ bucket, prefix: to });
    crumbs.push({ label: bucket, title: makeUri(bucket, ''), go: go('') });
    for (const step of ancestors(prefix)) {
      const label = displayName(step.name) || trans.__('(empty name)');
      crumbs.push({ label, title: displayName(makeUri(bucket, step.prefix)), go: go(step.prefix) });
    }
  }
  const submit = async (text: string) =>
    (await cockpit.openUri(text)) ? null : trans.__('This names no place in S3. Type s3://bucket/prefix.');
  return (
    <Breadcrumb
      crumbs={crumbs}
      label={trans.__('Place')}
      editLabel={trans.__('Go to an s3:// URI')}
      inputLabel={trans.__('S3 URI to go to')}
      placeholder="s3://bucket/prefix"
      uri={bucket === null ? '' : makeUri(bucket, prefix)}
      actions={looksLikeDataSet(prefix, browser.entries) && <UseAsDataSet prefix={prefix} />}
      onSubmit={submit}
    />
  );
}

function UseAsDataSet({ prefix }: { prefix: string }): React.JSX.Element {
  const { cockpit, trans, execute } = useCockpit();
  const object = useModel(cockpit.object);
  return (
    <IconButton
      icon={dataSetIcon}
      label={trans.__('Use as data set')}
      pressed={object.target?.key === prefix}
      onClick={() => execute(CommandIDs.useDataSet, { prefix })}
    />
  );
}

function FilterBar(): React.JSX.Element {
  const { cockpit, trans, execute } = useCockpit();
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
      {bucket === null ? (
        <IconButton
          icon={addIcon}
          label={trans.__('Create a bucket')}
          disabled={connection === null}
          onClick={() => execute(CommandIDs.createBucket)}
        />
      ) : (
        <IconButton icon={fileUploadIcon} label={trans.__('Upload files')} onClick={() => execute(CommandIDs.upload)} />
      )}
      <IconButton icon={refreshIcon} label={trans.__('Refresh')} onClick={() => execute(CommandIDs.refresh)} />
    </div>
  );
}

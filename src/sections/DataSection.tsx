/* Connection, place, filter, listing and uploads: the way through S3. */
import * as React from 'react';
import { ErrorNotice, Loading } from '../components/notices';
import { ConnectionBar, NoConnection } from './ConnectionBar';
import { useCockpit, useModel } from './context';
import { DropZone } from './DropZone';
import { Entries } from './Entries';
import { FilterBar } from './FilterBar';
import { Place } from './Place';
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

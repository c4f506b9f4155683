/* Where one is: the trail of steps, what the place can be used as, and the favourites. */
import * as React from 'react';
import { Mark } from '../components/badges';
import type { ICrumb } from '../components/Breadcrumb';
import { Breadcrumb } from '../components/Breadcrumb';
import { IconButton } from '../components/buttons';
import { dataSetIcon, starIcon, starOutlineIcon } from '../components/icons';
import { looksLikeDataSet } from '../models/dataset';
import { ancestors, displayName, makeUri } from '../models/location';
import { CommandIDs } from '../tokens';
import { useCockpit, useModel } from './context';

export function Place(): React.JSX.Element {
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
      actions={
        <>
          {cockpit.connections.ref?.requester_pays && bucket !== null && (
            <Mark
              kind="requester-pays"
              text={trans.__('you pay')}
              title={trans.__('This connection tells S3 that you pay for requests and transfer')}
            />
          )}
          {looksLikeDataSet(prefix, browser.rows.table.holdsMarker) && <UseAsDataSet prefix={prefix} />}
          <FavouritesButton />
        </>
      }
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

function FavouritesButton(): React.JSX.Element {
  const { cockpit, trans, openMenu } = useCockpit();
  const favourites = useModel(cockpit.favourites);
  const pinned = favourites.has(cockpit.browser.location);
  return (
    <IconButton
      icon={pinned ? starIcon : starOutlineIcon}
      label={trans.__('Favourites')}
      popup="menu"
      onClick={event => openMenu('favourites', event.currentTarget)}
    />
  );
}

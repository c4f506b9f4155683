/* Commands for the listing itself: what it shows, in which order, and what is selected. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { searchIcon } from '@jupyterlab/ui-components';
import { flatIcon, starIcon } from '../components/icons';
import type { ColumnId } from '../models/columns';
import { COLUMNS } from '../models/columns';
import { makeUri, parentOf } from '../models/location';
import type { SortColumn } from '../models/order';
import { PANEL_ID } from '../panel';
import { CommandIDs } from '../tokens';
import type { ICommandsOptions } from './options';
import { shown } from './options';

export function addListingCommands(options: ICommandsOptions): void {
  addWays(options);
  addLooks(options);
  addFavourites(options);
}

function addWays({ app: { commands, shell }, cockpit, trans }: ICommandsOptions): void {
  const { browser, search } = cockpit;
  commands.addCommand(CommandIDs.openItem, {
    label: trans.__('Open'),
    isEnabled: () => cockpit.rows.activeEntry !== null,
    execute: shown(async () => {
      const { activeEntry } = cockpit.rows;
      const { bucket } = browser.location;
      if (activeEntry?.kind === 'bucket') {
        await cockpit.go({ bucket: activeEntry.key });
      } else if (activeEntry?.kind === 'prefix') {
        await cockpit.go({ bucket, prefix: activeEntry.key });
      } else if (activeEntry) {
        cockpit.look();
      }
    })
  });
  commands.addCommand(CommandIDs.showInFolder, {
    label: trans.__('Show in Its Folder'),
    isVisible: () => search.shown || browser.flat,
    isEnabled: () => cockpit.rows.activeEntry?.kind === 'object',
    execute: shown(async () => {
      const { activeEntry } = cockpit.rows;
      const { bucket } = browser.location;
      if (activeEntry) {
        browser.flat = false;
        await cockpit.go({ bucket, prefix: parentOf(activeEntry.key) }, activeEntry.key);
      }
    })
  });
  commands.addCommand(CommandIDs.search, {
    label: trans.__('Search Below This Prefix'),
    icon: searchIcon,
    isEnabled: () => browser.location.bucket !== null,
    execute: () => {
      shell.activateById(PANEL_ID);
      search.show(true);
    }
  });
  commands.addCommand(CommandIDs.selectAll, {
    label: trans.__('Select All'),
    isEnabled: () => cockpit.rows.count > 0 && browser.location.bucket !== null,
    execute: () => cockpit.rows.selectAll()
  });
}

function addLooks({ app: { commands }, cockpit, trans }: ICommandsOptions): void {
  const { browser, columns } = cockpit;
  const titles = columnTitles(trans);
  commands.addCommand(CommandIDs.toggleFlat, {
    label: trans.__('Show All Keys in One List'),
    caption: trans.__('Without folders: every key below the prefix'),
    icon: args => (args.isMenu ? undefined : flatIcon),
    isToggled: () => browser.flat,
    isEnabled: () => browser.location.bucket !== null,
    execute: shown(() => browser.setFlat(!browser.flat))
  });
  const columnOf = (value: unknown) => COLUMNS.find(column => column === value);
  commands.addCommand(CommandIDs.toggleColumn, {
    label: args => {
      const column = columnOf(args.column);
      const title = column ? titles[column] : '';
      return args.isPalette ? trans.__('Column “%1” of the Listing', title) : title;
    },
    isToggled: args => columns.chosen.includes(args.column as ColumnId),
    execute: args => {
      const column = columnOf(args.column);
      if (column) {
        columns.toggle(column);
      }
    }
  });
  commands.addCommand(CommandIDs.sortBy, {
    label: args => {
      const title = titles[args.column as SortColumn];
      if (!title) {
        return trans.__('As S3 Lists Them');
      }
      const whole = args.isPalette ? trans.__('Sort the Listing by %1', title) : trans.__('Sort by %1', title);
      return args.isPalette || args.isHeader ? whole : title;
    },
    isToggled: args => (args.column ? columns.sort?.column === args.column : columns.sort === null),
    execute: args => {
      const column = (['name', ...COLUMNS] as const).find(known => known === args.column);
      const again = column !== undefined && columns.sort?.column === column;
      const sort = column ? { column, descending: again && !columns.sort?.descending } : null;
      cockpit.setSort(columns.setSort(sort));
    }
  });
}

export function columnTitles(trans: TranslationBundle): Record<SortColumn, string> {
  return {
    name: trans.__('Name'),
    size: trans.__('Size'),
    date: trans.__('Modified'),
    class: trans.__('Storage class'),
    etag: trans.__('ETag')
  };
}

function addFavourites({ app: { commands, shell }, cockpit, trans }: ICommandsOptions): void {
  const { browser, favourites } = cockpit;
  const pinned = () => favourites.has(browser.location);
  commands.addCommand(CommandIDs.toggleFavourite, {
    label: () =>
      pinned() ? trans.__('Remove This Place from the Favourites') : trans.__('Add This Place to the Favourites'),
    icon: starIcon,
    isEnabled: () => browser.location.bucket !== null,
    execute: () => {
      const { connection, bucket, prefix } = browser.location;
      if (connection !== null && bucket !== null) {
        favourites.toggle({ connection, bucket, prefix });
      }
    }
  });
  commands.addCommand(CommandIDs.go, {
    label: args => (typeof args.bucket === 'string' ? labelOf(args) : trans.__('Go to a Place')),
    execute: shown(async args => {
      const { connection, bucket, prefix } = args;
      if (typeof bucket === 'string') {
        shell.activateById(PANEL_ID);
        if (typeof connection === 'string') {
          cockpit.connections.select(connection);
        }
        await cockpit.go({
          connection: typeof connection === 'string' ? connection : undefined,
          bucket,
          prefix: typeof prefix === 'string' ? prefix : ''
        });
      }
    })
  });
}

function labelOf({ connection, bucket, prefix }: { connection?: unknown; bucket?: unknown; prefix?: unknown }): string {
  return `${makeUri(String(bucket), String(prefix ?? ''))} (${String(connection)})`;
}

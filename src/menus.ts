/* The menus that buttons of the panel open. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { MenuSvg } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import type { Menu } from '@lumino/widgets';
import type { Cockpit } from './models/cockpit';
import { COLUMNS } from './models/columns';
import type { MenuName } from './sections/context';
import { CommandIDs } from './tokens';

/** Show a menu below an element. It is made anew each time, as what it holds changes. */
export function openMenu(
  name: MenuName,
  anchor: HTMLElement,
  { cockpit, commands, trans }: { cockpit: Cockpit; commands: CommandRegistry; trans: TranslationBundle }
): void {
  const menu = name === 'more' ? moreMenu(commands, trans) : favouritesMenu(cockpit, commands);
  const { left, bottom } = anchor.getBoundingClientRect();
  menu.aboutToClose.connect(() => {
    anchor.focus();
    // It closes before it runs what was chosen.
    requestAnimationFrame(() => menu.dispose());
  });
  menu.open(left, bottom);
}

const GROUPS: (readonly string[])[] = [
  [CommandIDs.newFolder, CommandIDs.upload, CommandIDs.paste],
  [CommandIDs.selectAll, CommandIDs.download, CommandIDs.downloadHere, CommandIDs.delete],
  [CommandIDs.search, CommandIDs.toggleFlat],
  [CommandIDs.toggleFavourite, CommandIDs.copyUri, CommandIDs.openUri]
];

function moreMenu(commands: CommandRegistry, trans: TranslationBundle): Menu {
  const menu = new MenuSvg({ commands });
  for (const group of GROUPS) {
    group.filter(command => commands.hasCommand(command)).forEach(command => menu.addItem({ command }));
    menu.addItem({ type: 'separator' });
  }
  const sort = new MenuSvg({ commands });
  sort.title.label = trans.__('Sort By');
  for (const column of ['name', ...COLUMNS]) {
    sort.addItem({ command: CommandIDs.sortBy, args: { column } });
  }
  sort.addItem({ type: 'separator' });
  sort.addItem({ command: CommandIDs.sortBy });
  menu.addItem({ type: 'submenu', submenu: sort });
  const columns = new MenuSvg({ commands });
  columns.title.label = trans.__('Columns');
  COLUMNS.forEach(column => columns.addItem({ command: CommandIDs.toggleColumn, args: { column } }));
  menu.addItem({ type: 'submenu', submenu: columns });
  return menu;
}

function favouritesMenu({ favourites }: Cockpit, commands: CommandRegistry): Menu {
  const menu = new MenuSvg({ commands });
  menu.addItem({ command: CommandIDs.toggleFavourite });
  menu.addItem({ type: 'separator' });
  favourites.list.forEach(({ connection, bucket, prefix }) => {
    menu.addItem({ command: CommandIDs.go, args: { connection, bucket, prefix } });
  });
  return menu;
}

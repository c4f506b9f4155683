/* Every action as a command: what the palette, the menus and the buttons call. One file a subject. */
import { addConnectionCommands } from './connections';
import { addJobCommands } from './jobs';
import { addObjectCommands } from './objects';
import type { ICommandsOptions } from './options';
import { addPlaceCommands } from './place';
import { addSliceCommands } from './slices';
import { addUploadCommands } from './uploads';

export function addCommands(options: ICommandsOptions): void {
  addConnectionCommands(options);
  addPlaceCommands(options);
  addObjectCommands(options);
  addUploadCommands(options);
  addSliceCommands(options);
  addJobCommands(options);
}

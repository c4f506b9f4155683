/* Every action as a command: what the palette, the menus and the buttons call. One file a subject. */
import { addBenchmarkCommands } from './benchmarks';
import { addConnectionCommands } from './connections';
import { addDownloadCommands } from './downloads';
import { addEditCommands } from './edit';
import { addJobCommands } from './jobs';
import { addLinkCommands } from './links';
import { addListingCommands } from './listing';
import { addObjectCommands } from './objects';
import type { ICommandsOptions } from './options';
import { addPlaceCommands } from './place';
import { addPropertyCommands } from './properties';
import { addSliceCommands } from './slices';
import { addUploadCommands } from './uploads';

export function addCommands(options: ICommandsOptions): void {
  addConnectionCommands(options);
  addPlaceCommands(options);
  addListingCommands(options);
  addEditCommands(options);
  addDownloadCommands(options);
  addLinkCommands(options);
  addPropertyCommands(options);
  addObjectCommands(options);
  addBenchmarkCommands(options);
  addUploadCommands(options);
  addSliceCommands(options);
  addJobCommands(options);
}

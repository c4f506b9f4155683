/* What jsdom lacks and JupyterLab's packages ask for while they load. */
import { Blob, File } from 'node:buffer';

// jsdom's own have no working slice().arrayBuffer().
Object.assign(globalThis, { Blob, File, IS_REACT_ACT_ENVIRONMENT: true });

if (!('DragEvent' in globalThis)) {
  Object.assign(globalThis, { DragEvent: class DragEvent extends MouseEvent {} });
}

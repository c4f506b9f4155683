/* A row dragged into a notebook or an editor becomes code. */
import { MimeData } from '@lumino/coreutils';
import { Drag } from '@lumino/dragdrop';
import type * as React from 'react';

const CELLS = 'application/vnd.jupyter.cells';
/** A hand that trembles does not drag. */
const LEAST = 5;

/** Watch the mouse from this press on; past a few pixels it is a drag with what `code` gives. */
export function watchForDrag(event: React.MouseEvent, label: string, source: unknown, code: () => string | null): void {
  if (event.button !== 0) {
    return;
  }
  const { clientX, clientY } = event;
  const onMove = (now: MouseEvent) => {
    if (Math.abs(now.clientX - clientX) + Math.abs(now.clientY - clientY) >= LEAST) {
      stop();
      const lines = code();
      if (lines !== null) {
        start(now, label, source, lines);
      }
    }
  };
  const stop = () => {
    document.removeEventListener('mousemove', onMove, true);
    document.removeEventListener('mouseup', stop, true);
  };
  document.addEventListener('mousemove', onMove, true);
  document.addEventListener('mouseup', stop, true);
}

function start({ clientX, clientY }: MouseEvent, label: string, source: unknown, code: string): void {
  const mimeData = new MimeData();
  const cell = { cell_type: 'code', source: code, metadata: {}, outputs: [], execution_count: null };
  mimeData.setData(CELLS, [cell]);
  mimeData.setData('text/plain', code);
  const dragImage = document.createElement('div');
  dragImage.className = 'cdc-DragImage';
  dragImage.textContent = label;
  // A notebook moves what it is given unless the drag says that it is a copy.
  const drag = new Drag({ mimeData, dragImage, supportedActions: 'copy', proposedAction: 'copy', source });
  void drag.start(clientX, clientY).then(() => drag.dispose());
}

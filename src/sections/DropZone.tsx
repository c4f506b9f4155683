/* Takes files that are dropped or pasted from the desktop or dragged from JupyterLab's files, and says where they go. */
import type { Drag } from '@lumino/dragdrop';
import * as React from 'react';
import { droppedFiles, holdsFiles } from '../files/dropped';
import { displayName, makeUri } from '../models/location';
import type { ITarget } from '../models/upload';
import { CommandIDs } from '../tokens';
import { useCockpit, useModel } from './context';

/** What a drag from JupyterLab's file browser carries: the paths of the files. */
const CONTENTS_MIME = 'application/x-jupyter-icontents';

export function DropZone({ children }: { children: React.ReactNode }): React.JSX.Element {
  const { cockpit, trans } = useCockpit();
  const { uploads } = cockpit;
  const browser = useModel(cockpit.browser);
  // Children get their own enter and leave events: the drag is outside when as many have left as have entered.
  const depth = React.useRef(0);
  const zone = React.useRef<HTMLDivElement>(null);
  const [over, setOver] = React.useState(false);
  const { connection, bucket, prefix } = browser.location;
  const target = connection !== null && bucket !== null ? { connection, bucket, prefix } : null;
  useLuminoDrops(zone, target, setOver);

  const onDrag = (event: React.DragEvent, change: number) => {
    if (!holdsFiles(event.dataTransfer)) {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    event.dataTransfer.dropEffect = target ? 'copy' : 'none';
    depth.current = Math.max(0, depth.current + change);
    setOver(depth.current > 0);
  };
  const take = async (transfer: DataTransfer, to: ITarget) => {
    try {
      const files = await droppedFiles(transfer, found => uploads.gather(found));
      uploads.gather(null);
      await uploads.add(files, to);
    } finally {
      uploads.gather(null);
    }
  };
  const onDrop = (event: React.DragEvent) => {
    onDrag(event, -depth.current);
    if (target && holdsFiles(event.dataTransfer)) {
      void take(event.dataTransfer, target);
    }
  };
  const onPaste = (event: React.ClipboardEvent) => {
    const typing = event.target instanceof HTMLInputElement;
    if (target && !typing && holdsFiles(event.clipboardData)) {
      event.preventDefault();
      event.stopPropagation();
      void take(event.clipboardData, target);
    }
  };
  return (
    <div
      ref={zone}
      className="cdc-DropZone"
      onDragEnter={event => onDrag(event, 1)}
      onDragOver={event => onDrag(event, 0)}
      onDragLeave={event => onDrag(event, -1)}
      onDrop={onDrop}
      onPaste={onPaste}
    >
      {children}
      {over && (
        <div className="cdc-DropZone-cover" data-allowed={target !== null}>
          {target
            ? trans.__('Drop to upload to %1', displayName(makeUri(target.bucket, target.prefix)))
            : trans.__('Open a bucket first: files are uploaded into it.')}
        </div>
      )}
    </div>
  );
}

/** Files of the Jupyter server, dragged from JupyterLab's file browser: Lumino has drag events of its own. */
function useLuminoDrops(
  zone: React.RefObject<HTMLElement>,
  target: ITarget | null,
  setOver: (over: boolean) => void
): void {
  const { execute } = useCockpit();
  const now = React.useRef(target);
  now.current = target;
  React.useEffect(() => {
    const node = zone.current;
    if (!node) {
      return undefined;
    }
    const listener = (event: Event) => {
      const drag = event as Drag.Event;
      if (!drag.mimeData.hasData(CONTENTS_MIME)) {
        return;
      }
      event.preventDefault();
      event.stopPropagation();
      setOver(event.type === 'lm-dragenter' || event.type === 'lm-dragover');
      if (event.type === 'lm-drop') {
        const paths = drag.mimeData.getData(CONTENTS_MIME) as string[];
        drag.dropAction = drag.proposedAction;
        execute(CommandIDs.uploadFromServer, { paths, ask: false });
      } else if (event.type === 'lm-dragover') {
        // The file browser offers to move only: nothing is moved by that, the files stay where they are.
        drag.dropAction = now.current ? drag.proposedAction : 'none';
      }
    };
    const types = ['lm-dragenter', 'lm-dragover', 'lm-dragleave', 'lm-drop'];
    types.forEach(type => node.addEventListener(type, listener));
    return () => types.forEach(type => node.removeEventListener(type, listener));
  }, [zone, setOver, execute]);
}

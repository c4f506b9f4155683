/* Takes files that are dropped from the desktop, and says where they would go. */
import * as React from 'react';
import { droppedFiles, holdsFiles } from '../components/droppedFiles';
import { displayName, makeUri } from '../models/location';
import { useCockpit, useModel } from './context';

export function DropZone({ children }: { children: React.ReactNode }): React.JSX.Element {
  const { cockpit, trans } = useCockpit();
  const browser = useModel(cockpit.browser);
  // Children get their own enter and leave events: the drag is outside when as many have left as have entered.
  const depth = React.useRef(0);
  const [over, setOver] = React.useState(false);
  const { connection, bucket, prefix } = browser.location;
  const target = connection !== null && bucket !== null ? { connection, bucket, prefix } : null;

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
  const onDrop = (event: React.DragEvent) => {
    onDrag(event, -depth.current);
    if (target && holdsFiles(event.dataTransfer)) {
      void droppedFiles(event.dataTransfer).then(files => cockpit.uploads.add(files, target));
    }
  };
  return (
    <div
      className="cdc-DropZone"
      onDragEnter={event => onDrag(event, 1)}
      onDragOver={event => onDrag(event, 0)}
      onDragLeave={event => onDrag(event, -1)}
      onDrop={onDrop}
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

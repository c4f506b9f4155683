/* The files in a drop or a paste from the desktop, those inside dropped folders included. */

export interface IDroppedFile {
  file: File;
  /** Path below the place of the drop. */
  path: string;
  /** Opens the file again after a reload, where the browser has that; not for files inside folders. */
  handle?: FileSystemFileHandle;
}

export function holdsFiles(transfer: DataTransfer | null): boolean {
  return !!transfer && Array.from(transfer.types).includes('Files');
}

/**
 * To be called while the drop is handled: the browser empties the transfer right after. `onFound` is told how many
 * files have been found so far; a folder may hold very many.
 */
export async function droppedFiles(
  transfer: DataTransfer,
  onFound: (count: number) => void = () => undefined
): Promise<IDroppedFile[]> {
  const items = Array.from(transfer.items).filter(item => item.kind === 'file');
  const entries = items.map(item => item.webkitGetAsEntry?.() ?? null);
  const handles = items.map(item => handleOf(item));
  const files = Array.from(transfer.files);
  if (!entries.some(entry => entry?.isDirectory)) {
    const opened = await Promise.all(handles);
    const plain = files.map((file, index) => ({ file, path: file.name, handle: fileHandle(opened[index], file) }));
    return plain.map(({ handle, ...rest }) => (handle ? { ...rest, handle } : rest));
  }
  const found: IDroppedFile[] = [];
  for (const entry of entries) {
    if (entry) {
      await findBelow(entry, '', found, onFound);
    }
  }
  return found;
}

interface IHandleItem {
  getAsFileSystemHandle?: () => Promise<FileSystemHandle | null>;
}

function handleOf(item: DataTransferItem): Promise<FileSystemHandle | null> {
  const ask = (item as unknown as IHandleItem).getAsFileSystemHandle;
  return ask ? ask.call(item).catch(() => null) : Promise.resolve(null);
}

function fileHandle(handle: FileSystemHandle | null | undefined, file: File): FileSystemFileHandle | undefined {
  return handle?.kind === 'file' && handle.name === file.name ? (handle as FileSystemFileHandle) : undefined;
}

async function findBelow(
  entry: FileSystemEntry,
  parent: string,
  found: IDroppedFile[],
  onFound: (count: number) => void
): Promise<void> {
  const path = parent + entry.name;
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    found.push({ file, path });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    // A folder is read in pieces of about a hundred entries, until a piece is empty.
    const piece = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    onFound(found.length);
    if (!piece.length) {
      return;
    }
    for (const child of piece) {
      await findBelow(child, `${path}/`, found, onFound);
    }
  }
}

/* The files in a drop from the desktop, those inside dropped folders included. */

export interface IDroppedFile {
  file: File;
  /** Path below the place of the drop. */
  path: string;
}

export function holdsFiles(transfer: DataTransfer | null): boolean {
  return !!transfer && Array.from(transfer.types).includes('Files');
}

/** To be called while the drop is handled: the browser empties the transfer right after. */
export async function droppedFiles(transfer: DataTransfer): Promise<IDroppedFile[]> {
  const entries = Array.from(transfer.items, item => (item.kind === 'file' ? item.webkitGetAsEntry?.() : null));
  const files = Array.from(transfer.files);
  if (entries.some(entry => entry?.isDirectory)) {
    const found = await Promise.all(entries.map(entry => (entry ? filesBelow(entry, '') : [])));
    return found.flat();
  }
  return files.map(file => ({ file, path: file.name }));
}

async function filesBelow(entry: FileSystemEntry, parent: string): Promise<IDroppedFile[]> {
  const path = parent + entry.name;
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    return [{ file, path }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const found: IDroppedFile[] = [];
  for (;;) {
    // A folder is read in pieces of about a hundred entries, until a piece is empty.
    const piece = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (!piece.length) {
      return found;
    }
    for (const child of piece) {
      found.push(...(await filesBelow(child, `${path}/`)));
    }
  }
}

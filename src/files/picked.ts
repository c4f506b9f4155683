/* Files and folders that a person picks in the browser's own dialog. */
import type { IDroppedFile } from './dropped';

interface IPicker {
  showOpenFilePicker?: (options: { multiple: boolean }) => Promise<FileSystemFileHandle[]>;
}

/** The files a person picks, none when she changes her mind; with handles where the browser offers them. */
export async function pickFiles(multiple = true): Promise<IDroppedFile[]> {
  const { showOpenFilePicker } = window as unknown as IPicker;
  if (!showOpenFilePicker) {
    return (await pickByInput({ multiple })).map(file => ({ file, path: file.name }));
  }
  try {
    const handles = await showOpenFilePicker.call(window, { multiple });
    return await Promise.all(
      handles.map(async handle => {
        const file = await handle.getFile();
        return { file, path: file.name, handle };
      })
    );
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') {
      return [];
    }
    throw error;
  }
}

/** All files of a folder, with their paths below it, the folder's own name first. */
export async function pickFolder(): Promise<IDroppedFile[]> {
  const files = await pickByInput({ multiple: true, webkitdirectory: true });
  return files.map(file => ({ file, path: file.webkitRelativePath || file.name }));
}

function pickByInput(properties: { multiple: boolean; webkitdirectory?: boolean }): Promise<File[]> {
  return new Promise(resolve => {
    const input = Object.assign(document.createElement('input'), { type: 'file', ...properties });
    input.onchange = () => resolve(Array.from(input.files ?? []));
    input.oncancel = () => resolve([]);
    input.click();
  });
}

interface IPermitting {
  queryPermission?: (options: { mode: 'read' }) => Promise<PermissionState>;
  requestPermission?: (options: { mode: 'read' }) => Promise<PermissionState>;
}

/** The file behind a handle, after the browser's question; null when it may not be read or is gone. */
export async function openHandle(handle: FileSystemFileHandle): Promise<File | null> {
  const permitting = handle as unknown as IPermitting;
  const mode = { mode: 'read' } as const;
  try {
    const now = (await permitting.queryPermission?.(mode)) ?? 'granted';
    const granted = now === 'granted' ? now : await permitting.requestPermission?.(mode);
    return granted === 'granted' ? await handle.getFile() : null;
  } catch {
    // Moved, deleted, or asked for without a click: it is picked by hand then.
    return null;
  }
}

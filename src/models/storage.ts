/* Storage classes of S3: which there are, and which must be restored before they can be read. */

export const STORAGE_CLASSES = [
  'STANDARD',
  'STANDARD_IA',
  'INTELLIGENT_TIERING',
  'ONEZONE_IA',
  'GLACIER_IR',
  'GLACIER',
  'DEEP_ARCHIVE'
] as const;

const ARCHIVES = ['GLACIER', 'DEEP_ARCHIVE'];

export function isArchiveClass(storageClass: string | null): boolean {
  return storageClass !== null && ARCHIVES.includes(storageClass);
}

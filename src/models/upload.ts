/* One file on its way: what is known of it, and the words about it that need no view. */
import type { ApiError } from '../api/client';
import { makeUri } from './location';

/**
 * `waiting` for its turn, `running`, `paused` by a person (its parts stay in S3), `fileless`: begun earlier, and waits
 * for its file since the page was closed; `finishing`: S3 puts the parts together.
 */
export type UploadState =
  'waiting' | 'running' | 'paused' | 'fileless' | 'finishing' | 'succeeded' | 'failed' | 'cancelled' | 'skipped';

export interface ITarget {
  connection: string;
  bucket: string;
  prefix: string;
}

/** A file to send. `path` leads from the target to it; `handle` opens it again after a reload, where a browser has that. */
export interface IGivenFile {
  file: File;
  path?: string;
  handle?: FileSystemFileHandle;
}

export interface IUploadItem {
  readonly id: number;
  /** Files that were given together; 0 for what an earlier page began. */
  batch: number;
  readonly name: string;
  readonly size: number;
  /** Milliseconds since the epoch; null when nobody knows. */
  readonly lastModified: number | null;
  readonly connection: string;
  readonly bucket: string;
  key: string;
  file: File | null;
  handle: FileSystemFileHandle | null;
  state: UploadState;
  /** Bytes that S3 has, as far as we know. */
  sent: number;
  /** Nothing moves: the server cannot be reached. It goes on by itself. */
  stalled: boolean;
  /** The parts that S3 has are being compared with the file. */
  checking: boolean;
  jobId: string | null;
  error: ApiError | null;
}

/** What to do with a file whose key exists. */
export type ConflictChoice = 'replace' | 'skip' | 'keep';

export interface IConflictAnswer {
  choice: ConflictChoice;
  /** The same for all further files that were given together with this one. */
  all: boolean;
}

export function isUnderWay(item: IUploadItem): boolean {
  return item.state === 'waiting' || item.state === 'running' || item.state === 'finishing';
}

/** Whether it can go on from where it stopped. */
export function isResting(item: IUploadItem): boolean {
  return item.state === 'paused' || item.state === 'fileless';
}

/** Whether it is through with the item's state for good, or until somebody asks again. */
export function hasEnded(item: IUploadItem): boolean {
  return !isUnderWay(item) && !isResting(item);
}

export function uploadUri(item: IUploadItem): string {
  return makeUri(item.bucket, item.key);
}

/** Whether `file` is the one with which the upload began, as far as name, size and date tell. */
export function isSameFile(item: IUploadItem, file: File): boolean {
  return (
    file.size === item.size &&
    file.name === item.name &&
    (item.lastModified === null || item.lastModified === file.lastModified)
  );
}

/** "a/b.tar.gz" -> "a/b (2).tar.gz": a key beside one that is taken. */
export function keyBeside(key: string, number: number): string {
  const slash = key.lastIndexOf('/') + 1;
  const name = key.slice(slash);
  const dot = /^.+?((?:\.[A-Za-z0-9]{1,10}){1,2})$/.exec(name);
  const ending = dot ? dot[1] : '';
  return `${key.slice(0, slash)}${name.slice(0, name.length - ending.length)} (${number})${ending}`;
}

import { describe, expect, it } from 'vitest';
import { droppedFiles } from './dropped';

type Tree = { [name: string]: Tree | string };

/** An entry as a browser gives it: folders are read in pieces of two. */
function entryOf(name: string, content: Tree | string): FileSystemEntry {
  if (typeof content === 'string') {
    const file = (done: (file: File) => void) => done(new File([content], name));
    return { name, isFile: true, isDirectory: false, file } as unknown as FileSystemEntry;
  }
  const createReader = () => {
    const left = Object.entries(content).map(([child, inner]) => entryOf(child, inner));
    return { readEntries: (done: (piece: FileSystemEntry[]) => void) => done(left.splice(0, 2)) };
  };
  return { name, isFile: false, isDirectory: true, createReader } as unknown as FileSystemEntry;
}

function transferOf(tree: Tree): DataTransfer {
  const items = Object.entries(tree).map(([name, content]) => ({
    kind: 'file',
    webkitGetAsEntry: () => entryOf(name, content)
  }));
  const files = Object.keys(tree).map(name => new File(['?'], name));
  return { items, files, types: ['Files'] } as unknown as DataTransfer;
}

async function pathsOf(tree: Tree): Promise<[string, number][]> {
  return (await droppedFiles(transferOf(tree))).map(({ path, file }) => [path, file.size]);
}

describe('droppedFiles', () => {
  it('keeps the paths below a folder, however deep and however many', async () => {
    const many = Object.fromEntries(['a', 'b', 'c', 'd', 'e'].map(name => [name, name.repeat(3)]));
    const tree = {
      'x.ms': { 'table.dat': 'table', ANTENNA: { 'table.dat': 'an', deep: many }, empty: {} },
      'b.csv': '1'
    };
    expect(await pathsOf(tree)).toEqual([
      ['x.ms/table.dat', 5],
      ['x.ms/ANTENNA/table.dat', 2],
      ...Object.keys(many).map(name => [`x.ms/ANTENNA/deep/${name}`, 3]),
      ['b.csv', 1]
    ]);
  });

  it('takes files as they are when there is no folder among them', async () => {
    expect(await pathsOf({ 'a.csv': '12', 'b.csv': '' })).toEqual([
      ['a.csv', 1],
      ['b.csv', 1]
    ]);
  });
});

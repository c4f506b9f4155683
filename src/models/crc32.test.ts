import { crc32 as reference } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { crc32, crc32Of, hexOf } from './crc32';

const bytesOf = (text: string) => new TextEncoder().encode(text);
const noise = (length: number) => Uint8Array.from({ length }, (_, index) => (index * 2654435761) >>> 13);

describe('crc32', () => {
  it.each([
    ['', '00000000'],
    ['123456789', 'cbf43926'],
    ['The quick brown fox jumps over the lazy dog', '414fa339']
  ])('of %j is %s', (text, expected) => {
    expect(hexOf(crc32(bytesOf(text)))).toBe(expected);
  });

  it('agrees with zlib at every length around its stride', () => {
    for (let length = 0; length < 70; length += 1) {
      expect(crc32(noise(length))).toBe(reference(noise(length)));
    }
  });

  it('goes on where another piece has ended', () => {
    const bytes = noise(1001);
    expect(crc32(bytes.subarray(333), crc32(bytes.subarray(0, 333)))).toBe(reference(bytes));
  });
});

describe('crc32Of', () => {
  it('reads a file of several pieces', async () => {
    const bytes = noise((1 << 20) * 2 + 17);
    expect(await crc32Of(new Blob([bytes]))).toBe(hexOf(reference(bytes)));
  });

  it('stops when it is told to', async () => {
    const abort = new AbortController();
    abort.abort();
    await expect(crc32Of(new Blob(['x']), abort.signal)).rejects.toThrow('aborted');
  });
});

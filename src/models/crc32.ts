/* CRC-32 (IEEE 802.3, as in gzip and S3) of bytes and of files, by sixteen tables. */

/** The polynomial with its bits reversed. */
const POLYNOMIAL = 0xedb88320;
const STRIDE = 16;
/** A file is read in pieces of this size: between two of them the page can draw and answer. */
const PIECE = 1 << 20;

/** `TABLES[n][byte]`: what `byte` contributes when n further bytes follow it. */
const TABLES = makeTables();

function makeTables(): Uint32Array[] {
  const tables = Array.from({ length: STRIDE }, () => new Uint32Array(256));
  for (let byte = 0; byte < 256; byte += 1) {
    let value = byte;
    for (let bit = 0; bit < 8; bit += 1) {
      value = value & 1 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1;
    }
    tables[0][byte] = value;
  }
  for (let later = 1; later < STRIDE; later += 1) {
    for (let byte = 0; byte < 256; byte += 1) {
      const value = tables[later - 1][byte];
      tables[later][byte] = (value >>> 8) ^ tables[0][value & 0xff];
    }
  }
  return tables;
}

/** The checksum of `bytes` that follow others whose checksum is `before`. */
export function crc32(bytes: Uint8Array, before = 0): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7, t8, t9, t10, t11, t12, t13, t14, t15] = TABLES;
  let crc = ~before;
  let at = 0;
  for (const end = bytes.length - STRIDE; at <= end; at += STRIDE) {
    crc =
      t15[bytes[at] ^ (crc & 0xff)] ^
      t14[bytes[at + 1] ^ ((crc >>> 8) & 0xff)] ^
      t13[bytes[at + 2] ^ ((crc >>> 16) & 0xff)] ^
      t12[bytes[at + 3] ^ (crc >>> 24)] ^
      t11[bytes[at + 4]] ^
      t10[bytes[at + 5]] ^
      t9[bytes[at + 6]] ^
      t8[bytes[at + 7]] ^
      t7[bytes[at + 8]] ^
      t6[bytes[at + 9]] ^
      t5[bytes[at + 10]] ^
      t4[bytes[at + 11]] ^
      t3[bytes[at + 12]] ^
      t2[bytes[at + 13]] ^
      t1[bytes[at + 14]] ^
      t0[bytes[at + 15]];
  }
  for (; at < bytes.length; at += 1) {
    crc = (crc >>> 8) ^ t0[(crc ^ bytes[at]) & 0xff];
  }
  return ~crc >>> 0;
}

/** Eight hexadecimal digits, as the server writes them. */
export function hexOf(crc: number): string {
  return crc.toString(16).padStart(8, '0');
}

/** The checksum of a file's bytes, read piece by piece: memory does not grow with the file. */
export async function crc32Of(blob: Blob, signal?: AbortSignal): Promise<string> {
  let crc = 0;
  for (let start = 0; start < blob.size; start += PIECE) {
    signal?.throwIfAborted();
    crc = crc32(new Uint8Array(await blob.slice(start, start + PIECE).arrayBuffer()), crc);
  }
  return hexOf(crc);
}

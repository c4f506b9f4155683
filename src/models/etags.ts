/* ETags in few bytes: 32 hexadecimal digits are 16 bytes, "-3" of a multipart object a number; others stay strings. */

const LEAST = 64;
const USUAL = /^([0-9a-f]{32})(?:-(\d{1,5}))?$/;
/** In place of a number of parts: no ETag, one without parts, one that is kept as a string. */
const NONE = 0;
const PLAIN = 0xffff;
const OTHER = 0xfffe;

export class EtagColumn {
  get(row: number): string {
    const parts = this._parts[row] ?? NONE;
    if (parts === NONE) {
      return '';
    }
    if (parts === OTHER) {
      return this._others.get(row) ?? '';
    }
    let digits = '';
    for (let at = row * 16; at < row * 16 + 16; at += 1) {
      digits += this._bytes[at].toString(16).padStart(2, '0');
    }
    return parts === PLAIN ? digits : `${digits}-${parts}`;
  }

  set(row: number, etag: string): void {
    this.grow(row);
    this._others.delete(row);
    const usual = USUAL.exec(etag);
    const parts = usual?.[2] === undefined ? PLAIN : Number(usual[2]);
    if (etag === '') {
      this._parts[row] = NONE;
    } else if (!usual || parts === NONE || (usual[2] !== undefined && (parts >= OTHER || usual[2] !== String(parts)))) {
      this._parts[row] = OTHER;
      this._others.set(row, etag);
    } else {
      this._parts[row] = parts;
      for (let at = 0; at < 16; at += 1) {
        this._bytes[row * 16 + at] = hexDigit(etag, 2 * at) * 16 + hexDigit(etag, 2 * at + 1);
      }
    }
  }

  /** What stands at rows `from` up to `end`, from row `to` on, which is before them. */
  move(from: number, end: number, to: number): void {
    this._bytes.copyWithin(to * 16, from * 16, end * 16);
    this._parts.copyWithin(to, from, end);
    for (let row = from; this._others.size && row < end; row += 1) {
      if (this._parts[to + row - from] === OTHER) {
        this._others.set(to + row - from, this._others.get(row) ?? '');
      }
    }
  }

  /** Make room for a row before row `at` of `count`. */
  insert(at: number, count: number): void {
    this.grow(count);
    this._bytes.copyWithin((at + 1) * 16, at * 16, count * 16);
    this._parts.copyWithin(at + 1, at, count);
    const later = [...this._others].filter(([row]) => row >= at);
    later.forEach(([row]) => this._others.delete(row));
    later.forEach(([row, etag]) => this._others.set(row + 1, etag));
    this._parts[at] = NONE;
  }

  private grow(row: number): void {
    if (row < this._parts.length) {
      return;
    }
    const room = Math.max(row + 1, this._parts.length * 2);
    const bytes = new Uint8Array(room * 16);
    bytes.set(this._bytes);
    const parts = new Uint16Array(room);
    parts.set(this._parts);
    [this._bytes, this._parts] = [bytes, parts];
  }

  private _bytes = new Uint8Array(LEAST * 16);
  private _parts = new Uint16Array(LEAST);
  private readonly _others = new Map<number, string>();
}

function hexDigit(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return code < 0x40 ? code - 0x30 : code - 0x57;
}

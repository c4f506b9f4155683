/* Names looked through whatever the case of their letters, without a new string for each of a million rows. */

/** The code of a letter, small where it is a Latin one. */
export function folded(code: number): number {
  return code >= 0x41 && code <= 0x5a ? code + 0x20 : code;
}

/** Whether what stands in `text` between `from` and `end` begins with `wanted`, which is given in small letters. */
export function beginsWith(text: string, wanted: string, from = 0, end = text.length): boolean {
  for (let at = 0; at < wanted.length; at += 1) {
    const code = from + at < end ? text.charCodeAt(from + at) : -1;
    if (code > 0x7f) {
      // Beyond ASCII a small letter may be another number of characters than its capital.
      return text.slice(from, end).toLowerCase().startsWith(wanted);
    }
    if (folded(code) !== wanted.charCodeAt(at)) {
      return false;
    }
  }
  return true;
}

/** Whether `wanted`, which is given in small letters, stands in `text` between `from` and `end`. */
export function holds(text: string, wanted: string, from = 0, end = text.length): boolean {
  const first = wanted.charCodeAt(0);
  for (let at = from; at < end; at += 1) {
    const code = text.charCodeAt(at);
    if (code > 0x7f) {
      return text.slice(from, end).toLowerCase().includes(wanted);
    }
    if (folded(code) === first && beginsWith(text, wanted, at, end)) {
      return true;
    }
  }
  return wanted === '';
}

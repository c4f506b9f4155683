/* Amounts as people type them: "16 MiB", "1e6", "64k". */

const POWERS = 'kmgtp';

/** A whole number of at least one, or null. K, KiB and the like are powers of 1,024 and kB is 1,000, as everywhere. */
export function parseAmount(text: string): number | null {
  const found = /^([\d._ ]*\d(?:e\d+)?)\s*(?:([kmgtp])(i?b)?|b)?$/i.exec(text.trim());
  if (!found) {
    return null;
  }
  const [, digits, unit = '', tail = ''] = found;
  const base = tail.toLowerCase() === 'b' ? 1000 : 1024;
  const power = unit ? POWERS.indexOf(unit.toLowerCase()) + 1 : 0;
  const number = Number(digits.replace(/[_ ]/g, '')) * base ** power;
  return Number.isFinite(number) && number >= 1 && number <= Number.MAX_SAFE_INTEGER ? Math.round(number) : null;
}

/** Whether values of this way to cut are bytes. */
export function isBytes(parameter: string): boolean {
  return /(^|_)bytes$/.test(parameter);
}

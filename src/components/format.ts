/* Numbers and times in a form for people. */

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** 1536 -> "1.5 KiB": three digits at most, in powers of 1024. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  // 999.5 would be rounded to four digits.
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${trimZeros(value.toFixed(digits))} ${UNITS[unit]}`;
}

/** "16 of 40 MiB", or with both units where they differ: as short as a narrow panel needs it. */
export function formatShare(done: number, total: number): [string, string] {
  const [share, whole] = [formatBytes(done), formatBytes(total)];
  const [amount, unit] = share.split(' ');
  return [whole.endsWith(` ${unit}`) ? amount : share, whole];
}

function trimZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

export function formatCount(count: number, locale?: string): string {
  return new Intl.NumberFormat(locale).format(count);
}

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['second', 60],
  ['minute', 60],
  ['hour', 24],
  ['day', 7],
  ['week', 4.345],
  ['month', 12],
  ['year', Infinity]
];

/** "3 hours ago", in the browser's language unless told. */
export function formatRelative(date: Date, now: Date = new Date(), locale?: string): string {
  let value = (date.getTime() - now.getTime()) / 1000;
  const format = new Intl.RelativeTimeFormat(locale, { numeric: 'auto', style: 'narrow' });
  if (Math.abs(value) < 5) {
    return format.format(0, 'second');
  }
  for (const [unit, length] of STEPS) {
    if (Math.abs(value) < length) {
      return format.format(Math.trunc(value), unit);
    }
    value /= length;
  }
  return date.toISOString();
}

export function formatDateTime(date: Date, locale?: string): string {
  return new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'medium' }).format(date);
}

/** 75 -> "1 min 15 s", 7300 -> "2 h 1 min": how long something takes. */
export function formatSeconds(seconds: number): string {
  const whole = Math.max(1, Math.round(seconds));
  if (whole < 60) {
    return `${whole} s`;
  }
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) {
    return minutes < 10 && whole % 60 ? `${minutes} min ${whole % 60} s` : `${minutes} min`;
  }
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h${minutes % 60 ? ` ${minutes % 60} min` : ''}` : `${Math.round(hours / 24)} d`;
}

/** "Nov 21, 14:05": for lists, where the year is seldom in doubt. */
export function formatShortDate(date: Date, locale?: string): string {
  const options: Intl.DateTimeFormatOptions = { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' };
  return new Intl.DateTimeFormat(locale, { ...options, hourCycle: 'h23' }).format(date);
}

/** Beginning and end of a text that is too long for a tab or a status bar; whole characters stay whole. */
export function shortened(text: string, most = 40): string {
  const characters = Array.from(text);
  const end = Math.floor((most - 1) / 2);
  return characters.length <= most
    ? text
    : `${characters.slice(0, most - 1 - end).join('')}…${characters.slice(-end).join('')}`;
}

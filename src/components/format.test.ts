import { describe, expect, it } from 'vitest';
import { formatBytes, formatRelative, formatSeconds, formatShare, shortened } from './format';

describe('formatBytes', () => {
  it.each([
    [0, '0 B'],
    [1, '1 B'],
    [999, '999 B'],
    [1000, '0.98 KiB'],
    [1024, '1 KiB'],
    [1536, '1.5 KiB'],
    [10 * 1024 + 512, '10.5 KiB'],
    [1023 * 1024, '1 MiB'],
    [8 << 20, '8 MiB'],
    [5 * 1024 ** 4, '5 TiB'],
    [5000 * 1024 ** 5, '5000 PiB']
  ])('%d is %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });
});

describe('formatRelative', () => {
  const now = new Date('2026-06-15T12:00:00Z');
  it.each([
    ['2026-06-15T11:59:58Z', 'now'],
    ['2026-06-15T11:59:30Z', '30s ago'],
    ['2026-06-15T09:00:00Z', '3h ago'],
    ['2026-06-14T11:00:00Z', 'yesterday'],
    ['2026-03-15T12:00:00Z', '3mo ago'],
    ['2020-06-15T12:00:00Z', '6y ago']
  ])('%s is %s', (date, text) => {
    expect(formatRelative(new Date(date), now, 'en')).toBe(text);
  });
});

describe('formatShare', () => {
  it.each([
    [16 << 20, 40 << 20, ['16', '40 MiB']],
    [900, 40 << 20, ['900 B', '40 MiB']],
    [0, 0, ['0', '0 B']]
  ])('%d of %d is %j', (done, total, texts) => {
    expect(formatShare(done, total)).toEqual(texts);
  });
});

describe('formatSeconds', () => {
  it.each([
    [0.2, '1 s'],
    [59.4, '59 s'],
    [75, '1 min 15 s'],
    [600, '10 min'],
    [7300, '2 h 1 min'],
    [7200, '2 h'],
    [200_000, '2 d']
  ])('%d is %s', (seconds, text) => {
    expect(formatSeconds(seconds)).toBe(text);
  });
});

describe('shortened', () => {
  it.each([
    ['genes.fa', 'genes.fa'],
    ['a-very-long-name.csv', 'a-ver….csv'],
    ['𝒜𝒜𝒜𝒜𝒜𝒜𝒜𝒜𝒜𝒜𝒜', '𝒜𝒜𝒜𝒜𝒜…𝒜𝒜𝒜𝒜']
  ])('%s is %s', (text, short) => {
    expect(shortened(text, 10)).toBe(short);
  });
});

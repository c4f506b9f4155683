import { describe, expect, it } from 'vitest';
import { beginsWith, holds } from './letters';

const TEXTS = ['a', 'run/', 'Station-10.CSV', 'aaab', 'Ärger.csv', 'x İstanbul', 'ΟΔΟΣ', 'K 300', 'snö_På', '雨の日a'];
const WANTED = [
  '',
  'a',
  '/',
  'aab',
  'station',
  '10.c',
  'ä',
  'är',
  'i',
  'i̇s',
  'σ',
  'ς',
  'k',
  'k 3',
  'på',
  'の日a',
  'zz'
];

describe('letters', () => {
  it.each(TEXTS)('are found in %j as in its small letters', text => {
    for (const wanted of WANTED) {
      for (const [from, end] of [
        [0, text.length],
        [1, text.length],
        [0, text.length - 1]
      ]) {
        const small = text.slice(from, end).toLowerCase();
        expect([wanted, from, holds(text, wanted, from, end)]).toEqual([wanted, from, small.includes(wanted)]);
        expect([wanted, from, beginsWith(text, wanted, from, end)]).toEqual([wanted, from, small.startsWith(wanted)]);
      }
    }
  });
});

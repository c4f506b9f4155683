/* Words for benchmarks: what was varied, what was timed, where. */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { BenchmarkResult, BenchmarkSummary, FormatInfo } from '../api/schema';
import { formatBytes, formatCount, formatShortDate } from '../components/format';
import { isBytes } from '../models/amount';
import type { IBenchmarkTarget } from '../models/benchmark';
import { parametersOf } from '../models/sweep';

export function parameterTitle(name: string, format: FormatInfo | null, trans: TranslationBundle): string {
  const known = format ? parametersOf(format, trans.__('Bytes per slice')) : [];
  return known.find(parameter => parameter.name === name)?.title ?? name;
}

export function timedWords(timed: string, trans: TranslationBundle): string {
  if (timed === 'read') {
    return trans.__('bytes read');
  }
  if (timed === 'get') {
    return trans.__('natural object');
  }
  return timed.startsWith('notebook:') ? trans.__('%1 of a notebook', timed.slice('notebook:'.length)) : timed;
}

/** "threads × 4, bytes read, Nov 21, 14:05": by what results are told apart. */
export function seriesName(result: BenchmarkResult | BenchmarkSummary, trans: TranslationBundle): string {
  const { executor, workers, timed, created } = result;
  return `${executor} × ${workers}, ${timedWords(timed, trans)}, ${formatShortDate(new Date(created))}`;
}

/** A value of a way to cut, for people. */
export function shownValue(parameter: string, value: number): string {
  return isBytes(parameter) ? formatBytes(value) : formatCount(value);
}

/** For the command that cuts the object by a value. */
export function cutArguments(
  { connection, bucket, key, format }: IBenchmarkTarget,
  { parameter, value, numSlices }: { parameter: string; value: number; numSlices: number | null }
): ReadonlyPartialJSONObject {
  return { connection, bucket, key, format, parameter, value, numSlices };
}

export function bestWords(result: BenchmarkResult): string {
  const value = result.recommendation?.value;
  return value === null || value === undefined ? '' : shownValue(result.parameter, value);
}

/** What a benchmark recommends, and how sure that is. */
export function verdictWords(result: BenchmarkResult, title: string, trans: TranslationBundle): string {
  const { recommendation } = result;
  if (!recommendation || recommendation.value === null) {
    return recommendation?.words ?? '';
  }
  const { verdict, gain, gain_low, gain_high } = recommendation;
  // Together on a line.
  const best = `${title}\u00a0=\u00a0${bestWords(result)}`;
  const digits = (value: number) => value.toFixed(2);
  switch (verdict) {
    case 'best':
    case 'cheaper': {
      const first =
        verdict === 'best'
          ? trans.__('%1 is the fastest.', best)
          : trans.__('%1 is as fast as the fastest, as far as can be told, with fewer requests or slices.', best);
      return gain === null || gain_low === null || gain_high === null
        ? first
        : `${first} ${trans.__('%1 times as fast as the next that is surely slower (95 % interval %2 to %3).', digits(gain), digits(gain_low), digits(gain_high))}`;
    }
    case 'no difference':
      return trans.__('No difference between the values can be told. %1 is the cheapest.', best);
    default:
      return trans.__('Only %1 was tried.', best);
  }
}

/** What stands at the recommended value: the fastest is not always the one to be preferred. */
export function markWords(result: BenchmarkResult, trans: TranslationBundle): string {
  return result.recommendation?.verdict === 'best' ? trans.__('best') : trans.__('recommended');
}

/* A benchmark as a table: a row for each value, the best one marked, each of them to be used. */
import * as React from 'react';
import type { BenchmarkPoint, BenchmarkResult } from '../api/schema';
import { formatBytes, formatCount } from '../components/format';
import { useCockpit } from '../sections/context';
import { CommandIDs } from '../tokens';
import { useBenchmark } from './context';
import { cutArguments, markWords, shownValue } from './words';

export function PointTable({ result, title }: { result: BenchmarkResult; title: string }): React.JSX.Element {
  const { trans } = useCockpit();
  const { points, recommendation } = result;
  const slices = result.parameter !== 'num_slices';
  const counted = points.some(({ requests }) => requests !== null);
  const failing = points.some(({ failures }) => failures > 0);
  return (
    // What scrolls has to be reachable by the keyboard.
    <div className="cdc-PointTable" tabIndex={0} role="region" aria-label={trans.__('Values measured')}>
      <table>
        <thead>
          <tr>
            <th scope="col">{title}</th>
            <th scope="col">
              <span className="cdc-mod-hidden">{trans.__('Use')}</span>
            </th>
            {slices && <th scope="col">{trans.__('Slices')}</th>}
            <th scope="col">{trans.__('Throughput')}</th>
            <th scope="col" title={trans.__('The median, and what 95 of 100 slices stay below')}>
              {trans.__('Time per slice')}
            </th>
            {counted && <th scope="col">{trans.__('Requests')}</th>}
            {counted && <th scope="col">{trans.__('Cost')}</th>}
            <th scope="col">{trans.__('Memory')}</th>
            {failing && <th scope="col">{trans.__('Failures')}</th>}
          </tr>
        </thead>
        <tbody>
          {points.map(point => (
            <Row
              key={point.value}
              result={result}
              point={point}
              best={recommendation?.value === point.value}
              columns={{ slices, counted, failing }}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface IRowProps {
  result: BenchmarkResult;
  point: BenchmarkPoint;
  best: boolean;
  columns: { slices: boolean; counted: boolean; failing: boolean };
}

function Row({ result, point, best, columns }: IRowProps): React.JSX.Element {
  const { trans, execute } = useCockpit();
  const { model } = useBenchmark();
  const value = shownValue(result.parameter, point.value);
  const use = () =>
    execute(
      CommandIDs.useBatchSize,
      cutArguments(model.target, { parameter: result.parameter, value: point.value, numSlices: point.num_slices })
    );
  return (
    <tr className={best ? 'cdc-mod-best' : undefined} data-value={point.value}>
      <th scope="row">
        {value}
        {best && <span className="cdc-Mark">{markWords(result, trans)}</span>}
      </th>
      <td>
        <button
          type="button"
          className="cdc-LinkButton"
          disabled={point.throughput === null}
          aria-label={trans.__('Use %1', value)}
          onClick={use}
        >
          {trans.__('Use')}
        </button>
      </td>
      {columns.slices && <td>{formatCount(point.num_slices)}</td>}
      {point.throughput === null ? (
        <td colSpan={2} className="cdc-PointTable-problem">
          {point.problem ?? trans.__('failed')}
        </td>
      ) : (
        <>
          <td title={trans.__('With its 95 % interval')}>
            {formatBytes(point.throughput)}/s
            <Quiet text={interval(point)} />
          </td>
          <td>
            {duration(point.slice_median)}
            <Quiet text={point.slice_p95 === null ? '' : `≤ ${duration(point.slice_p95)}`} />
          </td>
        </>
      )}
      {columns.counted && <td>{point.requests === null ? '' : formatCount(point.requests)}</td>}
      {columns.counted && <td>{point.cost === null ? '' : price(point.cost, result.prices.currency)}</td>}
      <td>{point.peak_memory === null ? '' : formatBytes(point.peak_memory)}</td>
      {columns.failing && <td>{point.failures || ''}</td>}
    </tr>
  );
}

function Quiet({ text }: { text: string }): React.JSX.Element | null {
  return text ? <span className="cdc-quiet"> {text}</span> : null;
}

/** "276 – 593"; nothing where it was measured once. */
function interval({ throughput, throughput_low, throughput_high }: BenchmarkPoint): string {
  if (
    throughput === null ||
    throughput_low === null ||
    throughput_high === null ||
    throughput_low === throughput_high
  ) {
    return '';
  }
  const [low, high] = [formatBytes(throughput_low), formatBytes(throughput_high)];
  const unit = formatBytes(throughput).split(' ')[1];
  const bare = (text: string) => (text.endsWith(` ${unit}`) ? text.split(' ')[0] : text);
  return `(${bare(low)} – ${bare(high)})`;
}

/** 0.0123 -> "12.3 ms". */
function duration(seconds: number | null): string {
  if (seconds === null) {
    return '';
  }
  const [value, unit] = seconds < 1 ? [seconds * 1000, 'ms'] : [seconds, 's'];
  return `${Number(value.toPrecision(3))} ${unit}`;
}

function price(amount: number, currency: string): string {
  return new Intl.NumberFormat(undefined, { style: 'currency', currency, maximumSignificantDigits: 2 }).format(amount);
}

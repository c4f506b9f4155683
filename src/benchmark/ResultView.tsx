/* What a benchmark came to: the recommendation, the chart, where it was measured, the table, and ways out of here. */
import * as React from 'react';
import type { BenchmarkResult } from '../api/schema';
import { formatDateTime, formatSeconds } from '../components/format';
import { displayName, nameBelow, parentOf } from '../models/location';
import { useCockpit } from '../sections/context';
import { CommandIDs } from '../tokens';
import { Chart } from './Chart';
import { useBenchmark } from './context';
import { PointTable } from './PointTable';
import {
  bestWords,
  cutArguments,
  markWords,
  parameterTitle,
  seriesName,
  shownValue,
  timedWords,
  verdictWords
} from './words';

export function ResultView({ result }: { result: BenchmarkResult }): React.JSX.Element {
  const { trans } = useCockpit();
  const { model } = useBenchmark();
  const [png, setPng] = React.useState<string | null>(null);
  const results = model.compared ? [result, model.compared] : [result];
  const names = results.map(each => seriesName(each, trans));
  const key = model.target.key.replace(/\/$/, '');
  const name = displayName(nameBelow(parentOf(key), key));
  const words = {
    title: results.length > 1 ? name : `${name}: ${names[0]}`,
    parameter: parameterTitle(result.parameter, model.format, trans),
    throughput: trans.__('Throughput'),
    perSlice: trans.__('Time per slice'),
    best: markWords(result, trans),
    median: trans.__('Median'),
    shown: (value: number) => shownValue(result.parameter, value),
    // Two results of the same minute are still two.
    series: names[0] === names[1] ? names.map((name, index) => `${index + 1}: ${name}`) : names
  };
  const measured = result.points.some(({ throughput }) => throughput !== null);
  return (
    <section className="cdc-Result" data-benchmark={result.id} data-finished={result.finished}>
      <Verdict result={result} />
      {measured && <Chart results={results} words={words} onPng={setPng} />}
      <Bar result={result} png={png} />
      <PointTable result={result} title={words.parameter} />
      <Facts result={result} />
    </section>
  );
}

function Verdict({ result }: { result: BenchmarkResult }): React.JSX.Element {
  const { trans, execute } = useCockpit();
  const { model } = useBenchmark();
  const { recommendation } = result;
  if (!result.finished || !recommendation) {
    const words = model.running
      ? trans.__('Measuring. The chart is drawn as values come in.')
      : trans.__('It was ended before all was measured: this is what there is.');
    return <p className="cdc-Verdict cdc-quiet">{words}</p>;
  }
  const { value, num_slices, verdict } = recommendation;
  return (
    <div className="cdc-Verdict" data-verdict={verdict}>
      <p className="cdc-Verdict-words">
        {verdictWords(result, parameterTitle(result.parameter, model.format, trans), trans)}
      </p>
      {value !== null && (
        <button
          type="button"
          className="cdc-Button cdc-mod-primary"
          title={trans.__('Cut the object by %1', bestWords(result))}
          onClick={() =>
            execute(
              CommandIDs.useBatchSize,
              cutArguments(model.target, { parameter: result.parameter, value, numSlices: num_slices })
            )
          }
        >
          {trans.__('Use This Value')}
        </button>
      )}
    </div>
  );
}

function Bar({ result, png }: { result: BenchmarkResult; png: string | null }): React.JSX.Element {
  const { trans } = useCockpit();
  const { model, fetch } = useBenchmark();
  const key = model.target.key.replace(/\/$/, '');
  const stem = `benchmark-${displayName(nameBelow(parentOf(key), key))}`;
  return (
    <div className="cdc-Bar cdc-mod-flush">
      <button
        type="button"
        className="cdc-Button"
        title={trans.__('All values as CSV')}
        onClick={() => fetch(model.csvAddress(result.id), `${stem}.csv`)}
      >
        CSV
      </button>
      <button
        type="button"
        className="cdc-Button"
        title={trans.__('The chart as PNG')}
        disabled={png === null}
        onClick={() => fetch(`data:image/png;base64,${png ?? ''}`, `${stem}.png`)}
      >
        PNG
      </button>
    </div>
  );
}

function Facts({ result }: { result: BenchmarkResult }): React.JSX.Element {
  const { trans } = useCockpit();
  const { machine, repeats, index_seconds, prices, notes } = result;
  const rounds = trans._n('%1 round', '%1 rounds', repeats);
  const facts: [string, string][] = [
    [trans.__('Measured'), `${formatDateTime(new Date(result.created))}, ${formatSeconds(result.seconds)}`],
    [trans.__('What'), `${timedWords(result.timed, trans)}, ${rounds}`],
    [trans.__('Engine'), `${result.executor} × ${result.workers}`],
    [trans.__('Machine'), trans.__('%1, %2 processors, Python %3', machine.system, machine.cpu_count, machine.python)],
    [
      trans.__('Index'),
      index_seconds === null ? trans.__('was there') : trans.__('%1 s', index_seconds.toPrecision(3))
    ],
    [trans.__('Prices'), prices.note]
  ];
  return (
    <>
      <dl className="cdc-Result-facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {notes.length > 0 && (
        <ul className="cdc-Notes">
          {notes.map((note, index) => (
            <li key={index}>{displayName(note)}</li>
          ))}
        </ul>
      )}
    </>
  );
}

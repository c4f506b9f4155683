/* Earlier results of the object: show one, lay a second one over it, delete. */
import { deleteIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import type { BenchmarkSummary } from '../api/schema';
import { IconButton } from '../components/buttons';
import { formatBytes, formatShortDate } from '../components/format';
import { useAction } from '../properties/context';
import { useCockpit } from '../sections/context';
import { useBenchmark } from './context';
import { parameterTitle, shownValue, timedWords } from './words';

export function SavedList(): React.JSX.Element {
  const { trans } = useCockpit();
  const { model } = useBenchmark();
  return (
    <section className="cdc-SavedList" aria-label={trans.__('Results of this object')}>
      <h3>{trans.__('Results of this object')}</h3>
      <ul>
        {model.saved.map(summary => (
          <Saved key={summary.id} summary={summary} />
        ))}
      </ul>
    </section>
  );
}

function Saved({ summary }: { summary: BenchmarkSummary }): React.JSX.Element {
  const { trans } = useCockpit();
  const { model, confirm } = useBenchmark();
  const { busy, fault, run } = useAction();
  const { id, parameter, executor, workers, timed, value, throughput } = summary;
  const shown = model.result?.id === id;
  const comparable = !shown && model.result?.parameter === parameter;
  const when = formatShortDate(new Date(summary.created));
  const title = parameterTitle(parameter, model.format, trans);
  const best = value === null ? '' : trans.__('use %1', shownValue(parameter, value));
  const speed = throughput === null ? '' : `${formatBytes(throughput)}/s`;
  const about = [timedWords(timed, trans), `${executor} × ${workers}`, best, speed];
  if (!summary.finished) {
    about.push(trans.__('not finished'));
  }
  const remove = async () => {
    const body = trans.__('The result of %1 is deleted. The object stays as it is.', when);
    if (await confirm(trans.__('Delete this result?'), body, trans.__('Delete'))) {
      await model.remove(id);
    }
  };
  return (
    <li className="cdc-Saved" data-benchmark={id} data-shown={shown}>
      <button type="button" className="cdc-Saved-title" aria-pressed={shown} onClick={() => run(() => model.show(id))}>
        <span className="cdc-nowrap">{when}</span>
        <span>{title}</span>
        <span className="cdc-quiet">{about.filter(Boolean).join(' · ')}</span>
      </button>
      <button
        type="button"
        className="cdc-Choice"
        aria-pressed={model.compared?.id === id}
        disabled={!comparable}
        title={
          comparable || shown
            ? trans.__('Lay it over the one that is shown')
            : trans.__('Only results of the same parameter can be compared')
        }
        onClick={() => run(() => model.compare(id))}
      >
        {trans.__('Compare')}
      </button>
      <IconButton
        icon={deleteIcon}
        label={trans.__('Delete the result of %1', when)}
        disabled={busy}
        onClick={() => run(remove)}
      />
      {fault && <p className="cdc-Field-fault">{fault}</p>}
    </li>
  );
}

/* What is tried and what is timed: parameter, values, what is read, engine, rounds; the button, then the progress. */
import { stopIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import type { FormatInfo } from '../api/schema';
import { IconButton } from '../components/buttons';
import { ErrorNotice } from '../components/notices';
import { ProgressBar } from '../components/ProgressBar';
import { isActive } from '../models/jobs';
import { findsBounds, parametersOf } from '../models/sweep';
import { useCockpit } from '../sections/context';
import { EngineChoice } from '../sections/EngineChoice';
import { JobProgress } from '../sections/JobProgress';
import { useBenchmark } from './context';
import { Labelled, Text } from './fields';
import { TimedFields } from './TimedFields';
import { ValueFields } from './ValueFields';

export function SweepForm({ format }: { format: FormatInfo }): React.JSX.Element {
  const { trans } = useCockpit();
  const { model } = useBenchmark();
  const { sweep, running } = model;
  const parameters = parametersOf(format, trans.__('Bytes per slice'));
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    void model.start();
  };
  const change = (parameter: string) => {
    const way = sweep.way === 'best' && !findsBounds(parameter) ? { way: 'range' as const } : {};
    model.change({ parameter, values: '', start: '', stop: '', ...way });
  };
  return (
    <form className="cdc-Sweep" onSubmit={submit} noValidate aria-label={trans.__('Benchmark')}>
      <fieldset disabled={running} className="cdc-Sweep-fields">
        <Labelled label={trans.__('What is varied')} name="parameter">
          {id => (
            <select
              id={id}
              className="cdc-Select"
              value={sweep.parameter}
              onChange={event => change(event.target.value)}
            >
              {parameters.map(({ name, title }) => (
                <option key={name} value={name}>
                  {title}
                </option>
              ))}
            </select>
          )}
        </Labelled>
        <ValueFields />
        <TimedFields format={format} />
        <Text field="repeats" label={trans.__('Rounds')} numeric hint={trans.__('How often each value is measured.')} />
        <EngineChoice disabled={running}>
          <Text
            field="warmUp"
            label={trans.__('Warm-up')}
            numeric
            hint={trans.__('Measurements that do not count, before the first.')}
          />
          <Text field="getPrice" label={trans.__('1,000 GETs cost')} numeric hint={trans.__('In dollars.')} />
          <Text
            field="transferPrice"
            label={trans.__('1 GB costs')}
            numeric
            hint={trans.__('In dollars, for data that leave the region; 0 within it.')}
          />
        </EngineChoice>
      </fieldset>
      <Outcome />
      <Foot />
    </form>
  );
}

/** What became of the last run, where it did not end well. */
function Outcome(): React.JSX.Element | null {
  const { trans } = useCockpit();
  const { model } = useBenchmark();
  const { job, submitError } = model;
  const error = submitError ?? (job?.state === 'failed' ? job.error : null);
  if (error) {
    return <ErrorNotice message={error.message} />;
  }
  return job?.state === 'cancelled' ? (
    <p className="cdc-quiet">{trans.__('Cancelled. What was measured is kept below.')}</p>
  ) : null;
}

function Foot(): React.JSX.Element {
  const { trans } = useCockpit();
  const { model } = useBenchmark();
  const { job, inNotebook } = model;
  if (inNotebook) {
    const { done, total, phase } = inNotebook;
    return (
      <div className="cdc-JobProgress">
        <div className="cdc-JobProgress-line">
          <span className="cdc-ellipsis">{phase || trans.__('in the notebook’s kernel')}</span>
          <span className="cdc-quiet cdc-nowrap">{total > 0 && trans.__('%1 of %2', done, total)}</span>
          <IconButton
            icon={stopIcon}
            label={trans.__('Cancel: interrupts the kernel')}
            onClick={() => void model.cancel()}
          />
        </div>
        <ProgressBar done={done} total={total} label={trans.__('Benchmark')} />
      </div>
    );
  }
  if (job && isActive(job)) {
    return <JobProgress job={job} />;
  }
  return (
    <button type="submit" className="cdc-Button cdc-mod-primary" disabled={!model.canStart}>
      {model.submitting ? trans.__('Starting…') : trans.__('Run the Benchmark')}
    </button>
  );
}

/* The tab: what is to be tried on the left, what came out on the right; below each other where it is narrow. */
import * as React from 'react';
import { EmptyState, ErrorNotice, Loading, WarningNotice } from '../components/notices';
import { displayName } from '../models/location';
import { useCockpit } from '../sections/context';
import { useBenchmark } from './context';
import { ResultView } from './ResultView';
import { SavedList } from './SavedList';
import { SweepForm } from './SweepForm';

export function BenchmarkView(): React.JSX.Element {
  const { trans } = useCockpit();
  const { model } = useBenchmark();
  const uri = displayName(model.uri);
  return (
    <div className="cdc-Benchmark-page" data-key={model.target.key}>
      <h2 className="cdc-Card-title" title={uri}>
        <bdi>{uri}</bdi>
      </h2>
      <div className="cdc-Benchmark-columns">
        <div className="cdc-Benchmark-form">
          <Form />
        </div>
        <div className="cdc-Benchmark-results">
          <Results />
          {model.savedError ? (
            <ErrorNotice
              message={model.savedError.message}
              retry={{ label: trans.__('Retry'), run: () => void model.loadSaved() }}
            />
          ) : (
            model.saved.length > 0 && <SavedList />
          )}
        </div>
      </div>
    </div>
  );
}

function Form(): React.JSX.Element {
  const { trans } = useCockpit();
  const { model } = useBenchmark();
  const { format, formatError } = model;
  if (formatError) {
    const retry = { label: trans.__('Retry'), run: () => void model.loadFormat() };
    return <ErrorNotice message={formatError.message} retry={retry} />;
  }
  if (!format) {
    return <Loading label={trans.__('Loading…')} />;
  }
  return (
    <>
      {!format.usable && format.problem && <WarningNotice>{format.problem}</WarningNotice>}
      <SweepForm format={format} />
    </>
  );
}

function Results(): React.JSX.Element {
  const { trans } = useCockpit();
  const { model } = useBenchmark();
  if (model.resultError) {
    const retry = { label: trans.__('Retry'), run: () => void model.load() };
    return <ErrorNotice message={model.resultError.message} retry={retry} />;
  }
  if (model.result && model.result.points.length > 0) {
    return <ResultView result={model.result} />;
  }
  if (model.running) {
    return <Loading label={trans.__('Measuring. The chart is drawn as values come in.')} />;
  }
  if (!model.savedLoaded && !model.savedError) {
    return <Loading label={trans.__('Loading…')} />;
  }
  return (
    <EmptyState
      title={trans.__('No benchmark of this object yet')}
      hint={trans.__(
        'A benchmark cuts the object in several ways, reads the slices, and tells which way is fastest. Nothing is kept of the slices.'
      )}
    />
  );
}

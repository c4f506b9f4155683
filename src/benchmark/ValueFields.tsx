/* Which values are tried: the best is searched for, a list, or steps between two. */
import * as React from 'react';
import type { Way } from '../models/sweep';
import { exampleOf, findsBounds } from '../models/sweep';
import { useCockpit } from '../sections/context';
import { useBenchmark } from './context';
import { Labelled, Text } from './fields';

export function ValueFields(): React.JSX.Element {
  const { trans } = useCockpit();
  const { model } = useBenchmark();
  const { parameter, way, spacing } = model.sweep;
  const automatic = way === 'best' && findsBounds(parameter);
  const placeholder = (which: 'values' | 'start' | 'stop') =>
    automatic ? trans.__('Automatic') : trans.__('e.g. %1', exampleOf(parameter, which));
  return (
    <>
      <Ways />
      {way === 'list' && (
        <Text
          field="values"
          label={trans.__('Values')}
          placeholder={placeholder('values')}
          hint={trans.__('Separated by commas.')}
        />
      )}
      {way !== 'list' && (
        <>
          <Text field="start" label={trans.__('From')} placeholder={placeholder('start')} />
          <Text
            field="stop"
            label={trans.__('To')}
            placeholder={placeholder('stop')}
            hint={way === 'best' ? trans.__('Up to 12 values, the fastest of them again and again.') : ''}
          />
        </>
      )}
      {way === 'range' && (
        <>
          <Text field="count" label={trans.__('Steps')} numeric />
          <Labelled label={trans.__('Spacing')} name="spacing">
            {id => (
              <select
                id={id}
                className="cdc-Select"
                value={spacing}
                onChange={event => model.change({ spacing: event.target.value as typeof spacing })}
              >
                <option value="geometric">{trans.__('By factors (4, 8, 16)')}</option>
                <option value="linear">{trans.__('Even (4, 8, 12)')}</option>
              </select>
            )}
          </Labelled>
        </>
      )}
    </>
  );
}

function Ways(): React.JSX.Element {
  const { trans } = useCockpit();
  const { model } = useBenchmark();
  const id = React.useId();
  const ways: [Way, string][] = [
    ['best', trans.__('Find the best')],
    ['list', trans.__('List')],
    ['range', trans.__('Range')]
  ];
  return (
    <div className="cdc-Field" data-field="way">
      <span id={id} className="cdc-Field-label">
        {trans.__('Values tried')}
      </span>
      <div className="cdc-Choices" role="group" aria-labelledby={id}>
        {ways.map(([way, label]) => (
          <button
            key={way}
            type="button"
            className="cdc-Choice"
            aria-pressed={model.sweep.way === way}
            onClick={() => model.change({ way })}
          >
            {label}
          </button>
        ))}
      </div>
    </div>
  );
}

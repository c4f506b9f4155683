/* What is timed: reading, a view, a function by its import path, or one that the active notebook has registered. */
import { Clipboard } from '@jupyterlab/apputils';
import * as React from 'react';
import type { FormatInfo } from '../api/schema';
import { REGISTERING_CODE } from '../models/functions';
import type { Timed } from '../models/sweep';
import { useCockpit } from '../sections/context';
import { useBenchmark } from './context';
import { Labelled, Text } from './fields';

export function TimedFields({ format }: { format: FormatInfo }): React.JSX.Element {
  const { trans } = useCockpit();
  const { model } = useBenchmark();
  const { timed } = model.sweep;
  const options: [Timed, string][] = [
    ['read', trans.__('Reading the bytes')],
    ['get', trans.__('Reading as the natural object')],
    ...(format.views.length ? ([['view', trans.__('Reading in another way')]] as [Timed, string][]) : []),
    ['function', trans.__('A Python function')],
    ['notebook', trans.__('A function of the notebook')]
  ];
  return (
    <>
      <Labelled label={trans.__('What is timed')} name="timed">
        {id => (
          <select
            id={id}
            className="cdc-Select"
            value={timed}
            onChange={event => model.change({ timed: event.target.value as Timed })}
          >
            {options.map(([value, label]) => (
              <option key={value} value={value}>
                {label}
              </option>
            ))}
          </select>
        )}
      </Labelled>
      {timed === 'view' && <View views={format.views} />}
      {timed === 'function' && <Path />}
      {timed === 'notebook' && <Registered />}
    </>
  );
}

function View({ views }: { views: string[] }): React.JSX.Element {
  const { trans } = useCockpit();
  const { model } = useBenchmark();
  return (
    <Labelled label={trans.__('Way')} name="view">
      {id => (
        <select
          id={id}
          className="cdc-Select"
          value={model.sweep.view}
          onChange={event => model.change({ view: event.target.value })}
        >
          <option value="">{trans.__('Choose one')}</option>
          {views.map(view => (
            <option key={view}>{view}</option>
          ))}
        </select>
      )}
    </Labelled>
  );
}

function Path(): React.JSX.Element {
  const { trans } = useCockpit();
  const { model } = useBenchmark();
  const { per } = model.sweep;
  return (
    <>
      <Text
        field="path"
        label={trans.__('Function')}
        placeholder="package.module:function"
        hint={trans.__('It has to be installed where the engine runs.')}
      />
      <Labelled label={trans.__('Called with')} name="per">
        {id => (
          <select
            id={id}
            className="cdc-Select"
            value={per}
            onChange={event => model.change({ per: event.target.value as typeof per })}
          >
            <option value="auto">{trans.__('By the name of its argument')}</option>
            <option value="slice">{trans.__('One slice')}</option>
            <option value="slices">{trans.__('All slices; it gives the seconds')}</option>
          </select>
        )}
      </Labelled>
    </>
  );
}

function Registered(): React.JSX.Element {
  const { trans } = useCockpit();
  const { model } = useBenchmark();
  const { registered, notebook } = model;
  const again = (
    <button type="button" className="cdc-LinkButton" onClick={() => void model.findFunctions()}>
      {trans.__('Look again')}
    </button>
  );
  if (registered === null) {
    return <p className="cdc-quiet">{trans.__('Asking the notebook…')}</p>;
  }
  if (!Array.isArray(registered)) {
    const words = {
      notebook: trans.__('No notebook is open. Open one and run in it:'),
      kernel: trans.__('“%1” has no kernel. Start one and run:', notebook ?? ''),
      busy: trans.__('The kernel of “%1” is busy. Wait until it is idle.', notebook ?? ''),
      none: trans.__('“%1” has registered no function. Run in it:', notebook ?? '')
    };
    return (
      <div className="cdc-Registering" role="status">
        <p className="cdc-quiet">{words[registered]}</p>
        {registered !== 'busy' && <pre>{REGISTERING_CODE}</pre>}
        <p className="cdc-Registering-actions">
          {registered !== 'busy' && (
            <button type="button" className="cdc-LinkButton" onClick={() => Clipboard.copyToSystem(REGISTERING_CODE)}>
              {trans.__('Copy')}
            </button>
          )}
          {again}
        </p>
      </div>
    );
  }
  const chosen = registered.find(({ name }) => name === model.sweep.registered);
  return (
    <Labelled
      label={trans.__('Function')}
      name="registered"
      hint={
        <>
          {chosen?.doc ? `${chosen.doc} ` : ''}
          {trans.__('Timed in the kernel of “%1”.', notebook ?? '')} {again}
        </>
      }
    >
      {id => (
        <select
          id={id}
          className="cdc-Select"
          value={model.sweep.registered}
          onChange={event => model.change({ registered: event.target.value })}
        >
          {registered.map(({ name, per }) => (
            <option key={name} value={name}>
              {per === 'slices' ? trans.__('%1 (all slices)', name) : trans.__('%1 (each slice)', name)}
            </option>
          ))}
        </select>
      )}
    </Labelled>
  );
}

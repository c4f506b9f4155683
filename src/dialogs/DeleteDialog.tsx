/* The question before a deletion: it counts what would go, and asks for a word where that is much. */
import { Dialog, ReactWidget, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { ApiClient } from '../api/client';
import type { Selection, VersionPage } from '../api/schema';
import { formatBytes, formatCount } from '../components/format';
import { Measuring } from '../models/measuring';
import { displayName, makeUri } from '../models/location';

/** More objects than these are deleted only by a typed word. */
export const TYPED_ABOVE = 1000;
const MOST_NAMED = 5;

type Api = Pick<ApiClient, 'measure' | 'versions'>;

export interface IDeletion {
  allVersions: boolean;
}

/** What to do, null for nothing. */
export async function confirmDeletion(
  api: Api,
  selection: Selection,
  trans: TranslationBundle
): Promise<IDeletion | null> {
  const body = new DeletionBody(api, selection, trans);
  const result = await showDialog({
    title: trans.__('Delete?'),
    body,
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.warnButton({ label: trans.__('Delete'), accept: true })
    ],
    focusNodeSelector: '.cdc-Deletion'
  });
  return result.button.accept ? result.value : null;
}

class DeletionBody extends ReactWidget implements Dialog.IBodyWidget<IDeletion> {
  constructor(
    private readonly api: Api,
    private readonly selection: Selection,
    private readonly trans: TranslationBundle
  ) {
    super();
    this.addClass('cdc-Dialog');
  }

  getValue(): IDeletion {
    return { allVersions: this._allVersions };
  }

  protected render(): React.JSX.Element {
    const onAll = (all: boolean) => (this._allVersions = all);
    return <Deletion api={this.api} selection={this.selection} trans={this.trans} onAllVersions={onAll} />;
  }

  private _allVersions = false;
}

interface IProps {
  api: Api;
  selection: Selection;
  trans: TranslationBundle;
  onAllVersions: (all: boolean) => void;
}

function Deletion({ api, selection, trans, onAllVersions }: IProps): React.JSX.Element {
  const [all, setAll] = React.useState(false);
  const counted = useMeasuring(api, selection, all);
  const versioning = useVersioning(api, selection);
  const word = trans.__('delete');
  const typed = !counted.error && (counted.objects > TYPED_ABOVE || counted.allVersions > TYPED_ABOVE);
  const waiting = !counted.done && !counted.error && !typed;
  const node = React.useRef<HTMLDivElement>(null);
  // Who has waited for the count can say yes by the Enter key.
  const offer = () => {
    if (!waiting && !typed) {
      node.current?.closest('.jp-Dialog')?.querySelector<HTMLElement>('.jp-mod-warn')?.focus();
    }
  };
  // Before it is painted: who reads the count and presses Enter at once must meet the button.
  React.useLayoutEffect(() => {
    // The dialog looks at its inputs when one of them says that it has changed.
    node.current?.dispatchEvent(new Event('input', { bubbles: true }));
    if (document.activeElement === node.current) {
      offer();
    }
    // The button is offered when the count has ended, not at each drawing.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [typed, waiting]);
  return (
    <div className="cdc-Deletion" ref={node} tabIndex={-1} onFocus={event => event.target === node.current && offer()}>
      <Names selection={selection} trans={trans} />
      <p className={`cdc-Deletion-count${waiting ? ' jp-mod-error' : ''}`} role="status" data-done={counted.done}>
        {countWords(counted, all, trans)}
      </p>
      {counted.error && <p className="cdc-Field-fault">{counted.error.message}</p>}
      {versioning && versioning !== 'off' ? (
        <label className="cdc-Field-check">
          <input
            type="checkbox"
            checked={all}
            onChange={event => {
              setAll(event.target.checked);
              onAllVersions(event.target.checked);
            }}
          />
          {trans.__('All versions, for good')}
        </label>
      ) : null}
      <p className="cdc-quiet">{meaning(versioning, all, trans)}</p>
      {typed && (
        <label className="cdc-Deletion-typed">
          {trans.__('Type “%1” to go on:', word)}
          <input className="cdc-Input" required pattern={word} autoFocus autoComplete="off" spellCheck={false} />
        </label>
      )}
    </div>
  );
}

function Names({ selection: { bucket, keys, prefixes }, trans }: Pick<IProps, 'selection' | 'trans'>) {
  const all = [...prefixes, ...keys];
  const more = all.length - MOST_NAMED;
  return (
    <ul className="cdc-Deletion-names">
      {all.slice(0, MOST_NAMED).map(key => (
        <li key={key} className="cdc-ellipsis" title={displayName(makeUri(bucket, key))}>
          <bdi>{displayName(makeUri(bucket, key))}</bdi>
        </li>
      ))}
      {more > 0 && <li className="cdc-quiet">{trans._n('and %1 more', 'and %1 more', more)}</li>}
    </ul>
  );
}

function countWords({ objects, bytes, allVersions, done }: Measuring, all: boolean, trans: TranslationBundle): string {
  const count = formatCount(objects);
  const size = formatBytes(bytes);
  const what =
    all && allVersions
      ? trans.__('%1 in %2 versions, %3', objectWords(objects, trans), formatCount(allVersions), size)
      : trans.__('%1, %2', objectWords(objects, trans), size);
  return done ? what : objects ? trans.__('Counting… %1', what) : trans.__('Counting… %1', count);
}

function objectWords(objects: number, trans: TranslationBundle): string {
  return objects === 1 ? trans.__('1 object') : trans.__('%1 objects', formatCount(objects));
}

function meaning(versioning: VersionPage['versioning'] | null, all: boolean, trans: TranslationBundle): string {
  if (versioning === null) {
    return '';
  }
  if (versioning === 'off') {
    return trans.__('This bucket keeps no versions: what is deleted is gone.');
  }
  return all
    ? trans.__('Nothing of these objects is kept. This cannot be undone.')
    : trans.__(
        'This bucket keeps versions: what is deleted can be restored from its properties, and is still paid for.'
      );
}

/** A count that begins anew when the question changes. */
function useMeasuring(api: Api, selection: Selection, versions: boolean): Measuring {
  const [model, setModel] = React.useState(() => new Measuring(api, selection, versions));
  const [, draw] = React.useReducer((turn: number) => turn + 1, 0);
  React.useEffect(() => {
    const counting = new Measuring(api, selection, versions);
    setModel(counting);
    counting.changed.connect(draw);
    void counting.run();
    return () => counting.dispose();
  }, [api, selection, versions]);
  return model;
}

/** null while nobody knows; a service without versions keeps none. */
function useVersioning(api: Api, { connection, bucket, keys, prefixes }: Selection): VersionPage['versioning'] | null {
  const [versioning, setVersioning] = React.useState<VersionPage['versioning'] | null>(null);
  React.useEffect(() => {
    let gone = false;
    const what = keys.length ? { key: keys[0] } : { prefix: prefixes[0] };
    api.versions({ connection, bucket, ...what }).then(
      page => gone || setVersioning(page.versioning),
      () => undefined
    );
    return () => void (gone = true);
  }, [api, connection, bucket, keys, prefixes]);
  return versioning;
}

/* Content type and user metadata of an object, to be changed. */
import * as React from 'react';
import type { ObjectDetail } from '../api/schema';
import { useAction, useProperties } from './context';
import { PairsEditor } from './PairsEditor';

export function MetadataEditor({ detail }: { detail: ObjectDetail }): React.JSX.Element {
  const { model, trans } = useProperties();
  return (
    <section className="cdc-Properties-part">
      <h3>{trans.__('Metadata')}</h3>
      {/* Each begins anew when its own value has changed; what is typed into the other stays. */}
      <ContentType key={detail.content_type} detail={detail} />
      <PairsEditor
        key={JSON.stringify(detail.metadata)}
        pairs={detail.metadata}
        name={trans.__('Metadata')}
        empty={trans.__('No metadata of the user’s own.')}
        onSave={metadata => model.save({ metadata })}
      />
    </section>
  );
}

function ContentType({ detail }: { detail: ObjectDetail }): React.JSX.Element {
  const { model, trans } = useProperties();
  const [text, setText] = React.useState(detail.content_type ?? '');
  const { busy, fault, run } = useAction();
  const id = React.useId();
  const changed = text.trim() !== (detail.content_type ?? '');
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    run(() => model.save({ content_type: text.trim() }));
  };
  return (
    <form className="cdc-Pairs" onSubmit={submit}>
      <div className="cdc-Pairs-row">
        <label htmlFor={id}>{trans.__('Content type')}</label>
        <input
          id={id}
          className="cdc-Input"
          spellCheck={false}
          value={text}
          onChange={event => setText(event.target.value)}
        />
        <button type="submit" className="cdc-Button" disabled={!changed || !text.trim() || busy}>
          {busy ? trans.__('Saving…') : trans.__('Save')}
        </button>
      </div>
      {fault && (
        <p className="cdc-Field-fault" role="alert">
          {fault}
        </p>
      )}
    </form>
  );
}

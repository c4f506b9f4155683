/* The open multipart uploads of a bucket: whose, how old, how large; and to abort those that nobody goes on with. */
import { Dialog, ReactWidget } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { ApiClient } from '../api/client';
import { asApiError } from '../api/client';
import type { OpenMultipart } from '../api/schema';
import { EmptyState, ErrorNotice, Loading } from '../components/notices';
import { ByteSize, RelativeDate } from '../components/values';
import { displayName } from '../models/location';
import type { ITarget } from '../models/upload';
import { StayingDialog } from './StayingDialog';

interface IOptions {
  api: Pick<ApiClient, 'multiparts' | 'sweepMultiparts'>;
  target: ITarget;
  trans: TranslationBundle;
}

/** What one request may abort. */
const MOST_AT_ONCE = 1000;

/** How many were aborted. */
export async function showUnfinished(options: IOptions): Promise<number> {
  const { trans, target } = options;
  const body = new UnfinishedUploads(options);
  const dialog = new StayingDialog(
    {
      title: trans.__('Unfinished uploads of %1', target.bucket),
      body,
      buttons: [
        Dialog.cancelButton({ label: trans.__('Close') }),
        Dialog.warnButton({ label: trans.__('Abort'), accept: true })
      ],
      defaultButton: 0
    },
    () => body.abort()
  );
  body.stateChanged = () => {
    const button = dialog.node.querySelector<HTMLButtonElement>('.jp-Dialog-button.jp-mod-warn');
    if (button) {
      button.disabled = body.chosen.size === 0 || body.busy;
    }
  };
  void body.load();
  await dialog.launch();
  return body.aborted;
}

class UnfinishedUploads extends ReactWidget {
  constructor(private readonly options: IOptions) {
    super();
    this.addClass('cdc-Unfinished');
  }

  /** Upload ids that are to be aborted. */
  chosen = new Set<string>();
  aborted = 0;
  busy = false;
  stateChanged: () => void = () => undefined;

  async load(): Promise<void> {
    const { api, target } = this.options;
    const { connection, bucket } = target;
    this.put({ busy: true, error: null });
    try {
      const page = await api.multiparts({ connection, bucket, next_token: this.token });
      this.token = page.next_token;
      this.put({ busy: false, uploads: [...(this.uploads ?? []), ...page.uploads] });
    } catch (error) {
      this.put({ busy: false, error: asApiError(error).message });
    }
  }

  /** Whether all that was chosen is gone; what went wrong is shown, and what is left stays listed. */
  async abort(): Promise<boolean> {
    const { api, target } = this.options;
    const { connection, bucket } = target;
    const wanted = (this.uploads ?? []).filter(({ upload_id }) => this.chosen.has(upload_id));
    if (!wanted.length) {
      return false;
    }
    this.put({ busy: true, error: null });
    try {
      const problems: string[] = [];
      for (let start = 0; start < wanted.length; start += MOST_AT_ONCE) {
        const uploads = wanted
          .slice(start, start + MOST_AT_ONCE)
          .map(({ key, upload_id }): [string, string] => [key, upload_id]);
        const swept = await api.sweepMultiparts({ connection, bucket, uploads });
        this.aborted += swept.aborted;
        problems.push(...swept.problems);
      }
      if (!problems.length) {
        return true;
      }
      this.put({ error: problems.join('\n') });
    } catch (error) {
      this.put({ error: asApiError(error).message });
    }
    const { error } = this;
    this.chosen.clear();
    this.token = null;
    this.put({ uploads: null });
    await this.load();
    this.put({ error });
    return false;
  }

  protected render(): React.JSX.Element {
    const { trans } = this.options;
    const { uploads, error, busy } = this;
    return (
      <>
        <p className="cdc-quiet">
          {trans.__(
            'S3 keeps and bills the parts of an upload that was neither completed nor aborted. Abort none that another program still sends: it would fail.'
          )}
        </p>
        {error && <ErrorNotice message={error} />}
        {uploads?.length === 0 && !error && (
          <EmptyState
            title={trans.__('Nothing was left behind')}
            hint={trans.__('No upload of this bucket is open.')}
          />
        )}
        {uploads && uploads.length > 0 && this.table(uploads)}
        {busy && <Loading label={uploads ? trans.__('Working…') : trans.__('Looking for unfinished uploads…')} />}
        {!busy && this.token !== null && (
          <button type="button" className="cdc-Button" onClick={() => void this.load()}>
            {trans.__('Show more')}
          </button>
        )}
      </>
    );
  }

  private table(uploads: OpenMultipart[]): React.JSX.Element {
    const { trans } = this.options;
    const all = uploads.every(({ upload_id }) => this.chosen.has(upload_id));
    return (
      <div className="cdc-Unfinished-scroll" tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th>
                <input
                  type="checkbox"
                  aria-label={trans.__('Select all')}
                  checked={all}
                  onChange={() => this.choose(uploads, !all)}
                />
              </th>
              <th>{trans.__('Key')}</th>
              <th>{trans.__('Begun')}</th>
              <th>{trans.__('Size')}</th>
            </tr>
          </thead>
          <tbody>{uploads.map(upload => this.row(upload))}</tbody>
        </table>
      </div>
    );
  }

  private row(upload: OpenMultipart): React.JSX.Element {
    const { trans } = this.options;
    const { key, upload_id, initiated, bytes, parts, ours } = upload;
    const name = displayName(key);
    return (
      <tr key={upload_id}>
        <td>
          <input
            type="checkbox"
            aria-label={name}
            checked={this.chosen.has(upload_id)}
            onChange={event => this.choose([upload], event.target.checked)}
          />
        </td>
        <td className="cdc-Unfinished-key" title={name}>
          <bdi>{name}</bdi>
          {ours && (
            <span className="cdc-Tag" title={trans.__('Begun by you in Data Cockpit: it may still go on.')}>
              {trans.__('yours')}
            </span>
          )}
        </td>
        <td>{initiated ? <RelativeDate date={initiated} /> : '–'}</td>
        <td title={parts === null ? undefined : trans._n('%1 part', '%1 parts', parts)}>
          {bytes === null ? '–' : <ByteSize bytes={bytes} />}
        </td>
      </tr>
    );
  }

  private choose(uploads: OpenMultipart[], wanted: boolean): void {
    uploads.forEach(({ upload_id }) => (wanted ? this.chosen.add(upload_id) : this.chosen.delete(upload_id)));
    this.put({});
  }

  private put(change: Partial<{ uploads: OpenMultipart[] | null; error: string | null; busy: boolean }>): void {
    Object.assign(this, change);
    this.stateChanged();
    this.update();
  }

  private uploads: OpenMultipart[] | null = null;
  private error: string | null = null;
  private token: string | null = null;
}

/* The dialog for a connection of one's own: enter, test before anything is saved, save. */
import { Dialog, ReactWidget } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Message } from '@lumino/messaging';
import * as React from 'react';
import { asApiError } from '../api/client';
import type { ConnectionInfo, ConnectionReport } from '../api/schema';
import { ConnectionReportNotice } from '../components/ConnectionReport';
import type { ConnectionsModel } from '../models/connections';
import type { Entered, Fault, IPreset, ISecrets } from '../models/draft';
import { draftOf, emptyDraft, faultsOf, freeName, presetFor, presetOf, toDraft } from '../models/draft';
import { ConnectionForm } from './ConnectionForm';
import { StayingDialog } from './StayingDialog';

export interface IConnectionDialogOptions {
  connections: ConnectionsModel;
  trans: TranslationBundle;
  /** What the form begins with. */
  from?: ConnectionInfo;
  /** Whether `from` itself is changed; otherwise a new connection is made. */
  change?: boolean;
}

/** The connection that was saved, or null. */
export async function showConnectionDialog(options: IConnectionDialogOptions): Promise<ConnectionInfo | null> {
  const { trans, change } = options;
  const body = new ConnectionEditor(options);
  const dialog = new StayingDialog(
    {
      title: change ? trans.__('Change the connection') : trans.__('Add a connection'),
      body,
      buttons: [Dialog.cancelButton(), Dialog.okButton({ label: trans.__('Save') })],
      focusNodeSelector: 'select'
    },
    () => body.save()
  );
  await dialog.launch();
  return body.saved;
}

class ConnectionEditor extends ReactWidget {
  constructor(private readonly options: IConnectionDialogOptions) {
    super();
    const { connections, from, change } = options;
    this.addClass('cdc-ConnectionEditor');
    const names = connections.list.map(({ name }) => name);
    const keyring = connections.info?.keyring ?? true;
    const name = from && (change ? from.ref.name : freeName(from.ref.name, names));
    this.entered = from ? draftOf(from, name ?? undefined, keyring) : emptyDraft(keyring);
    this.preset = from ? presetFor(from.ref.endpoint_url) : presetOf('aws');
    this.taken = names.filter(name => !change || name !== from?.ref.name);
    this.hasKeys = Boolean(change && from && !['none', 'configured'].includes(from.secret));
  }

  saved: ConnectionInfo | null = null;

  /** Whether it has been saved; otherwise the form says what is wrong. */
  async save(): Promise<boolean> {
    const draft = this.draft();
    if (!draft) {
      return false;
    }
    const { connections, from, change } = this.options;
    try {
      this.saved = await connections.save(draft, change && from ? from.ref.name : null);
      return true;
    } catch (error) {
      this.put({ error: asApiError(error).message });
      return false;
    }
  }

  protected render(): React.JSX.Element {
    const { trans, connections } = this.options;
    const profiles = connections.list.flatMap(({ profile }) => (profile ? [profile] : []));
    return (
      <ConnectionForm
        hasKeyring={connections.info?.keyring ?? true}
        trans={trans}
        entered={this.entered}
        preset={this.preset}
        profiles={[...new Set(profiles)]}
        hasKeys={this.hasKeys}
        faults={this.faults}
        error={this.error}
        onChange={change => this.change({ ...this.entered, ...change })}
        onPreset={preset => this.choose(preset)}
      >
        <div className="cdc-ConnectionForm-test">
          <button type="button" className="cdc-Button" disabled={this.testing} onClick={() => void this.test()}>
            {this.testing ? trans.__('Testing…') : trans.__('Test')}
          </button>
          {this.report && <ConnectionReportNotice report={this.report} trans={trans} />}
        </div>
      </ConnectionForm>
    );
  }

  protected onCloseRequest(message: Message): void {
    this.clear();
    super.onCloseRequest(message);
  }

  protected onBeforeDetach(message: Message): void {
    this.clear();
    super.onBeforeDetach(message);
  }

  private choose(preset: IPreset): void {
    const { endpoint_url, region } = this.entered;
    const untouched = !region || region === this.preset.region;
    const changed = {
      ...this.entered,
      endpoint_url: preset.needsEndpoint ? endpoint_url : null,
      region: untouched ? preset.region || null : region,
      addressing: preset.addressing
    };
    this.preset = preset;
    this.change(changed);
  }

  private change(entered: Entered): void {
    this.entered = entered;
    // What was found is true no longer.
    this.put({ report: null, error: null, faults: this.faults.length ? this.check() : [] });
  }

  private async test(): Promise<void> {
    const draft = this.draft('name');
    if (!draft) {
      return;
    }
    this.put({ testing: true, report: null, error: null });
    const { connections, from, change } = this.options;
    const name = change && from ? from.ref.name : null;
    try {
      const named = { ...draft, name: draft.name || 'new' };
      const report = await connections.test({ name, draft: named, bucket: draft.buckets[0] ?? null });
      this.put({ testing: false, report });
    } catch (error) {
      this.put({ testing: false, error: asApiError(error).message });
    }
  }

  /** The draft with its secrets, if nothing but `except` is missing. */
  private draft(except?: 'name') {
    const secrets = this.secrets();
    const faults = this.check(secrets).filter(fault => !except || (fault !== 'name' && fault !== 'taken'));
    this.put({ faults });
    if (faults.length) {
      requestAnimationFrame(() => this.node.querySelector<HTMLElement>('[aria-invalid]')?.focus());
      return null;
    }
    return toDraft(this.entered, secrets);
  }

  private check(secrets = this.secrets()): Fault[] {
    const { taken, hasKeys } = this;
    return faultsOf(this.entered, secrets, { needsEndpoint: this.preset.needsEndpoint, hasKeys, taken });
  }

  private inputs(): HTMLInputElement[] {
    return Array.from(this.node.querySelectorAll<HTMLInputElement>('.cdc-ConnectionForm-keys input[name]'));
  }

  private secrets(): ISecrets {
    const value = (name: string) => this.inputs().find(input => input.name === name)?.value ?? '';
    return { access_key: value('access_key'), secret_key: value('secret_key'), session_token: value('session_token') };
  }

  private clear(): void {
    this.inputs().forEach(input => (input.value = ''));
  }

  private put(
    change: Partial<{ faults: Fault[]; error: string | null; report: ConnectionReport | null; testing: boolean }>
  ): void {
    Object.assign(this, change);
    this.update();
  }

  private entered: Entered;
  private preset: IPreset;
  private faults: Fault[] = [];
  private error: string | null = null;
  private report: ConnectionReport | null = null;
  private testing = false;
  private readonly taken: string[];
  private readonly hasKeys: boolean;
}

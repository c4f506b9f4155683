/* What is entered for a connection of one's own. Secrets stay in their inputs: no state of the page holds them. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { ErrorNotice } from '../components/notices';
import type { Entered, Fault, IPreset } from '../models/draft';
import { PRESETS, presetOf } from '../models/draft';
import { CredentialFields } from './CredentialFields';
import { Field, TextField } from './Field';
import { MoreFields } from './MoreFields';

export interface IFormProps {
  trans: TranslationBundle;
  entered: Entered;
  preset: IPreset;
  /** Names of profiles that are known. */
  profiles: string[];
  /** Whether keys are saved that stay when none are entered. */
  hasKeys: boolean;
  /** Whether the server has a keyring to keep keys in. */
  hasKeyring: boolean;
  faults: Fault[];
  error: string | null;
  onChange: (change: Partial<Entered>) => void;
  onPreset: (preset: IPreset) => void;
  /** The test and what it has found. */
  children: React.ReactNode;
}

export function ConnectionForm(props: IFormProps): React.JSX.Element {
  const { trans, entered, preset, faults, onChange } = props;
  return (
    <div className="cdc-ConnectionForm">
      <Field label={trans.__('Service')}>
        {field => (
          <select
            {...field}
            className="cdc-Select"
            value={preset.id}
            onChange={event => props.onPreset(presetOf(event.target.value))}
          >
            {PRESETS.map(({ id, title }) => (
              <option key={id} value={id}>
                {id === 'other' ? trans.__('Other S3 service') : title}
              </option>
            ))}
          </select>
        )}
      </Field>
      <Field label={trans.__('Name')} fault={nameFault(faults, trans)}>
        {field => (
          <input
            {...field}
            className="cdc-Input"
            maxLength={100}
            spellCheck={false}
            autoComplete="off"
            placeholder={trans.__('What you want to call it')}
            value={entered.name}
            onChange={event => onChange({ name: event.target.value })}
          />
        )}
      </Field>
      {preset.needsEndpoint && (
        <TextField
          label={trans.__('Endpoint')}
          fault={
            faults.includes('endpoint') ? trans.__('An address that begins with https:// or http:// is needed.') : null
          }
          type="url"
          placeholder={preset.placeholder}
          value={entered.endpoint_url ?? ''}
          onChange={value => onChange({ endpoint_url: value })}
        />
      )}
      <TextField
        label={trans.__('Region')}
        placeholder={preset.region || trans.__('As the service says')}
        value={entered.region ?? ''}
        onChange={value => onChange({ region: value })}
      />
      <CredentialFields {...props} />
      <MoreFields {...props} />
      {props.error && <ErrorNotice message={props.error} />}
      {props.children}
    </div>
  );
}

function nameFault(faults: Fault[], trans: TranslationBundle): string | null {
  if (faults.includes('taken')) {
    return trans.__('There is a connection of this name already.');
  }
  return faults.includes('name') ? trans.__('A name is needed.') : null;
}

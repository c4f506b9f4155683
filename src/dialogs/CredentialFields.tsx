/* With what a connection of one's own signs, and where its keys are kept. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { Credentials, KeepIn } from '../models/draft';
import type { IFormProps } from './ConnectionForm';
import { Field } from './Field';

export function CredentialFields(props: IFormProps): React.JSX.Element {
  const { trans, entered, onChange } = props;
  return (
    <>
      <Field label={trans.__('Credentials')} hint={credentialsHint(entered.credentials, trans)}>
        {field => (
          <select
            {...field}
            className="cdc-Select"
            value={entered.credentials}
            onChange={event => onChange({ credentials: event.target.value as Credentials })}
          >
            <option value="keys">{trans.__('Access key and secret key')}</option>
            <option value="profile">{trans.__('A profile of the AWS configuration')}</option>
            <option value="environment">{trans.__('Environment of the Jupyter server')}</option>
            <option value="anonymous">{trans.__('None: public data')}</option>
          </select>
        )}
      </Field>
      {entered.credentials === 'profile' && <ProfileField {...props} />}
      {/* Kept in the document, so that what was typed is there again when one changes one's mind. */}
      <div className="cdc-ConnectionForm-keys" hidden={entered.credentials !== 'keys'}>
        <KeyFields {...props} />
      </div>
    </>
  );
}

function credentialsHint(credentials: Credentials, trans: TranslationBundle): string | null {
  switch (credentials) {
    case 'environment':
      return trans.__('As the server finds them: variables, an instance or container role, a web identity.');
    case 'profile':
      return trans.__('SSO, assumed roles and credential processes of the profile work as in the AWS CLI.');
    case 'anonymous':
      return trans.__('Requests are not signed.');
    default:
      return null;
  }
}

function ProfileField({ trans, entered, profiles, faults, onChange }: IFormProps): React.JSX.Element {
  const list = React.useId();
  return (
    <Field label={trans.__('Profile')} fault={faults.includes('profile') ? trans.__('A profile is needed.') : null}>
      {field => (
        <>
          <input
            {...field}
            className="cdc-Input"
            list={list}
            spellCheck={false}
            autoComplete="off"
            value={entered.profile ?? ''}
            onChange={event => onChange({ profile: event.target.value })}
          />
          <datalist id={list}>
            {profiles.map(profile => (
              <option key={profile} value={profile} />
            ))}
          </datalist>
        </>
      )}
    </Field>
  );
}

function KeyFields({ trans, entered, hasKeys, hasKeyring, faults, onChange }: IFormProps): React.JSX.Element {
  const kept = hasKeys ? trans.__('Unchanged') : '';
  const secret = (name: string, type: 'text' | 'password') => ({
    name,
    type,
    className: 'cdc-Input',
    autoComplete: 'off',
    spellCheck: false,
    'data-lpignore': 'true',
    'data-1p-ignore': ''
  });
  return (
    <>
      <Field label={trans.__('Access key')}>
        {field => <input {...field} {...secret('access_key', 'text')} placeholder={kept} />}
      </Field>
      <Field
        label={trans.__('Secret key')}
        fault={faults.includes('keys') ? trans.__('Both keys are needed.') : null}
        hint={hasKeys ? trans.__('Leave both empty to keep those that are saved.') : null}
      >
        {field => <input {...field} {...secret('secret_key', 'password')} placeholder={kept} />}
      </Field>
      <Field label={trans.__('Session token')}>
        {field => (
          <input {...field} {...secret('session_token', 'password')} placeholder={trans.__('If you were given one')} />
        )}
      </Field>
      <Field label={trans.__('Keep keys in')} hint={keepHint(entered.keep_in, trans)}>
        {field => (
          <select
            {...field}
            className="cdc-Select"
            value={entered.keep_in}
            onChange={event => onChange({ keep_in: event.target.value as KeepIn })}
          >
            {(hasKeyring || entered.keep_in === 'keyring') && (
              <option value="keyring">{trans.__('Keyring of the server’s machine')}</option>
            )}
            <option value="aws-credentials-file">{trans.__('AWS credentials file')}</option>
            <option value="process">{trans.__('Nowhere: until the server stops')}</option>
          </select>
        )}
      </Field>
    </>
  );
}

function keepHint(place: KeepIn, trans: TranslationBundle): string {
  switch (place) {
    case 'keyring':
      return trans.__('Encrypted by the system, for your account alone.');
    case 'aws-credentials-file':
      return trans.__('In plain text in ~/.aws/credentials, readable by your account; the AWS CLI uses them too.');
    default:
      return trans.__('In the server’s memory. You enter them again after a restart.');
  }
}

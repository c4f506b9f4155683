/* What is entered for a connection of one's own. Secrets stay in their inputs: no state of the page holds them. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { ErrorNotice } from '../components/notices';
import type { Credentials, Entered, Fault, IPreset, KeepIn } from '../models/draft';
import { bucketNames, PRESETS, presetOf } from '../models/draft';
import { Check, Field } from './Field';

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
        <Field
          label={trans.__('Endpoint')}
          fault={
            faults.includes('endpoint') ? trans.__('An address that begins with https:// or http:// is needed.') : null
          }
        >
          {field => (
            <input
              {...field}
              className="cdc-Input"
              type="url"
              spellCheck={false}
              autoComplete="off"
              placeholder={preset.placeholder}
              value={entered.endpoint_url ?? ''}
              onChange={event => onChange({ endpoint_url: event.target.value })}
            />
          )}
        </Field>
      )}
      <Field label={trans.__('Region')}>
        {field => (
          <input
            {...field}
            className="cdc-Input"
            spellCheck={false}
            autoComplete="off"
            placeholder={preset.region || trans.__('As the service says')}
            value={entered.region ?? ''}
            onChange={event => onChange({ region: event.target.value })}
          />
        )}
      </Field>
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

function CredentialFields(props: IFormProps): React.JSX.Element {
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

function MoreFields({ trans, entered, preset, onChange }: IFormProps): React.JSX.Element {
  const [buckets, setBuckets] = React.useState(entered.buckets.join(', '));
  const set = hasMore(entered);
  return (
    <details className="cdc-Details" open={set || undefined}>
      <summary>{trans.__('More')}</summary>
      <Field
        label={trans.__('Pinned buckets')}
        hint={trans.__('Shown even where you may not list buckets. Separate names by commas.')}
      >
        {field => (
          <input
            {...field}
            className="cdc-Input"
            spellCheck={false}
            autoComplete="off"
            placeholder="bucket-a, bucket-b"
            value={buckets}
            onChange={event => {
              setBuckets(event.target.value);
              onChange({ buckets: bucketNames(event.target.value) });
            }}
          />
        )}
      </Field>
      <Field label={trans.__('Bucket in address')}>
        {field => (
          <select
            {...field}
            className="cdc-Select"
            value={entered.addressing}
            onChange={event => onChange({ addressing: event.target.value as Entered['addressing'] })}
          >
            <option value="auto">{trans.__('Automatic')}</option>
            <option value="path">{trans.__('Path: host/bucket/key')}</option>
            <option value="virtual">{trans.__('Virtual host: bucket.host/key')}</option>
          </select>
        )}
      </Field>
      {entered.credentials !== 'anonymous' && (
        <Field label={trans.__('Role to assume')}>
          {field => (
            <input
              {...field}
              className="cdc-Input"
              spellCheck={false}
              autoComplete="off"
              placeholder="arn:aws:iam::123456789012:role/name"
              value={entered.role_arn ?? ''}
              onChange={event => onChange({ role_arn: event.target.value })}
            />
          )}
        </Field>
      )}
      <Check
        label={trans.__('Requester pays')}
        checked={entered.requester_pays}
        onChange={requester_pays => onChange({ requester_pays })}
      >
        {entered.requester_pays && (
          <p className="cdc-Field-hint">{trans.__('Your account pays for requests and traffic of such buckets.')}</p>
        )}
      </Check>
      {preset.needsEndpoint && <TlsFields trans={trans} entered={entered} onChange={onChange} />}
    </details>
  );
}

function hasMore({ buckets, role_arn, requester_pays, verify_tls, ca_bundle }: Entered): boolean {
  return buckets.length > 0 || Boolean(role_arn) || requester_pays || !verify_tls || Boolean(ca_bundle);
}

function TlsFields({
  trans,
  entered,
  onChange
}: Pick<IFormProps, 'trans' | 'entered' | 'onChange'>): React.JSX.Element {
  return (
    <>
      <Check
        label={trans.__('Check the TLS certificate')}
        checked={entered.verify_tls}
        onChange={verify_tls => onChange({ verify_tls })}
      >
        {!entered.verify_tls && (
          <p className="cdc-Field-hint cdc-mod-warning" role="status">
            {trans.__(
              'Whoever stands between can read and change all that travels, keys included. Give the CA’s file instead.'
            )}
          </p>
        )}
      </Check>
      {entered.verify_tls && (
        <Field label={trans.__('CA file')} hint={trans.__('A path on the server, for certificates of your own CA.')}>
          {field => (
            <input
              {...field}
              className="cdc-Input"
              spellCheck={false}
              autoComplete="off"
              placeholder="/etc/ssl/certs/our-ca.pem"
              value={entered.ca_bundle ?? ''}
              onChange={event => onChange({ ca_bundle: event.target.value })}
            />
          )}
        </Field>
      )}
    </>
  );
}

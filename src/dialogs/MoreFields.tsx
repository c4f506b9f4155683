/* What few connections need: pinned buckets, addressing, a role, who pays, TLS. */
import * as React from 'react';
import type { Entered } from '../models/draft';
import { bucketNames } from '../models/draft';
import type { IFormProps } from './ConnectionForm';
import { Check, Field, TextField } from './Field';

export function MoreFields({ trans, entered, preset, onChange }: IFormProps): React.JSX.Element {
  const [buckets, setBuckets] = React.useState(entered.buckets.join(', '));
  const set = hasMore(entered);
  return (
    <details className="cdc-Details" open={set || undefined}>
      <summary>{trans.__('More')}</summary>
      <TextField
        label={trans.__('Pinned buckets')}
        hint={trans.__('Shown even where you may not list buckets. Separate names by commas.')}
        placeholder="bucket-a, bucket-b"
        value={buckets}
        onChange={value => {
          setBuckets(value);
          onChange({ buckets: bucketNames(value) });
        }}
      />
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
        <TextField
          label={trans.__('Role to assume')}
          placeholder="arn:aws:iam::123456789012:role/name"
          value={entered.role_arn ?? ''}
          onChange={value => onChange({ role_arn: value })}
        />
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
        <TextField
          label={trans.__('CA file')}
          hint={trans.__('A path on the server, for certificates of your own CA.')}
          placeholder="/etc/ssl/certs/our-ca.pem"
          value={entered.ca_bundle ?? ''}
          onChange={value => onChange({ ca_bundle: value })}
        />
      )}
    </>
  );
}

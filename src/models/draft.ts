/* A connection of one's own as it is being entered: presets of services, drafts from what is saved, what is missing. */
import type { ConnectionDraft, ConnectionInfo } from '../api/schema';

export type Credentials = ConnectionDraft['credentials'];
export type KeepIn = ConnectionDraft['keep_in'];

/** What is entered, secrets excepted: those stay in their input elements until they are sent. */
export type Entered = Omit<ConnectionDraft, 'access_key' | 'secret_key' | 'session_token'>;

export interface ISecrets {
  access_key: string;
  secret_key: string;
  session_token: string;
}

export interface IPreset {
  id: 'aws' | 'minio' | 'ceph' | 'r2' | 'wasabi' | 'other';
  title: string;
  /** Whether the service is found by its region alone. */
  needsEndpoint: boolean;
  placeholder: string;
  region: string;
  addressing: ConnectionDraft['addressing'];
}

export const PRESETS: IPreset[] = [
  { id: 'aws', title: 'Amazon S3', needsEndpoint: false, placeholder: '', region: 'us-east-1', addressing: 'auto' },
  {
    id: 'minio',
    title: 'MinIO',
    needsEndpoint: true,
    placeholder: 'http://localhost:9000',
    region: 'us-east-1',
    addressing: 'path'
  },
  {
    id: 'ceph',
    title: 'Ceph',
    needsEndpoint: true,
    placeholder: 'https://s3.example.org',
    region: 'us-east-1',
    addressing: 'path'
  },
  {
    id: 'r2',
    title: 'Cloudflare R2',
    needsEndpoint: true,
    placeholder: 'https://<account id>.r2.cloudflarestorage.com',
    region: 'auto',
    addressing: 'path'
  },
  {
    id: 'wasabi',
    title: 'Wasabi',
    needsEndpoint: true,
    placeholder: 'https://s3.eu-central-1.wasabisys.com',
    region: 'eu-central-1',
    addressing: 'auto'
  },
  {
    id: 'other',
    title: 'Other S3 service',
    needsEndpoint: true,
    placeholder: 'https://s3.example.org',
    region: '',
    addressing: 'auto'
  }
];

export function presetOf(id: string): IPreset {
  return PRESETS.find(preset => preset.id === id) ?? PRESETS[0];
}

/** The preset that an endpoint belongs to. */
export function presetFor(endpoint: string | null): IPreset {
  if (!endpoint) {
    return presetOf('aws');
  }
  if (/\.r2\.cloudflarestorage\.com/i.test(endpoint)) {
    return presetOf('r2');
  }
  return presetOf(/\.wasabisys\.com/i.test(endpoint) ? 'wasabi' : 'other');
}

/** `keyring`: whether the server has one. Without, keys go to the next safest place. */
export function emptyDraft(keyring = true): Entered {
  return {
    name: '',
    endpoint_url: null,
    region: null,
    addressing: 'auto',
    credentials: 'keys',
    profile: null,
    keep_in: keyring ? 'keyring' : 'aws-credentials-file',
    role_arn: null,
    requester_pays: false,
    verify_tls: true,
    ca_bundle: null,
    buckets: []
  };
}

/** What is known of a connection, to be changed or copied; its secrets are not among it. */
export function draftOf({ ref, secret }: ConnectionInfo, name = ref.name, keyring = true): Entered {
  const keeps: KeepIn[] = ['keyring', 'aws-credentials-file', 'process'];
  return {
    name,
    endpoint_url: ref.endpoint_url,
    region: ref.region,
    addressing: ref.addressing,
    credentials: credentialsOf(ref),
    profile: ref.profile,
    keep_in: keeps.find(place => place === secret) ?? (keyring ? 'keyring' : 'aws-credentials-file'),
    role_arn: ref.role_arn,
    requester_pays: ref.requester_pays,
    verify_tls: ref.verify_tls,
    ca_bundle: ref.ca_bundle,
    buckets: [...ref.buckets]
  };
}

function credentialsOf(ref: ConnectionInfo['ref']): Credentials {
  if (ref.anonymous) {
    return 'anonymous';
  }
  if (ref.kind === 'environment') {
    return 'environment';
  }
  return ref.kind === 'profile' || (ref.profile !== null && ref.kind !== 'custom') ? 'profile' : 'keys';
}

/** "lab" -> "lab 2": a name that none of `taken` has. */
export function freeName(name: string, taken: string[]): string {
  const stem = name.replace(/ \d+$/, '');
  for (let number = 2; ; number += 1) {
    if (!taken.includes(`${stem} ${number}`)) {
      return `${stem} ${number}`;
    }
  }
}

export type Fault = 'name' | 'taken' | 'endpoint' | 'profile' | 'keys';

/** What has to be entered before the draft can be sent. `hasKeys`: saved keys stay where none are entered. */
export function faultsOf(
  entered: Entered,
  secrets: ISecrets,
  { needsEndpoint, hasKeys, taken }: { needsEndpoint: boolean; hasKeys: boolean; taken: string[] }
): Fault[] {
  const faults: Fault[] = [];
  const name = entered.name.trim();
  if (!name) {
    faults.push('name');
  } else if (taken.includes(name)) {
    faults.push('taken');
  }
  if (needsEndpoint && !/^https?:\/\/[^\s<>]+$/i.test(entered.endpoint_url ?? '')) {
    faults.push('endpoint');
  }
  if (entered.credentials === 'profile' && !entered.profile?.trim()) {
    faults.push('profile');
  }
  const given = Boolean(secrets.access_key) && Boolean(secrets.secret_key);
  const none = !secrets.access_key && !secrets.secret_key;
  if (entered.credentials === 'keys' && !given && !(none && hasKeys)) {
    faults.push('keys');
  }
  return faults;
}

/** The record to send: only what belongs to the way of credentials that is chosen, blanks as nothing. */
export function toDraft(entered: Entered, secrets: ISecrets): ConnectionDraft {
  const keys = entered.credentials === 'keys';
  return {
    ...entered,
    name: entered.name.trim(),
    endpoint_url: text(entered.endpoint_url),
    region: text(entered.region),
    profile: entered.credentials === 'profile' ? text(entered.profile) : null,
    role_arn: entered.credentials === 'anonymous' ? null : text(entered.role_arn),
    ca_bundle: entered.verify_tls ? text(entered.ca_bundle) : null,
    access_key: keys ? text(secrets.access_key) : null,
    secret_key: keys ? text(secrets.secret_key) : null,
    session_token: keys ? text(secrets.session_token) : null
  };
}

function text(value: string | null): string | null {
  return value?.trim() || null;
}

/** Bucket names as a person lists them: by commas, spaces or lines, with or without s3://. */
export function bucketNames(words: string): string[] {
  const names = words.split(/[\s,;]+/).map(name => name.replace(/^s3:\/\//i, '').replace(/\/.*$/, ''));
  return [...new Set(names.filter(Boolean))];
}

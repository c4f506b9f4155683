/* The connections that the server offers, the one in use, and those that a person makes herself. */
import type { ApiClient } from '../api/client';
import { ApiError, asApiError } from '../api/client';
import type {
  Bucket,
  ConnectionDraft,
  ConnectionInfo,
  ConnectionRef,
  ConnectionReport,
  ConnectionTest,
  ServerInfo
} from '../api/schema';
import { Observable } from './observable';

type Api = Pick<
  ApiClient,
  'info' | 'connections' | 'addConnection' | 'changeConnection' | 'removeConnection' | 'testConnection' | 'buckets'
>;

export class ConnectionsModel extends Observable {
  constructor(private readonly api: Api) {
    super();
  }

  infos: ConnectionInfo[] = [];
  current: string | null = null;
  info: ServerInfo | null = null;
  loading = false;
  error: ApiError | null = null;
  /** What the last test of the connection in use found; null before one, and after another is chosen. */
  report: ConnectionReport | null = null;
  testing = false;

  /** What names each connection. */
  get list(): ConnectionRef[] {
    return this.infos.map(({ ref }) => ref);
  }

  /** All that is known of the connection in use. */
  get chosen(): ConnectionInfo | null {
    return this.get(this.current);
  }

  /** The record of the connection in use. */
  get ref(): ConnectionRef | null {
    return this.chosen?.ref ?? null;
  }

  get(name: string | null): ConnectionInfo | null {
    return this.infos.find(({ ref }) => ref.name === name) ?? null;
  }

  /** Ask the server; `preferred` (from before a reload) wins over the server's default where it still exists. */
  async load(preferred: string | null = this.current): Promise<void> {
    this.loading = true;
    this.emit();
    try {
      [this.info, this.infos] = await Promise.all([this.api.info(), this.api.connections()]);
      this.error = null;
      const wanted = [preferred, this.info.default_connection, this.infos[0]?.ref.name];
      this.current = wanted.find(name => name && this.get(name)) ?? null;
    } catch (error) {
      this.error = asApiError(error);
    }
    this.loading = false;
    this.emit();
  }

  select(name: string): void {
    if (name !== this.current) {
      this.current = name;
      this.report = null;
      this.emit();
    }
  }

  /** Save a draft: a new connection, or `name` changed. The saved one; its secrets are in the server alone. */
  async save(draft: ConnectionDraft, name: string | null): Promise<ConnectionInfo> {
    const saved = name === null ? await this.api.addConnection(draft) : await this.api.changeConnection(name, draft);
    const at = this.infos.findIndex(({ ref }) => ref.name === (name ?? saved.ref.name));
    this.infos = at < 0 ? [...this.infos, saved] : this.infos.map((info, index) => (index === at ? saved : info));
    if (name !== null && this.current === name) {
      this.current = saved.ref.name;
      this.report = null;
    }
    this.emit();
    return saved;
  }

  async remove(name: string): Promise<void> {
    await this.api.removeConnection(name);
    this.infos = this.infos.filter(({ ref }) => ref.name !== name);
    if (this.current === name) {
      this.current = null;
      this.report = null;
    }
    this.emit();
  }

  test(test: ConnectionTest, signal?: AbortSignal): Promise<ConnectionReport> {
    return this.api.testConnection(test, signal);
  }

  /** Test the connection in use; what is found is kept in `report`. */
  async testCurrent(bucket: string | null = null): Promise<ConnectionReport | null> {
    const name = this.current;
    if (name === null) {
      return null;
    }
    this.testing = true;
    this.emit();
    try {
      const report = await this.test({ name, draft: null, bucket });
      this.report = this.current === name ? report : this.report;
      return report;
    } finally {
      this.testing = false;
      this.emit();
    }
  }

  /** The buckets of a connection and those that are pinned; these alone where listing buckets is not allowed. */
  async buckets(name: string, signal?: AbortSignal): Promise<Bucket[]> {
    const pinned = (this.get(name)?.ref.buckets ?? []).map(bucket => ({ name: bucket, created: null }));
    try {
      const listed = await this.api.buckets(name, signal);
      const known = new Set(listed.map(bucket => bucket.name));
      return [...pinned.filter(bucket => !known.has(bucket.name)), ...listed];
    } catch (error) {
      // Anonymous requests for the list are answered in many ways; with pinned buckets none of them is worth a word.
      const denied = error instanceof ApiError && (error.status === 403 || error.status === 401);
      if (pinned.length && (denied || this.get(name)?.ref.anonymous)) {
        return pinned;
      }
      throw error;
    }
  }

  dismissReport(): void {
    this.report = null;
    this.emit();
  }
}

/* The connections that the server offers, and the one in use. */
import type { ApiClient, ApiError } from '../api/client';
import { asApiError } from '../api/client';
import type { ConnectionInfo, ConnectionRef, ServerInfo } from '../api/schema';
import { Observable } from './observable';

export class ConnectionsModel extends Observable {
  constructor(private readonly api: Pick<ApiClient, 'info' | 'connections'>) {
    super();
  }

  infos: ConnectionInfo[] = [];
  current: string | null = null;
  info: ServerInfo | null = null;
  loading = false;
  error: ApiError | null = null;

  /** What names each connection. */
  get list(): ConnectionRef[] {
    return this.infos.map(info => info.ref);
  }

  /** The record of the connection in use. */
  get ref(): ConnectionRef | null {
    return this.list.find(ref => ref.name === this.current) ?? null;
  }

  /** Ask the server; `preferred` (from before a reload) wins over the server's default where it still exists. */
  async load(preferred: string | null = this.current): Promise<void> {
    this.loading = true;
    this.emit();
    try {
      [this.info, this.infos] = await Promise.all([this.api.info(), this.api.connections()]);
      this.error = null;
      const wanted = [preferred, this.info.default_connection, this.list[0]?.name];
      this.current = wanted.find(name => name && this.list.some(ref => ref.name === name)) ?? null;
    } catch (error) {
      this.error = asApiError(error);
    }
    this.loading = false;
    this.emit();
  }

  select(name: string): void {
    if (name !== this.current) {
      this.current = name;
      this.emit();
    }
  }
}

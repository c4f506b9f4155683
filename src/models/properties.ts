/* All that S3 knows of one object: its head, tags and versions, and what may be changed of them. */
import type { ApiClient, ApiError } from '../api/client';
import { asApiError, isAbort } from '../api/client';
import type {
  ChangeRequest,
  Job,
  ObjectDetail,
  ObjectVersion,
  RestoreRequest,
  ThawRequest,
  VersionPage
} from '../api/schema';
import type { ITargetObject } from './object';
import { Observable } from './observable';

type Api = Pick<ApiClient, 'object' | 'tags' | 'saveTags' | 'versions' | 'deleteVersion' | 'thaw' | 'presign'>;

export type Part = 'detail' | 'tags' | 'versions';

export class PropertiesModel extends Observable {
  constructor(
    private readonly api: Api,
    readonly target: ITargetObject,
    private readonly run: (request: ChangeRequest | RestoreRequest) => Promise<Job>
  ) {
    super();
  }

  detail: ObjectDetail | null = null;
  tags: Record<string, string> | null = null;
  versions: ObjectVersion[] = [];
  versioning: VersionPage['versioning'] | null = null;
  readonly loading = new Set<Part>();
  readonly errors = new Map<Part, ApiError>();

  get hasMoreVersions(): boolean {
    return this._token !== null;
  }

  async load(): Promise<void> {
    await Promise.all([this.loadDetail(), this.loadTags(), this.loadVersions()]);
  }

  loadDetail(): Promise<void> {
    return this.part('detail', async signal => {
      this.detail = await this.api.object({ ...this.target, detect: false }, signal);
    });
  }

  loadTags(): Promise<void> {
    return this.part('tags', async signal => {
      this.tags = (await this.api.tags(this.target, signal)).tags;
    });
  }

  /** The newest versions, or with `more` those after the ones that are here. */
  loadVersions(more = false): Promise<void> {
    return this.part('versions', async signal => {
      const page = await this.api.versions({ ...this.target, next_token: more ? this._token : null }, signal);
      this.versioning = page.versioning;
      this.versions = more ? [...this.versions, ...page.versions] : page.versions;
      this._token = page.next_token;
    });
  }

  async saveTags(tags: Record<string, string>): Promise<void> {
    this.tags = (await this.api.saveTags({ ...this.target, version_id: null, tags })).tags;
    this.emit();
  }

  /** Content type, metadata or storage class anew: S3 copies the object onto itself for that. */
  async save(changed: Partial<Pick<ChangeRequest, 'content_type' | 'metadata' | 'storage_class'>>): Promise<void> {
    const none = { content_type: null, metadata: null, storage_class: null };
    await this.done({ kind: 'change', ...this.target, ...none, ...changed });
    await Promise.all([this.loadDetail(), this.loadVersions()]);
  }

  async restoreVersion(version: ObjectVersion): Promise<void> {
    await this.done({ kind: 'restore', ...this.target, version_id: version.version_id });
    await this.load();
  }

  async deleteVersion(version: ObjectVersion): Promise<void> {
    await this.api.deleteVersion({ ...this.target, version_id: version.version_id });
    await this.load();
  }

  /** An address at which the browser can fetch one version, for a quarter of an hour. */
  async versionLink(version: ObjectVersion): Promise<string> {
    const link = await this.api.presign({ ...this.target, version_id: version.version_id, seconds: 900 });
    return link.url;
  }

  async thaw(days: number, tier: ThawRequest['tier']): Promise<void> {
    this.detail = await this.api.thaw({ ...this.target, version_id: null, days, tier });
    this.emit();
  }

  dispose(): void {
    this._abort.abort();
    super.dispose();
  }

  private async done(request: ChangeRequest | RestoreRequest): Promise<void> {
    const job = await this.run(request);
    if (job.state !== 'succeeded') {
      throw new Error(job.error?.message ?? job.state);
    }
  }

  private async part(part: Part, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const { signal } = this._abort;
    this.loading.add(part);
    this.errors.delete(part);
    this.emit();
    try {
      await work(signal);
    } catch (error) {
      if (!signal.aborted && !isAbort(error)) {
        this.errors.set(part, asApiError(error));
      }
    }
    this.loading.delete(part);
    this.emit();
  }

  private _token: string | null = null;
  private readonly _abort = new AbortController();
}

/* What to do with files whose key exists: one question at a time, and none that an answer "for all" has settled. */
import type { ConflictChoice, IConflictAnswer, IUploadItem } from './upload';
import { keyBeside } from './upload';

/** `others` of the same batch have not been decided yet. */
export type AskConflict = (item: IUploadItem, others: number) => Promise<IConflictAnswer>;

export class Conflicts {
  constructor(
    private readonly askPerson: AskConflict,
    private readonly others: (item: IUploadItem) => number
  ) {}

  /** `wanted` tells whether the file still is to be sent when its turn to be asked about has come. */
  ask(item: IUploadItem, wanted: () => boolean): Promise<ConflictChoice> {
    const answer = this._last.then(() => this.decide(item, wanted));
    this._last = answer.catch(() => undefined);
    return answer;
  }

  /** The next key beside the one that is taken: "a (1).csv", then "a (2).csv". */
  nextKey(item: IUploadItem): string {
    const tried = this._beside.get(item.id) ?? { key: item.key, number: 0 };
    tried.number += 1;
    this._beside.set(item.id, tried);
    return keyBeside(tried.key, tried.number);
  }

  private async decide(item: IUploadItem, wanted: () => boolean): Promise<ConflictChoice> {
    if (this._beside.has(item.id)) {
      return 'keep';
    }
    const settled = this._settled.get(item.batch);
    if (settled || !wanted()) {
      return settled ?? 'skip';
    }
    const { choice, all } = await this.askPerson(item, this.others(item));
    if (all) {
      this._settled.set(item.batch, choice);
    }
    return choice;
  }

  private _last: Promise<unknown> = Promise.resolve();
  private readonly _settled = new Map<number, ConflictChoice>();
  private readonly _beside = new Map<number, { key: string; number: number }>();
}

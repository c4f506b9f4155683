/* Where a person was, by connection. */

export interface IPlace {
  bucket: string | null;
  prefix: string;
  selection: string | null;
  /** The prefix that is in use as one data set. */
  dataSet?: string;
}

const TOP: IPlace = { bucket: null, prefix: '', selection: null };
/** More connections than this are not remembered. */
const MOST = 30;

export class Places {
  of(connection: string): IPlace {
    return this._places.get(connection) ?? TOP;
  }

  /** The last one kept is the last to be forgotten. */
  keep(connection: string, place: IPlace): void {
    this._places.delete(connection);
    this._places.set(connection, place);
    const [oldest] = this._places.keys();
    if (this._places.size > MOST) {
      this._places.delete(oldest);
    }
  }

  /** All but that of `connection`, to be saved. */
  others(connection: string | null): Record<string, IPlace> {
    return Object.fromEntries([...this._places].filter(([name]) => name !== connection));
  }

  restore(places: Record<string, IPlace>): void {
    this._places = new Map(Object.entries(places));
  }

  private _places = new Map<string, IPlace>();
}

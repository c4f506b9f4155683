/* Places that a person has pinned. */
import type { ReadonlyPartialJSONObject, ReadonlyPartialJSONValue } from '@lumino/coreutils';
import { Observable } from './observable';

export interface IFavourite {
  connection: string;
  bucket: string;
  prefix: string;
}

export class FavouritesModel extends Observable {
  list: readonly IFavourite[] = [];

  has(place: { connection: string | null; bucket: string | null; prefix: string }): boolean {
    return this.list.some(known => same(known, place));
  }

  /** Pin a place, or let it go. */
  toggle(place: IFavourite): void {
    const { connection, bucket, prefix } = place;
    this.list = this.has(place)
      ? this.list.filter(known => !same(known, place))
      : [...this.list, { connection, bucket, prefix }];
    this.emit();
  }

  toJSON(): ReadonlyPartialJSONObject {
    return { places: this.list.map(place => ({ ...place })) };
  }

  restore(value: ReadonlyPartialJSONValue | undefined): void {
    const places = (value as { places?: unknown } | null | undefined)?.places;
    if (Array.isArray(places)) {
      this.list = places.filter(isFavourite);
      this.emit();
    }
  }
}

function same(a: IFavourite, b: { connection: string | null; bucket: string | null; prefix: string }): boolean {
  return a.connection === b.connection && a.bucket === b.bucket && a.prefix === b.prefix;
}

function isFavourite(value: unknown): value is IFavourite {
  const place = value as Partial<IFavourite> | null;
  return [place?.connection, place?.bucket, place?.prefix].every(part => typeof part === 'string');
}

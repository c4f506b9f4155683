/* What a notebook says of the place that the panel is to show; and whether it says so now or said so once. */

export interface IOpening {
  uri: string | null;
  connection: string | null;
  /** When it was said, as the kernel's clock has it. */
  at: string;
  nonce: string;
}

const FRESH_MS = 30_000;

/** What cannot be understood is left out: it opens the panel where it is. */
export function openingOf(data: unknown): IOpening {
  const found = (typeof data === 'object' && data !== null ? data : {}) as Record<string, unknown>;
  const text = (value: unknown) => (typeof value === 'string' && value ? value : null);
  return {
    uri: text(found.uri),
    connection: text(found.connection),
    at: text(found.at) ?? '',
    nonce: text(found.nonce) ?? ''
  };
}

/** A notebook that was saved must not open anything when somebody looks at it. */
export function isFresh({ at, nonce }: IOpening, now: Date): boolean {
  const age = Math.abs(now.getTime() - Date.parse(at));
  return nonce !== '' && age <= FRESH_MS;
}

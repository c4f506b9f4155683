/* Waiting in tests: as long as a busy machine needs, for what is sure to come. */
import { vi } from 'vitest';

/** What `look` returns, once it no longer throws. */
export function until<T>(look: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(look, { timeout: 20_000, interval: 10 });
}

import type { Detection } from '../protocol/spi.ts';

/** Something that may recognise a connection by its first bytes. Without `detect` it takes whatever comes. */
export interface Detectable {
  detect?(head: Buffer): Detection;
}

/**
 * Asks in order: the first that says 'match' has the connection, once all before it have said 'no-match'.
 * @param last there will be no more bytes: who needs more does not match
 */
export function detect<D extends Detectable>(candidates: readonly D[], head: Buffer, last: boolean): D | 'need-more' | 'no-match' {
  for (const candidate of candidates) {
    const said = candidate.detect === undefined ? 'match' : candidate.detect(head);
    if (said === 'match') return candidate;
    if (said === 'need-more' && !last) return 'need-more';
  }
  return 'no-match';
}

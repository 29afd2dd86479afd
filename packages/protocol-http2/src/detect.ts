import type { Detection } from '@polywire/core/spi';
import { PREFACE } from './frame.ts';

/** So much of the preface that no other protocol begins with it: `PRI * HTTP/2.0`. */
const TELLING_BYTES = 14;

/** HTTP/2 with prior knowledge: RFC 9113, section 3.3. */
export function detect(head: Buffer): Detection {
  const bytes = Math.min(head.length, TELLING_BYTES);
  if (head.compare(PREFACE, 0, bytes, 0, bytes) !== 0) return 'no-match';
  return bytes < TELLING_BYTES ? 'need-more' : 'match';
}

import type { Detection } from '@polywire/core/spi';

const PROTOCOL_V1 = 1;
const PROTOCOL_V2 = 2;

/**
 * A caller's first frame: the protocol's code, version 2 has a version of its own next (1 or 2), then the type (1 request, 2 one-way) and the
 * command (0 heartbeat, 1 request). No other protocol that Polywire knows begins with 01 or 02.
 */
export function detect(head: Buffer): Detection {
  if (head.length === 0) return 'need-more';
  const second = head[0] === PROTOCOL_V2;
  if (!second && head[0] !== PROTOCOL_V1) return 'no-match';
  const typeAt = second ? 2 : 1;
  for (let at = 1; at < typeAt + 3; at++) {
    const byte = head[at];
    if (byte === undefined) return 'need-more';
    const least = at <= typeAt ? 1 : 0;
    const most = at <= typeAt ? 2 : at - typeAt - 1;
    if (byte < least || byte > most) return 'no-match';
  }
  return 'match';
}

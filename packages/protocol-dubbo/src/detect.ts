import type { Detection } from '@polywire/core/spi';

/** Dubbo begins with `da bb`. Two bytes decide: waiting for a whole header would leave a telnet `ls` hanging. */
export function detect(head: Buffer): Detection {
  if (head.length === 0) return 'need-more';
  if (head[0] !== 0xda) return 'no-match';
  if (head.length === 1) return 'need-more';
  return head[1] === 0xbb ? 'match' : 'no-match';
}

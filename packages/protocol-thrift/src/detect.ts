import type { Detection } from '@polywire/core/spi';
import { isMessageStart, readInt32 } from './frame.ts';
import { HEADER_MAGIC } from './header.ts';

/** A name in the old binary encoding is all that tells it from other protocols: longer ones are not guessed. */
const LONGEST_OLD_NAME = 255;

/**
 * Unframed messages are known by their first two bytes, framed ones and THeader by the two behind the length; a frame of 16 MiB or more is
 * none to begin a connection with. The old encoding is taken for it only when a whole printable name and a message type are there.
 */
export function detect(head: Buffer): Detection {
  if (head.length === 0) return 'need-more';
  if (head[0] === 0x80 || head[0] === 0x82) {
    if (head.length === 1) return 'need-more';
    return isMessageStart(head.readUInt16BE(0)) ? 'match' : 'no-match';
  }
  if (head[0] !== 0) return 'no-match';
  if (head.length < 5) return head.length === 4 && readInt32(head, 0) === 0 ? 'no-match' : 'need-more';
  return detectBehindLength(head, readInt32(head, 0));
}

function detectBehindLength(head: Buffer, length: number): Detection {
  const next = head[4]!;
  if (next === 0x80 || next === 0x82 || next === HEADER_MAGIC >>> 8) {
    if (head.length === 5) return 'need-more';
    const two = head.readUInt16BE(4);
    return isMessageStart(two) || two === HEADER_MAGIC ? 'match' : 'no-match';
  }
  if (next !== 0) return detectOld(head, 4, length);
  if (head.length < 8) return 'need-more';
  const nameBytes = readInt32(head, 4);
  return nameBytes + 9 < length ? detectOld(head, 8, nameBytes) : 'no-match';
}

/** A name of `length` bytes at `at`, and the type of a call behind it. */
function detectOld(head: Buffer, at: number, length: number): Detection {
  if (length < 1 || length > LONGEST_OLD_NAME) return 'no-match';
  const end = Math.min(at + length, head.length);
  for (let i = at; i < end; i++) if (!isPrintable(head[i]!)) return 'no-match';
  if (head.length <= at + length) return 'need-more';
  const type = head[at + length]!;
  return type === 1 || type === 4 ? 'match' : 'no-match';
}

/** ASCII without spaces and control characters: what names are made of. */
export function isPrintable(byte: number): boolean {
  return byte > 0x20 && byte < 0x7f;
}

import type { NewFront } from '@polywire/core/spi';
import { COMPACT, LENGTH_BYTES, STRICT, type ThriftFrame, type Transport, writeInt32 } from './frame.ts';
import { open } from './reframe.ts';
import { varintWidth, writeVarint } from './varint.ts';

/** The request with this sequence id, and without its service in front of its method, for services that do not multiplex. */
export function stripped(request: ThriftFrame, transport: Transport, seqid: number): NewFront {
  const { chunk, from, length, bodyAt, methodAt, methodEnd } = request;
  const method = chunk.subarray(from + methodAt, from + methodEnd);
  const begin = request.encoding === COMPACT ? compact(request, method, seqid) : binary(request, method, seqid);
  const front = open(request, transport, begin.length + length - bodyAt, seqid, begin.length);
  begin.copy(front, front.length - begin.length);
  return { front, replaces: bodyAt };
}

function binary({ encoding, messageType, chunk, from, messageAt }: ThriftFrame, method: Buffer, seqid: number): Buffer {
  const strict = encoding === STRICT;
  const begin = Buffer.allocUnsafe(3 * LENGTH_BYTES + method.length - (strict ? 0 : 3));
  const nameAt = strict ? 2 * LENGTH_BYTES : LENGTH_BYTES;
  if (strict) chunk.copy(begin, 0, from + messageAt, from + messageAt + LENGTH_BYTES);
  else begin[nameAt + method.length] = messageType;
  writeInt32(begin, nameAt - LENGTH_BYTES, method.length);
  method.copy(begin, nameAt);
  writeInt32(begin, begin.length - LENGTH_BYTES, seqid);
  return begin;
}

function compact({ chunk, from, messageAt }: ThriftFrame, method: Buffer, seqid: number): Buffer {
  const width = varintWidth(seqid);
  const begin = Buffer.allocUnsafe(2 + width + varintWidth(method.length) + method.length);
  chunk.copy(begin, 0, from + messageAt, from + messageAt + 2);
  writeVarint(begin, 2, seqid);
  method.copy(begin, writeVarint(begin, 2 + width, method.length));
  return begin;
}

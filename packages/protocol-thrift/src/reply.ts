import type { LocalReply, LocalReplyReason } from '@polywire/core/spi';
import { COMPACT, EXCEPTION, FRAMED, HEADER, OLD, type ThriftFrame, writeInt32 } from './frame.ts';
import { plainHeader } from './header.ts';
import { varint } from './varint.ts';

/** Types of TApplicationException (thrift-rpc.md). */
export const UNKNOWN_METHOD = 1;
const INTERNAL_ERROR = 6;
export const PROTOCOL_ERROR = 7;
const INVALID_TRANSFORM = 8;

/** By reason. No library calls again by itself for any of them; docs/thrift.md holds the table for users. */
const TYPES: Record<LocalReplyReason, number> = {
  'no-route': UNKNOWN_METHOD,
  'no-healthy-upstream': INTERNAL_ERROR,
  overflow: INTERNAL_ERROR,
  timeout: INTERNAL_ERROR,
  denied: INTERNAL_ERROR,
  'upstream-reset': INTERNAL_ERROR,
  'too-large': PROTOCOL_ERROR,
  'bad-request': PROTOCOL_ERROR,
  internal: INTERNAL_ERROR,
};

/**
 * A TApplicationException with both of its fields, in the request's transport and encoding, with its sequence ids and its bare method: a
 * service behind TMultiplexedProcessor answers without its name, and npm's library looks for the method by it.
 */
export function localReply(request: ThriftFrame, { reason, message }: LocalReply): Buffer {
  return exception(request, TYPES[reason], message === '' ? reason : message);
}

/** What a caller is told in place of an answer that was transformed, though its request was not. */
export function unreadableAnswer(response: ThriftFrame, request: ThriftFrame): Buffer {
  return exception(request, INVALID_TRANSFORM, `the answer ${response.opaque ?? 'cannot be read'}, and was passed through a proxy`);
}

function exception(request: ThriftFrame, type: number, text: string): Buffer {
  const message = request.encoding === COMPACT ? compact(request, type, text) : binary(request, type, text);
  if (request.transport === HEADER) {
    const front = plainHeader(message.length, request.headerSeqid, request.encoding === COMPACT ? 2 : 0, 0);
    return Buffer.concat([front, message]);
  }
  return request.transport === FRAMED ? Buffer.concat([int32(message.length), message]) : message;
}

function binary(request: ThriftFrame, type: number, text: string): Buffer {
  const name = Buffer.from(request.method);
  const words = Buffer.from(text);
  const start =
    request.encoding === OLD
      ? [int32(name.length), name, Buffer.of(EXCEPTION)]
      : [Buffer.of(0x80, 1, 0, EXCEPTION), int32(name.length), name];
  const fields = [Buffer.of(11, 0, 1), int32(words.length), words, Buffer.of(8, 0, 2), int32(type), Buffer.of(0)];
  return Buffer.concat([...start, int32(request.seqid), ...fields]);
}

function compact(request: ThriftFrame, type: number, text: string): Buffer {
  const name = Buffer.from(request.method);
  const words = Buffer.from(text);
  const start = [Buffer.of(0x82, (EXCEPTION << 5) | 1), request.seqidBytes ?? varint(request.seqid), varint(name.length), name];
  // Two fields, each one further than the last: a string, and an i32 in zigzag form.
  return Buffer.concat([...start, Buffer.of(0x18), varint(words.length), words, Buffer.of(0x15, type << 1, 0)]);
}

function int32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  writeInt32(bytes, 0, value);
  return bytes;
}

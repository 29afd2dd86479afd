import { inflateSync } from 'node:zlib';
import type { ThriftTransport } from './thrift-peers.ts';

const KINDS = ['', 'call', 'reply', 'exception', 'oneway'];
const LENGTH_BYTES = 4;
const HEADER_WORDS_OFFSET = 12;
const HEADER_OFFSET = 14;
const STRICT_BINARY = 0x8001;
const COMPACT = 0x82;
const ZLIB = 1;

export interface ThriftStart {
  readonly kind: string;
  readonly method: string;
  readonly seqid: number;
}

/** What the start of one whole message says, as its specification has it: to check others by, so written for itself. */
export function peekThrift(bytes: Buffer, transport: ThriftTransport): ThriftStart {
  return readStart(transport === 'unframed' ? bytes : payload(bytes));
}

function payload(frame: Buffer): Buffer {
  if (frame.readUInt32BE(0) !== frame.length - LENGTH_BYTES) throw new Error(`not one frame: ${frame.toString('hex', 0, 64)}`);
  if (frame.readUInt16BE(LENGTH_BYTES) !== 0x0fff) return frame.subarray(LENGTH_BYTES);
  const header = frame.subarray(HEADER_OFFSET);
  const body = header.subarray(frame.readUInt16BE(HEADER_WORDS_OFFSET) * 4);
  // The encoding, the number of transforms and the first of them: single bytes, as varints this small.
  return header[1] === 1 && header[2] === ZLIB ? inflateSync(body) : body;
}

function readStart(message: Buffer): ThriftStart {
  if (message[0] === COMPACT) {
    const seqid = varint(message, 2);
    const name = varint(message, seqid.next);
    return start((message[1] ?? 0) >> 5, message.toString('utf8', name.next, name.next + name.value), seqid.value);
  }
  if (message.readUInt16BE(0) === STRICT_BINARY) {
    const end = 8 + message.readUInt32BE(4);
    return start(message[3], message.toString('utf8', 8, end), message.readInt32BE(end));
  }
  const end = 4 + message.readUInt32BE(0);
  return start(message[end], message.toString('utf8', 4, end), message.readInt32BE(end + 1));
}

function start(type: number | undefined, method: string, seqid: number): ThriftStart {
  return { kind: KINDS[type ?? 0] ?? `type ${type}`, method, seqid };
}

function varint(bytes: Buffer, at: number): { value: number; next: number } {
  let value = 0;
  for (let next = at, shift = 0; ; next++, shift += 7) {
    const byte = bytes.readUInt8(next);
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return { value, next: next + 1 };
  }
}

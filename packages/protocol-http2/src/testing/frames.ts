import type { HeaderField } from '@polywire/core/spi';
import { END_HEADERS, errorName, GOAWAY, HEADERS, RST_STREAM, SETTINGS, WINDOW_UPDATE } from '../frame.ts';

const TYPES = ['DATA', 'HEADERS', 'PRIORITY', 'RST_STREAM', 'SETTINGS', 'PUSH_PROMISE', 'PING', 'GOAWAY', 'WINDOW_UPDATE', 'CONTINUATION'];

/** A frame as a test looks at it. */
export interface RawFrame {
  readonly type: number;
  readonly flags: number;
  readonly id: number;
  readonly payload: Buffer;
}

/** A frame's bytes, right or wrong. */
export function frame(type: number, flags: number, id: number, payload: Buffer | string = ''): Buffer {
  const body = typeof payload === 'string' ? Buffer.from(payload) : payload;
  const bytes = Buffer.alloc(9 + body.length);
  bytes.writeUIntBE(body.length, 0, 3);
  bytes[3] = type;
  bytes[4] = flags;
  bytes.writeUInt32BE(id, 5);
  bytes.set(body, 9);
  return bytes;
}
/** A frame whose payload is one number. */
export function wordFrame(type: number, id: number, word: number): Buffer {
  return frame(type, 0, id, word32(word));
}
export function word32(word: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(word);
  return bytes;
}
export function settingsFrame(pairs: readonly (readonly [number, number])[] = []): Buffer {
  const body = Buffer.alloc(pairs.length * 6);
  pairs.forEach(([name, value], i) => {
    body.writeUInt16BE(name, i * 6);
    body.writeUInt32BE(value, i * 6 + 2);
  });
  return frame(SETTINGS, 0, 0, body);
}

/** A header block of literals that touch no table: RFC 7541, section 6.2.2. */
export function literalBlock(fields: readonly (readonly [string, string])[]): Buffer {
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)]));
}
function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1');
  const length = bytes.length < 127 ? [bytes.length] : [127, ((bytes.length - 127) & 127) | 128, (bytes.length - 127) >> 7];
  return Buffer.concat([Buffer.from(length), bytes]);
}
/** Fuzz sends the same few lists tens of thousands of times. */
const blocks = new WeakMap<object, Buffer>();
export function headersFrame(id: number, flags: number, fields: readonly (readonly [string, string])[]): Buffer {
  const block = blocks.get(fields) ?? literalBlock(fields);
  blocks.set(fields, block);
  return frame(HEADERS, END_HEADERS | flags, id, block);
}
export const GET: readonly (readonly [string, string])[] = [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':path', '/'],
  [':authority', 'shop'],
];
export const POST: readonly (readonly [string, string])[] = [
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', '/'],
  [':authority', 'shop'],
];
export const OK: readonly HeaderField[] = [{ name: ':status', value: '200', neverIndexed: false }];

export function parseFrames(bytes: Buffer): RawFrame[] {
  const frames: RawFrame[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUIntBE(at, 3);
    const payload = bytes.subarray(at + 9, at + 9 + length);
    frames.push({ type: bytes[at + 3] ?? 0, flags: bytes[at + 4] ?? 0, id: bytes.readUInt32BE(at + 5), payload });
    at += 9 + length;
  }
  return frames;
}

/** `RST_STREAM 1 CANCEL`, `DATA 1 5 end`: what tests compare. */
export function describe({ type, flags, id, payload }: RawFrame): string {
  const name = TYPES[type] ?? `type ${type}`;
  if (type === RST_STREAM) return `${name} ${id} ${errorName(payload.readUInt32BE(0))}`;
  if (type === WINDOW_UPDATE) return `${name} ${id} ${payload.readUInt32BE(0)}`;
  if (type === GOAWAY) return `${name} ${payload.readUInt32BE(0)} ${errorName(payload.readUInt32BE(4))}`;
  if (type === SETTINGS) return (flags & 1) !== 0 ? 'SETTINGS ack' : 'SETTINGS';
  if (type > 9 || type === 6) return `${name}${(flags & 1) !== 0 ? ' ack' : ''}`;
  const size = type === 0 ? ` ${payload.length}` : '';
  return `${name} ${id}${size}${type <= 1 && (flags & 1) !== 0 ? ' end' : ''}`;
}

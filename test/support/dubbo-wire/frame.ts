// Dubbo's wire by hand, from its documentation: a codec that was used on both sides of a test would hide its own mistakes.

const MAGIC = 0xdabb;
export const HEADER_BYTES = 16;

/** The flags byte, with Hessian 2 (2) as serialization where there is a body. */
export const FLAGS = {
  request: 0xc2,
  oneway: 0x82,
  response: 0x02,
  heartbeat: 0xe2,
  heartbeatAnswer: 0x22,
  /** A one-way event: "R" or "W". */
  event: 0xa2,
} as const;

const REQUEST_BIT = 0x80;
const TWO_WAY_BIT = 0x40;
const EVENT_BIT = 0x20;

/** Response statuses that tests look for. */
export const STATUS = {
  ok: 20,
  tooLarge: 25,
  timeout: 31,
  reset: 35,
  badRequest: 40,
  noRoute: 60,
  unavailable: 80,
  overflow: 100,
} as const;

/** The fixed header. `bodyBytes` is written as it is: it may lie. */
export function header(flags: number, status: number, id: bigint, bodyBytes: number): Buffer {
  const out = Buffer.alloc(HEADER_BYTES);
  out.writeUInt16BE(MAGIC, 0);
  out[2] = flags;
  out[3] = status;
  out.writeBigInt64BE(id, 4);
  out.writeUInt32BE(bodyBytes >>> 0, 12);
  return out;
}

export function frame(flags: number, status: number, id: bigint, body: Buffer): Buffer {
  return Buffer.concat([header(flags, status, id, body.length), body]);
}

/** A Hessian 2 string of ASCII characters, at most 65,535 of them. */
export function text(value: string): Buffer {
  const { length } = value;
  if (length < 32) return Buffer.from(`${String.fromCharCode(length)}${value}`, 'latin1');
  if (length < 1024) return Buffer.concat([Buffer.from([0x30 + (length >> 8), length & 0xff]), Buffer.from(value, 'latin1')]);
  return Buffer.concat([Buffer.from([0x53, length >> 8, length & 0xff]), Buffer.from(value, 'latin1')]);
}

const CHUNK_BYTES = 0xf000;

/** Hessian 2 binary of `size` bytes, in chunks; its bytes are a pattern that repeats after a prime, so that a shift shows. */
export function binary(size: number): Buffer {
  const pattern = Buffer.from(Array.from({ length: 251 }, (_, index) => index));
  const chunks: Buffer[] = [];
  for (let left = size; ; left -= CHUNK_BYTES) {
    const length = Math.min(left, CHUNK_BYTES);
    chunks.push(Buffer.from([left <= CHUNK_BYTES ? 0x42 : 0x41, length >> 8, length & 0xff]), Buffer.alloc(length, pattern));
    if (left <= CHUNK_BYTES) return Buffer.concat(chunks);
  }
}

export function stringMap(entries: Readonly<Record<string, string>>): Buffer {
  return Buffer.concat([
    Buffer.from('H'),
    ...Object.entries(entries).flatMap(([key, value]) => [text(key), text(value)]),
    Buffer.from('Z'),
  ]);
}

/** What a call says. */
export interface Call {
  readonly service: string;
  readonly method: string;
  /** The one argument: text, or a Hessian value as bytes. */
  readonly argument: string | Buffer;
  readonly attachments?: Readonly<Record<string, string>>;
}

/** A request's body up to its one argument: what a proxy can route by before a large argument is here. */
export function requestFront(call: Omit<Call, 'argument'>, descriptor: string): Buffer {
  return Buffer.concat([text('2.0.2'), text(call.service), text('0.0.0'), text(call.method), text(descriptor)]);
}

export function requestBody(call: Call): Buffer {
  const { argument, service } = call;
  return Buffer.concat([
    requestFront(call, typeof argument === 'string' ? 'Ljava/lang/String;' : '[B'),
    typeof argument === 'string' ? text(argument) : argument,
    stringMap({ path: service, interface: service, ...call.attachments }),
  ]);
}

export function request(id: bigint, call: Call): Buffer {
  return frame(FLAGS.request, 0, id, requestBody(call));
}

/** A value with attachments (type 4), as Java answers to protocol version 2.0.2. */
export function response(id: bigint, value: string | Buffer): Buffer {
  const body = [Buffer.from([0x94]), typeof value === 'string' ? text(value) : value, stringMap({ dubbo: '2.0.2' })];
  return frame(FLAGS.response, STATUS.ok, id, Buffer.concat(body));
}

/** An answer that is an error: one string. */
export function errorResponse(id: bigint, status: number, message: string): Buffer {
  return frame(FLAGS.response, status, id, text(message));
}

/** "R": no new requests, please. "W": they are welcome again. */
export function event(letter: 'R' | 'W'): Buffer {
  return frame(FLAGS.event, 0, 0n, text(letter));
}

export function heartbeat(id: bigint): Buffer {
  return frame(FLAGS.heartbeat, 0, id, Buffer.from('N'));
}

/** A received frame. */
export interface WireFrame {
  readonly flags: number;
  readonly status: number;
  readonly id: bigint;
  /** Of the body as announced. */
  readonly bodyBytes: number;
  /** The body, or the first part of a large one. */
  readonly body: Buffer;
  /** Of the whole body, when it is large; else empty. */
  readonly digest: string;
}

export type WireKind = 'request' | 'oneway' | 'response' | 'heartbeat' | 'heartbeatAnswer' | 'event';

export function kindOf({ flags }: WireFrame): WireKind {
  const asks = (flags & REQUEST_BIT) !== 0;
  const twoWay = (flags & TWO_WAY_BIT) !== 0;
  if ((flags & EVENT_BIT) !== 0) return asks ? (twoWay ? 'heartbeat' : 'event') : 'heartbeatAnswer';
  if (!asks) return 'response';
  return twoWay ? 'request' : 'oneway';
}

/** The strings that a body begins with, from `at` on. */
export function readTexts(body: Buffer, at: number, count: number): string[] {
  const found: string[] = [];
  let from = at;
  while (found.length < count) {
    const tag = body[from] ?? 0;
    let start = from + 1;
    let length = tag;
    if (tag === 0x53) {
      length = body.readUInt16BE(from + 1);
      start = from + 3;
    } else if (tag >= 0x30 && tag <= 0x33) {
      length = ((tag - 0x30) << 8) | (body[from + 1] ?? 0);
      start = from + 2;
    } else if (tag > 0x1f) throw new Error(`no string at ${from}: ${body.subarray(from, from + 16).toString('hex')}`);
    found.push(body.toString('latin1', start, start + length));
    from = start + length;
  }
  return found;
}

/** The value of an answer that holds a text: what the service returned, or why it did not. */
export function answerText({ status, body }: WireFrame): string {
  return readTexts(body, status === STATUS.ok ? 1 : 0, 1)[0] ?? '';
}

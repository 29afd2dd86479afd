import { DESCRIPTORS, FLAGS, frame, MAGIC, requestBody, stringMap, text } from './dubbo-frames.ts';
import { type Call, type RawWire, replaced, uint16, type WireKind } from './raw-wire.ts';

// Dubbo's second protocol with Hessian 2: org.apache.dubbo's ExchangeCodec and DubboCodec.

const HEADER_BYTES = 16;
const ID_AT = 4;
const KINDS: ReadonlyMap<number, WireKind> = new Map([
  [FLAGS.request, 'request'],
  [FLAGS.oneway, 'oneway'],
  [FLAGS.response, 'answer'],
  [FLAGS.heartbeat, 'heartbeat'],
  [FLAGS.heartbeatAnswer, 'heartbeatAnswer'],
]);
const OK = 20;
const SERVICE_ERROR = 70;
const WITH_VALUE = 0x94;
const WITH_EXCEPTION = 0x93;
const CHUNK_BYTES = 0xf000;
const REMAINING = '_TO';

/** Hessian 2 binary, in chunks. */
function binary(bytes: Buffer): Buffer {
  const chunks: Buffer[] = [];
  for (let from = 0; ; from += CHUNK_BYTES) {
    const chunk = bytes.subarray(from, from + CHUNK_BYTES);
    const last = from + CHUNK_BYTES >= bytes.length;
    chunks.push(Buffer.from(last ? 'B' : 'A'), uint16(chunk.length), chunk);
    if (last) return Buffer.concat(chunks);
  }
}

function argumentBody({ body, timeoutMs, ...call }: Call): Buffer {
  const remaining = timeoutMs === undefined ? {} : { [REMAINING]: String(timeoutMs) };
  return requestBody({ ...call, headers: { ...call.headers, ...remaining } }, DESCRIPTORS.bytes, binary(body));
}

/** A value, and where the next one begins. */
interface Read<T> {
  readonly value: T;
  readonly next: number;
}

function readText(bytes: Buffer, at: number): Read<string> {
  const tag = bytes[at] ?? 0;
  let [from, length] = [at + 1, tag];
  if (tag === 0x53) [from, length] = [at + 3, bytes.readUInt16BE(at + 1)];
  else if (tag >= 0x30 && tag <= 0x33) [from, length] = [at + 2, ((tag - 0x30) << 8) | bytes.readUInt8(at + 1)];
  else if (tag > 0x1f) throw new Error(`no string at ${at}: ${bytes.toString('hex', at, at + 16)}`);
  return { value: bytes.toString('latin1', from, from + length), next: from + length };
}

/** As much of a binary value as is here. */
function readBinary(bytes: Buffer, at: number): Read<Buffer> {
  const chunks: Buffer[] = [];
  for (let from = at; from + 3 <= bytes.length; ) {
    const length = bytes.readUInt16BE(from + 1);
    chunks.push(bytes.subarray(from + 3, from + 3 + length));
    const next = from + 3 + length;
    if (bytes[from] === 0x42) return { value: Buffer.concat(chunks), next };
    from = next;
  }
  return { value: Buffer.concat(chunks), next: bytes.length };
}

/** Where the value of an attachment is, if a map of strings begins here and is here. */
function findAttachment(bytes: Buffer, at: number, wanted: string): { from: number; to: number; value: string } | undefined {
  for (let from = at + 1; from < bytes.length && bytes[from] !== 0x5a; ) {
    const key = readText(bytes, from);
    const value = readText(bytes, key.next);
    if (key.value === wanted) return { from: key.next, to: value.next, value: value.value };
    from = value.next;
  }
  return undefined;
}

function readRequest(bytes: Buffer) {
  let at = HEADER_BYTES;
  const texts: string[] = [];
  for (let i = 0; i < 5; i++) {
    const read = readText(bytes, at);
    texts.push(read.value);
    at = read.next;
  }
  const [, , , method = '', descriptor = ''] = texts;
  if (descriptor === DESCRIPTORS.text) return { method, body: Buffer.from(readText(bytes, at).value, 'latin1'), remaining: undefined };
  if (descriptor !== DESCRIPTORS.bytes) return { method, body: Buffer.alloc(0), remaining: undefined };
  const body = readBinary(bytes, at);
  return { method, body: body.value, remaining: findAttachment(bytes, body.next, REMAINING) };
}

function readAnswer(bytes: Buffer): { status: string; body: Buffer } {
  const status = bytes.readUInt8(3);
  if (status !== OK) return { status: String(status), body: Buffer.from(readText(bytes, HEADER_BYTES).value, 'latin1') };
  const kind = bytes[HEADER_BYTES];
  if (kind === WITH_EXCEPTION) return { status: 'business-error', body: bytes.subarray(HEADER_BYTES + 1) };
  return { status: 'ok', body: kind === WITH_VALUE ? readBinary(bytes, HEADER_BYTES + 1).value : Buffer.alloc(0) };
}

function kindOf(bytes: Buffer): WireKind {
  if (bytes[2] === FLAGS.event && bytes.subarray(HEADER_BYTES).equals(text('R'))) return 'goAway';
  return KINDS.get(bytes[2] ?? 0) ?? 'other';
}

/** "R": no new requests, please. "W": they are welcome again. */
export function dubboEvent(letter: 'R' | 'W'): Buffer {
  return frame(FLAGS.event, 0, int64(0n), text(letter));
}

function int64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return bytes;
}

const MOST = 2n ** 63n - 1n;

export const dubbo: RawWire = {
  name: 'dubbo',
  protocol: 'dubbo',
  has: { timeout: true, headers: true, headersBehind: true, heartbeat: true, lengthInFront: true },
  ids: [0n, 1n, -1n, 0x7fffffffn, 0x80000000n, 0xffffffffn, 2n ** 32n, 2n ** 53n + 1n, MOST, -MOST - 1n].map(int64),
  refusals: { noRoute: '60', unavailable: '80', overflow: '100', timeout: '31', reset: '35', tooLarge: '25', badRequest: '40' },
  id: (count) => int64(BigInt(count)),

  request: (id, call) => frame(FLAGS.request, 0, id, argumentBody(call)),
  oneway: (id, call) => frame(FLAGS.oneway, 0, id, argumentBody(call)),
  // A value with attachments, as Java answers to protocol version 2.0.2.
  answer: (id, _method, value) =>
    frame(FLAGS.response, OK, id, Buffer.concat([Buffer.of(WITH_VALUE), binary(value), stringMap({ dubbo: '2.0.2' })])),
  businessError: (id, _method, message) => {
    const exception = [Buffer.from('C'), text('com.acme.Refused'), Buffer.of(0x91), text('detailMessage'), Buffer.of(0x60), text(message)];
    return frame(FLAGS.response, OK, id, Buffer.concat([Buffer.of(WITH_EXCEPTION), ...exception, stringMap({ dubbo: '2.0.2' })]));
  },
  failure: (id, _method, message) => frame(FLAGS.response, SERVICE_ERROR, id, text(message)),
  unreadable: (id) => frame(FLAGS.request, 0, id, Buffer.from('no Hessian')),
  heartbeat: (id) => frame(FLAGS.heartbeat, 0, id, Buffer.from('N')),
  heartbeatAnswer: (id) => frame(FLAGS.heartbeatAnswer, OK, id, Buffer.from('N')),

  measure(bytes) {
    if (bytes.length < HEADER_BYTES) return HEADER_BYTES;
    if (bytes.readUInt16BE(0) !== MAGIC) throw new Error(`out of step: ${bytes.toString('hex', 0, 32)}`);
    return HEADER_BYTES + bytes.readUInt32BE(12);
  },
  read(bytes, length) {
    const kind = kindOf(bytes);
    const common = { kind, id: bytes.subarray(ID_AT, ID_AT + 8), bytes, length, stableFrom: HEADER_BYTES };
    if (kind === 'request' || kind === 'oneway') {
      const { method, body, remaining } = readRequest(bytes);
      return { ...common, method, body, timeoutMs: remaining === undefined ? undefined : Number(remaining.value), status: '' };
    }
    const { status, body } = kind === 'answer' ? readAnswer(bytes) : { status: '', body: Buffer.alloc(0) };
    return { ...common, method: '', body, timeoutMs: undefined, status };
  },
  trailerBytes: () => 0,
  withId: (bytes, id) => replaced(bytes, ID_AT, id),
  withTimeout(bytes, milliseconds) {
    const { remaining } = readRequest(bytes);
    if (remaining === undefined) throw new Error('no time to replace');
    // A number is written in as many characters as were there.
    const value = text(String(milliseconds).padStart(remaining.value.length, '0'));
    return replaced(bytes, remaining.from, value);
  },
};

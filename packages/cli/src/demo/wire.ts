/**
 * Just enough of the Dubbo wire for the demo's provider and caller: strings only, Hessian2 only. Not a codec: the proxy between them
 * uses the one of @polywire/protocol-dubbo, with which this file shares nothing.
 */

const HEADER_BYTES = 16;
const MAX_BODY_BYTES = 64 * 1024;
const REQUEST = 0x80;
const EVENT = 0x20;
const TWO_WAY_REQUEST = 0xc2;
const RESPONSE = 0x02;
const EVENT_RESPONSE = 0x22;
const STATUS_OK = 20;
const NULL_VALUE = 0x4e;
const MAP_OPEN = 0x48;
const MAP_CLOSE = 0x5a;
/** A value with attachments follows: 4 as a Hessian int. */
const VALUE_WITH_ATTACHMENTS = 0x94;

/** A whole frame. */
export interface DemoFrame {
  readonly id: number;
  readonly isRequest: boolean;
  readonly isEvent: boolean;
  readonly status: number;
  readonly body: Buffer;
}

/** A call of `method(java.lang.String)`. */
export interface DemoCall {
  readonly service: string;
  readonly method: string;
  readonly argument: string;
  readonly attachments: Readonly<Record<string, string>>;
}

export function encodeCall(id: number, call: DemoCall): Buffer {
  const attachments = { path: call.service, interface: call.service, version: '0.0.0', ...call.attachments };
  const body = [...['2.0.2', call.service, '0.0.0', call.method, 'Ljava/lang/String;', call.argument].map(string), map(attachments)];
  return frame(TWO_WAY_REQUEST, 0, id, Buffer.concat(body));
}

export function encodeAnswer(id: number, value: string): Buffer {
  return frame(RESPONSE, STATUS_OK, id, Buffer.concat([Buffer.of(VALUE_WITH_ATTACHMENTS), string(value), map({ dubbo: '2.0.2' })]));
}

export function encodeHeartbeatAnswer(id: number): Buffer {
  return frame(EVENT_RESPONSE, STATUS_OK, id, Buffer.of(NULL_VALUE));
}

/** The argument of a call made by encodeCall. */
export function argumentOf(request: DemoFrame): string {
  return readStrings(request.body, 0, 6)[5] ?? '';
}

/** The value of an answer; a local reply's message for any status but OK. */
export function answerOf(response: DemoFrame): string {
  const [text = ''] = readStrings(response.body, response.status === STATUS_OK ? 1 : 0, 1);
  return text;
}

export function isOk(response: DemoFrame): boolean {
  return response.status === STATUS_OK;
}

/** Cuts a connection's bytes into frames. */
export class FrameSplitter {
  #rest: Buffer = Buffer.alloc(0);

  /** @throws Error when the bytes are not Dubbo's */
  push(chunk: Buffer): DemoFrame[] {
    let rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const frames: DemoFrame[] = [];
    while (rest.length >= HEADER_BYTES) {
      const bodyBytes = rest.readInt32BE(12);
      if (rest.readUInt16BE(0) !== 0xdabb || bodyBytes < 0 || bodyBytes > MAX_BODY_BYTES)
        throw new Error('these are no Dubbo frames of the demo');
      const end = HEADER_BYTES + bodyBytes;
      if (rest.length < end) break;
      const flags = rest.readUInt8(2);
      frames.push({
        // The demo counts its calls from 1 and the proxy counts below 2^31: the upper half is 0 on both sides.
        id: rest.readInt32BE(8),
        isRequest: (flags & REQUEST) !== 0,
        isEvent: (flags & EVENT) !== 0,
        status: rest.readUInt8(3),
        body: rest.subarray(HEADER_BYTES, end),
      });
      rest = rest.subarray(end);
    }
    this.#rest = rest;
    return frames;
  }
}

function frame(flags: number, status: number, id: number, body: Buffer): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt16BE(0xdabb, 0);
  header.writeUInt8(flags, 2);
  header.writeUInt8(status, 3);
  header.writeInt32BE(id, 8);
  header.writeInt32BE(body.length, 12);
  return Buffer.concat([header, body]);
}

/** ASCII up to 1023 characters: one or two bytes of length. */
function string(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  return Buffer.concat([bytes.length < 32 ? Buffer.of(bytes.length) : Buffer.of(0x30 + (bytes.length >> 8), bytes.length & 0xff), bytes]);
}

function map(entries: Readonly<Record<string, string>>): Buffer {
  return Buffer.concat([Buffer.of(MAP_OPEN), ...Object.entries(entries).flat().map(string), Buffer.of(MAP_CLOSE)]);
}

function readStrings(body: Buffer, from: number, count: number): string[] {
  const strings: string[] = [];
  let at = from;
  while (strings.length < count && at < body.length) {
    const tag = body.readUInt8(at);
    const isLong = tag >= 0x30 && tag <= 0x33;
    if (tag > 0x1f && !isLong) break;
    const length = isLong ? ((tag - 0x30) << 8) | (body[at + 1] ?? 0) : tag;
    const start = at + (isLong ? 2 : 1);
    strings.push(body.toString('latin1', start, start + length));
    at = start + length;
  }
  return strings;
}

import { crc32 } from 'node:zlib';
import { type Call, type RawWire, replaced, SERVICE, uint16, uint32, type WireKind } from './raw-wire.ts';

// SOFA's Bolt as SOFARPC speaks it, with arguments in protobuf, which are any bytes to whoever does not know their schema:
// sofa-bolt's RpcCommandEncoder and RpcCommandEncoderV2, SOFARPC's SofaRpcSerialization and SimpleMapSerializer.

const RESPONSE = 0;
const REQUEST = 1;
const ONEWAY = 2;
const HEARTBEAT = 0;
const RPC_REQUEST = 1;
const RPC_RESPONSE = 2;
const HESSIAN = 1;
const PROTOBUF = 11;
const SUCCESS = 0;
const SERVER_EXCEPTION = 2;
const CHECKSUM_SWITCH = 1;
const CHECKSUM_BYTES = 4;
const NO_TIMEOUT = -1;
const REQUEST_CLASS = 'com.alipay.sofa.rpc.core.request.SofaRequest';
const RESPONSE_CLASS = 'com.alipay.sofa.rpc.core.response.SofaResponse';
const FAILURE_CLASS = 'com.alipay.remoting.rpc.exception.RpcServerException';
const ERROR = 'sofa_head_response_error';
/** There is no code 77. */
const UNKNOWN_COMMAND = 77;

/** What follows the fixed header. */
interface Parts {
  readonly className: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly content: Buffer;
}
const NOTHING: Parts = { className: '', headers: {}, content: Buffer.alloc(0) };

/** Offsets in a frame. */
interface Layout {
  readonly type: number;
  readonly command: number;
  readonly idAt: number;
  /** Of a request's timeout, or an answer's status. */
  readonly timeAt: number;
  readonly classAt: number;
}

/** Bolt 1, or Bolt 2 in its second version, whose frames end in a checksum. */
function bolt(version: 1 | 2): RawWire {
  const start = version === 1 ? Buffer.of(1) : Buffer.of(2, 2);

  function frame(type: number, command: number, id: Buffer, codec: number, time: Buffer, parts: Parts): Buffer {
    const rpc = command !== HEARTBEAT;
    const switches = version === 1 ? [] : [Buffer.of(rpc ? CHECKSUM_SWITCH : 0)];
    const { content } = parts;
    const className = Buffer.from(parts.className);
    const headers = simpleMap(parts.headers);
    return sealed(
      Buffer.concat([
        ...[start, Buffer.of(type), uint16(command), Buffer.of(1), id, Buffer.of(codec), ...switches, time],
        ...[uint16(className.length), uint16(headers.length), uint32(content.length), className, headers, content],
        Buffer.alloc(version === 2 && rpc ? CHECKSUM_BYTES : 0),
      ]),
    );
  }

  function layoutOf(bytes: Buffer): Layout {
    const more = version - 1;
    const type = bytes.readUInt8(1 + more);
    const timeAt = 10 + 2 * more;
    return { type, command: bytes.readUInt16BE(2 + more), idAt: 5 + more, timeAt, classAt: timeAt + (type === RESPONSE ? 2 : 4) + 8 };
  }

  function request(type: number, id: Buffer, { service = SERVICE, method, body, headers, timeoutMs }: Call): Buffer {
    const name = `${service}:1.0`;
    const named = { service: name, sofa_head_target_service: name, sofa_head_method_name: method };
    const parts = { className: REQUEST_CLASS, headers: { ...named, ...headers }, content: body };
    return frame(type, RPC_REQUEST, id, PROTOBUF, uint32(timeoutMs ?? NO_TIMEOUT), parts);
  }
  function answer(id: Buffer, headers: Parts['headers'], content: Buffer): Buffer {
    return frame(RESPONSE, RPC_RESPONSE, id, PROTOBUF, uint16(SUCCESS), { className: RESPONSE_CLASS, headers, content });
  }

  function trailerBytes(front: Buffer): number {
    return version === 2 && (front.readUInt8(11) & CHECKSUM_SWITCH) !== 0 ? CHECKSUM_BYTES : 0;
  }

  /** Writes the checksum that the frame has room for. */
  function sealed(bytes: Buffer): Buffer {
    const end = bytes.length - trailerBytes(bytes);
    if (end < bytes.length) bytes.writeUInt32BE(crc32(bytes.subarray(0, end)), end);
    return bytes;
  }

  return {
    name: version === 1 ? 'bolt v1' : 'bolt v2 with checksums',
    protocol: 'bolt',
    has: { timeout: true, headers: true, headersBehind: false, heartbeat: true, lengthInFront: true },
    ids: [0, 1, 2, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0x80000001, 0xfffffffe, 0xffffffff].map(uint32),
    refusals: {
      noRoute: 'error',
      unavailable: 'error',
      overflow: '4',
      timeout: '7',
      reset: 'error',
      tooLarge: 'error',
      badRequest: 'error',
    },
    id: uint32,

    request: (id, call) => request(REQUEST, id, call),
    oneway: (id, call) => request(ONEWAY, id, call),
    answer: (id, _method, value) => answer(id, {}, value),
    businessError: (id, _method, text) => answer(id, { [ERROR]: 'true' }, Buffer.from(text)),
    failure: (id, _method, text) => {
      const parts = { className: FAILURE_CLASS, headers: {}, content: Buffer.from(text) };
      return frame(RESPONSE, RPC_RESPONSE, id, HESSIAN, uint16(SERVER_EXCEPTION), parts);
    },
    unreadable: (id) => frame(REQUEST, UNKNOWN_COMMAND, id, PROTOBUF, uint32(NO_TIMEOUT), { ...NOTHING, className: REQUEST_CLASS }),
    heartbeat: (id) => frame(REQUEST, HEARTBEAT, id, HESSIAN, uint32(NO_TIMEOUT), NOTHING),
    heartbeatAnswer: (id) => frame(RESPONSE, HEARTBEAT, id, HESSIAN, uint16(SUCCESS), NOTHING),

    measure(bytes) {
      if (bytes.length < 5) return 5;
      if (!bytes.subarray(0, start.length).equals(start)) throw new Error(`out of step: ${bytes.toString('hex', 0, 32)}`);
      const { classAt } = layoutOf(bytes);
      if (bytes.length < classAt) return classAt;
      const parts = bytes.readUInt16BE(classAt - 8) + bytes.readUInt16BE(classAt - 6) + bytes.readUInt32BE(classAt - 4);
      return classAt + parts + trailerBytes(bytes);
    },
    read(bytes, length) {
      const { type, command, idAt, timeAt, classAt } = layoutOf(bytes);
      const common = { kind: kindOf(type, command), id: bytes.subarray(idAt, idAt + 4), bytes, length, stableFrom: classAt };
      const headersAt = classAt + bytes.readUInt16BE(classAt - 8);
      const contentAt = headersAt + bytes.readUInt16BE(classAt - 6);
      const body = bytes.subarray(contentAt, contentAt + bytes.readUInt32BE(classAt - 4));
      const headers = readMap(bytes.subarray(headersAt, contentAt));
      if (type === RESPONSE) {
        const status = bytes.readUInt16BE(timeAt);
        const said = status !== SUCCESS ? String(status) : headers.get(ERROR) === 'true' ? 'error' : 'ok';
        return { ...common, method: '', status: said, body, timeoutMs: undefined };
      }
      const timeout = bytes.readInt32BE(timeAt);
      const timeoutMs = timeout > 0 ? timeout : undefined;
      return { ...common, method: headers.get('sofa_head_method_name') ?? '', status: '', body, timeoutMs };
    },
    trailerBytes,
    withId: (bytes, id) => sealed(replaced(bytes, layoutOf(bytes).idAt, id)),
    withTimeout: (bytes, milliseconds) => sealed(replaced(bytes, layoutOf(bytes).timeAt, uint32(milliseconds))),
  };
}

function kindOf(type: number, command: number): WireKind {
  if (command === HEARTBEAT) return type === RESPONSE ? 'heartbeatAnswer' : 'heartbeat';
  if (type === RESPONSE) return 'answer';
  if (command !== RPC_REQUEST) return 'other';
  return type === REQUEST ? 'request' : 'oneway';
}

function simpleMap(entries: Readonly<Record<string, string>>): Buffer {
  const texts = Object.entries(entries).flat();
  return Buffer.concat(texts.flatMap((text) => [uint32(Buffer.byteLength(text)), Buffer.from(text)]));
}

function readMap(bytes: Buffer): Map<string, string> {
  const texts: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 4 + bytes.readUInt32BE(at);
    texts.push(bytes.toString('utf8', at + 4, end));
    at = end;
  }
  const map = new Map<string, string>();
  for (let i = 0; i < texts.length; i += 2) map.set(texts[i] ?? '', texts[i + 1] ?? '');
  return map;
}

export const boltV1: RawWire = bolt(1);
export const boltV2: RawWire = bolt(2);

import type { Frame, FrameKind } from '@polywire/core/spi';

/** Classes that SOFARPC's requests and answers name (SofaRpcSerialization). */
export const SOFA_REQUEST: Buffer = Buffer.from('com.alipay.sofa.rpc.core.request.SofaRequest');
export const SOFA_RESPONSE: Buffer = Buffer.from('com.alipay.sofa.rpc.core.response.SofaResponse');

/** Codes of serializations (SOFARPC's `@Extension(code)`). */
export const HESSIAN = 1;
export const PROTOBUF = 11;
export const JSON_TEXT = 12;

/** What a frame is on the wire (RpcCommandType). */
export const RESPONSE = 0;
export const REQUEST = 1;
export const ONE_WAY = 2;

/** What it is about (CommandCode, RpcCommandCode). */
export const HEARTBEAT = 0;
export const RPC_REQUEST = 1;
export const RPC_RESPONSE = 2;

/** Version 2 of the protocol with a checksum, if the frame's switch says so as well. */
export const CHECKED_VERSION = 2;
export const CHECKSUM_SWITCH = 1;
export const CHECKSUM_BYTES = 4;

/** Java reads lengths of classes and headers as signed shorts. */
export const MAX_SHORT = 0x7fff;

/** Bytes of the fixed header by type, in version 1; version 2 has two more. */
export const REQUEST_HEADER_BYTES = 22;
export const RESPONSE_HEADER_BYTES = 20;
export const MORE_IN_V2 = 2;

/** A Bolt frame of either version. Offsets count from `from`, which moves when core copies the bytes. */
export class BoltFrame implements Frame {
  readonly kind: FrameKind;
  chunk: Buffer;
  from: number;
  to: number;
  readonly length: number;
  defect: string | undefined = undefined;
  /** 0: version 1 of the protocol. Else version 2, and which of its versions: 1, or 2, which can have checksums. */
  readonly dialect: number;
  /** The sender's id, as int32. */
  readonly id: number;
  /** Code of the serialization. */
  readonly codec: number;
  /** Version 2: bits, of which the lowest asks for a checksum. */
  readonly switches: number;
  /** Of requests: what the wire says of time, in milliseconds, -1 for nothing. Of responses: the status. */
  readonly timeoutOrStatus: number;
  /** Where the class's name begins, behind the fixed header. */
  readonly classAt: number;
  readonly headersAt: number;
  readonly contentAt: number;
  readonly contentEnd: number;
  /** Whether the frame ends in a checksum. */
  readonly checksummed: boolean;
  /** Of requests: whether SOFARPC's client wrote it, which is answered with objects of SOFARPC. */
  sofa = false;
  /** Of requests: the interface. Empty when nothing says it. */
  service = '';
  /** Of requests: what follows the interface in the service's unique name, `version[:uniqueId]`. */
  version: string | undefined = undefined;
  /** Of requests; undefined as long as nobody looked into the content for it. */
  method: string | undefined = '';
  /** Of requests: whether the headers are no map. */
  opaque = false;

  constructor(kind: FrameKind, chunk: Buffer, from: number, to: number, length: number) {
    this.kind = kind;
    this.chunk = chunk;
    this.from = from;
    this.to = to;
    this.length = length;
    const more = chunk[from] === 1 ? 0 : 1;
    const response = chunk[from + 1 + more] === RESPONSE;
    this.dialect = more === 0 ? 0 : chunk[from + 1]!;
    this.id = readInt32(chunk, from + 5 + more);
    this.codec = chunk[from + 9 + more]!;
    this.switches = more === 0 ? 0 : chunk[from + 11]!;
    const at = from + 10 + more * MORE_IN_V2;
    this.timeoutOrStatus = response ? readUint16(chunk, at) : readInt32(chunk, at);
    const lengthsAt = at + (response ? 2 : 4);
    this.classAt = lengthsAt + 8 - from;
    this.headersAt = this.classAt + readUint16(chunk, lengthsAt);
    this.contentAt = this.headersAt + readUint16(chunk, lengthsAt + 2);
    this.checksummed = this.dialect === CHECKED_VERSION && (this.switches & CHECKSUM_SWITCH) !== 0;
    this.contentEnd = length - (this.checksummed ? CHECKSUM_BYTES : 0);
  }

  /** Whether all bytes are at hand. */
  get whole(): boolean {
    return this.to - this.from >= this.length;
  }

  /** Whether the class's name is `name`, and at hand. */
  isClass(name: Buffer): boolean {
    const { chunk, from } = this;
    const end = from + this.headersAt;
    if (this.headersAt - this.classAt !== name.length || end > this.to) return false;
    for (let at = end - 1, i = name.length - 1; i >= 0; at--, i--) if (chunk[at] !== name[i]) return false;
    return true;
  }
}

/** Where the id lies: fixed in each version. */
export function idAt(frame: BoltFrame): number {
  return frame.dialect === 0 ? 5 : 6;
}

/** Where a request's timeout or a response's status lies. */
export function timeoutAt(frame: BoltFrame): number {
  return frame.dialect === 0 ? 10 : 12;
}

/** As Buffer.readUInt16BE, without its checks. */
export function readUint16(b: Buffer, at: number): number {
  return (b[at]! << 8) | b[at + 1]!;
}

/** As Buffer.readInt32BE, without its checks. */
export function readInt32(b: Buffer, at: number): number {
  return (b[at]! << 24) | (b[at + 1]! << 16) | (b[at + 2]! << 8) | b[at + 3]!;
}

/** As Buffer.writeInt32BE, without its checks. */
export function writeInt32(b: Buffer, at: number, value: number): void {
  b[at] = value >>> 24;
  b[at + 1] = value >>> 16;
  b[at + 2] = value >>> 8;
  b[at + 3] = value;
}

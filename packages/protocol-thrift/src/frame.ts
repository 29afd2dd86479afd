import type { Frame, FrameKind } from '@polywire/core/spi';

/** How messages are set apart on a connection. */
export const UNFRAMED = 0;
export const FRAMED = 1;
export const HEADER = 2;
export type Transport = typeof UNFRAMED | typeof FRAMED | typeof HEADER;

/** How a message is written. `OLD` is binary without the version word, as libraries before 0.3 wrote it. */
export const STRICT = 0;
export const OLD = 1;
export const COMPACT = 2;
export type Encoding = typeof STRICT | typeof OLD | typeof COMPACT;

/** Message types (thrift-rpc.md). */
export const CALL = 1;
export const REPLY = 2;
export const EXCEPTION = 3;
export const ONEWAY = 4;

/** Offset of something that is not there, or cannot be read. */
export const UNKNOWN = -1;

/** Bytes of a frame's length. */
export const LENGTH_BYTES = 4;

/** Protocol ids in a THeader (HeaderFormat.md). */
export const BINARY_ID = 0;
export const JSON_ID = 1;
export const COMPACT_ID = 2;

/** One message with the framing around it. Offsets count from `from`, which moves when core copies the bytes. */
export class ThriftFrame implements Frame {
  kind: FrameKind;
  chunk: Buffer;
  from: number;
  to: number;
  readonly length: number;
  defect: string | undefined = undefined;
  transport: Transport;
  encoding: Encoding = STRICT;
  /** 0 until the message could be read. */
  messageType = 0;
  /** The sender's. */
  seqid = 0;
  /** How the sender wrote a compact seqid that others would write in fewer bytes. */
  seqidBytes: Buffer | undefined = undefined;
  messageAt = 0;
  seqidAt: number = UNKNOWN;
  seqidWidth = 4;
  /** The struct of arguments, the result, or the exception. */
  bodyAt: number = UNKNOWN;
  /** Of requests: where the name without the service begins, and where it ends. */
  methodAt: number = UNKNOWN;
  methodEnd: number = UNKNOWN;
  /** Of requests: what precedes the colon of a multiplexed name. */
  service = '';
  /** Of requests: the name without the service. */
  method = '';
  /** Of THeader frames: the outer sequence id and the protocol's id. */
  headerSeqid = 0;
  protocolId = BINARY_ID;
  /** Of THeader frames: where the infos begin, and where their bytes end. */
  infosAt: number = UNKNOWN;
  infosEnd: number = UNKNOWN;
  /** Why the message in a THeader cannot be read, though the frame is fine. */
  opaque: string | undefined = undefined;
  /** It is opaque because zlib compressed it, and nothing else was done to it. */
  compressed = false;

  constructor(kind: FrameKind, chunk: Buffer, from: number, to: number, length: number, transport: Transport) {
    this.kind = kind;
    this.chunk = chunk;
    this.from = from;
    this.to = to;
    this.length = length;
    this.transport = transport;
  }
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

/** Whether two bytes, as one number, begin a message in the strict binary or the compact encoding. */
export function isMessageStart(two: number): boolean {
  return two === 0x8001 || (two & 0xff1f) === 0x8201;
}

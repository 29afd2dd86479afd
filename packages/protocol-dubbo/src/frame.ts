import type { Frame, FrameKind } from '@polywire/core/spi';

/** Bytes of the fixed header: magic, flags, status, id (int64), body length (int32). ExchangeCodec, Dubbo. */
export const HEADER_BYTES = 16;
export const MAGIC = 0xdabb;

/** Bits of the flags byte. */
export const REQUEST = 0x80;
export const TWO_WAY = 0x40;
export const EVENT = 0x20;
const SERIALIZATION_MASK = 0x1f;

/** Status of an answer that holds a value or an exception. */
export const STATUS_OK = 20;

/** Offset of something that was not looked for, or is not there. */
export const UNKNOWN = -1;

/** A Dubbo frame. Offsets into the body count from `from`, which moves when core copies the bytes. */
export class DubboFrame implements Frame {
  readonly kind: FrameKind;
  chunk: Buffer;
  from: number;
  to: number;
  readonly length: number;
  defect: string | undefined = undefined;
  readonly flags: number;
  /** Index of how the body is written: the serialization's id, but where one id stands for two layouts. */
  format: number;
  /** The sender's id as two int32, never one number. */
  readonly idHigh: number;
  readonly idLow: number;
  /** Of requests, from the front: the second string. Empty in serializations that cannot be read. */
  service = '';
  /** Of requests, from the front: the fourth string. A generic call names its real method in its first argument. */
  method = '';
  versionAt: number = UNKNOWN;
  /** The parameter descriptor; the arguments follow. */
  descriptorAt: number = UNKNOWN;
  /** Where the attachments begin, once a walk found them and a later walk may start there. */
  attachmentsAt: number = UNKNOWN;

  constructor(kind: FrameKind, chunk: Buffer, from: number, to: number, length: number) {
    this.kind = kind;
    this.chunk = chunk;
    this.from = from;
    this.to = to;
    this.length = length;
    this.flags = chunk[from + 2]!;
    this.format = this.flags & SERIALIZATION_MASK;
    this.idHigh = readInt32(chunk, from + 4);
    this.idLow = readInt32(chunk, from + 8);
  }

  /** Id of the serialization. */
  get serialization(): number {
    return this.flags & SERIALIZATION_MASK;
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

/** The fixed header of a frame whose body has `bodyBytes`. */
export function header(flags: number, status: number, idHigh: number, idLow: number, bodyBytes: number): Buffer {
  const out = Buffer.allocUnsafe(HEADER_BYTES);
  out.writeUInt16BE(MAGIC, 0);
  out[2] = flags;
  out[3] = status;
  writeInt32(out, 4, idHigh);
  writeInt32(out, 8, idLow);
  writeInt32(out, 12, bodyBytes);
  return out;
}

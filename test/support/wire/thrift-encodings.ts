import { uint16, uint32 } from './raw-wire.ts';

/** What precedes a message's struct. */
export interface MessageStart {
  readonly type: number;
  readonly name: string;
  /** Its bytes on the wire. */
  readonly seqid: Buffer;
  readonly structAt: number;
}

/** As much of a struct as tests look at. */
export interface StructRead {
  /** Id of the first field; undefined when there is none. */
  readonly field: number | undefined;
  /** The first text in it, also inside a first field that is a struct: as much as is here. */
  readonly text: Buffer;
  /** The number behind it. */
  readonly code: number | undefined;
}

/** A field: its id and text, or the bytes of a struct. */
export type Field = readonly [id: number, value: Buffer, isStruct?: boolean];

/** How messages are written. Structs have texts, int32 and structs as fields. */
export interface Encoding {
  readonly name: string;
  /** In a THeader. */
  readonly protocolId: number;
  readonly seqids: readonly Buffer[];
  seqid(count: number): Buffer;
  message(type: number, seqid: Buffer, name: string, struct: Buffer): Buffer;
  struct(fields: readonly Field[]): Buffer;
  /** A TApplicationException. */
  exception(text: string, code: number): Buffer;
  readStart(bytes: Buffer, at: number): MessageStart;
  readStruct(bytes: Buffer, at: number): StructRead;
  /** The end of the message that begins at `at`: at least when it lies behind the bytes, else exactly. */
  messageEnd(bytes: Buffer, at: number): number;
  withSeqid(message: Buffer, seqid: Buffer): Buffer;
}

/** A field's header. */
interface FieldStart {
  readonly kind: 'stop' | 'text' | 'int' | 'struct';
  readonly id: number;
  /** Where its value begins, and ends unless it is a struct; behind the bytes when they are not here. */
  readonly from: number;
  readonly to: number;
}
type ReadField = (bytes: Buffer, at: number, last: number) => FieldStart;

const SEQIDS = [0, 1, 2, 63, 64, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152, 0xfffffff, 0x10000000, 0x7fffffff, -1, -0x80000000];

function structEnd(bytes: Buffer, at: number, readField: ReadField): number {
  for (let last = 0; ; ) {
    const field = readField(bytes, at, last);
    if (field.to > bytes.length) return field.to;
    if (field.kind === 'stop') return field.to;
    last = field.id;
    at = field.kind === 'struct' ? structEnd(bytes, field.from, readField) : field.to;
    if (at > bytes.length) return at;
  }
}

/** @param int reads an int32 */
function readStruct(bytes: Buffer, at: number, readField: ReadField, int: (from: number) => number): StructRead {
  const first = readField(bytes, at, 0);
  if (first.kind === 'stop') return { field: undefined, text: Buffer.alloc(0), code: undefined };
  if (first.kind === 'struct') return { ...readStruct(bytes, first.from, readField, int), field: first.id };
  const second = first.to >= bytes.length ? undefined : readField(bytes, first.to, first.id);
  const code = second?.kind === 'int' ? int(second.from) : undefined;
  return { field: first.id, text: bytes.subarray(first.from, first.to), code };
}

function binaryField(bytes: Buffer, at: number): FieldStart {
  const type = bytes[at];
  if (type === undefined || (type !== 0 && at + 3 > bytes.length)) return { kind: 'stop', id: 0, from: at, to: bytes.length + 1 };
  if (type === 0) return { kind: 'stop', id: 0, from: at, to: at + 1 };
  const [id, from] = [bytes.readInt16BE(at + 1), at + 3];
  if (type === 12) return { kind: 'struct', id, from, to: from };
  if (type === 8) return { kind: 'int', id, from, to: from + 4 };
  if (type !== 11) throw new Error(`field type ${type} is not expected: ${bytes.toString('hex', at, at + 16)}`);
  return { kind: 'text', id, from: from + 4, to: from + 4 + (from + 4 > bytes.length ? 0 : bytes.readUInt32BE(from)) };
}

export const BINARY: Encoding = {
  name: 'binary',
  protocolId: 0,
  seqids: SEQIDS.map(uint32),
  seqid: uint32,
  message: (type, seqid, name, struct) =>
    Buffer.concat([Buffer.of(0x80, 1, 0, type), uint32(Buffer.byteLength(name)), Buffer.from(name), seqid, struct]),
  struct(fields) {
    const written = fields.flatMap(([id, value, isStruct = false]) =>
      isStruct ? [Buffer.of(12), uint16(id), value] : [Buffer.of(11), uint16(id), uint32(value.length), value],
    );
    return Buffer.concat([...written, Buffer.of(0)]);
  },
  exception: (text, code) =>
    Buffer.concat([Buffer.of(11, 0, 1), uint32(text.length), Buffer.from(text), Buffer.of(8, 0, 2), uint32(code), Buffer.of(0)]),
  readStart(bytes, at) {
    if (bytes.readUInt16BE(at) !== 0x8001) throw new Error(`out of step: ${bytes.toString('hex', at, at + 32)}`);
    const seqidAt = at + 8 + bytes.readUInt32BE(at + 4);
    const name = bytes.toString('utf8', at + 8, seqidAt);
    return { type: bytes.readUInt8(at + 3), name, seqid: bytes.subarray(seqidAt, seqidAt + 4), structAt: seqidAt + 4 };
  },
  readStruct: (bytes, at) => readStruct(bytes, at, binaryField, (from) => bytes.readInt32BE(from)),
  messageEnd(bytes, at) {
    if (bytes.length < at + 8) return at + 8;
    const structAt = at + 12 + bytes.readUInt32BE(at + 4);
    return bytes.length < structAt ? structAt : structEnd(bytes, structAt, binaryField);
  },
  withSeqid(message, seqid) {
    const { structAt } = BINARY.readStart(message, 0);
    return Buffer.concat([message.subarray(0, structAt - 4), seqid, message.subarray(structAt)]);
  },
};

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let left = value >>> 0;
  for (; left >= 0x80; left >>>= 7) bytes.push((left & 0x7f) | 0x80);
  return Buffer.of(...bytes, left);
}

/** `next` lies behind the bytes when they end before it does. */
function readVarint(bytes: Buffer, at: number): { readonly value: number; readonly next: number } {
  let value = 0;
  for (let next = at, shift = 0; next < bytes.length; next++, shift += 7) {
    const byte = bytes.readUInt8(next);
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return { value: value >>> 0, next: next + 1 };
  }
  return { value: 0, next: bytes.length + 1 };
}

function zigzag(value: number): number {
  return (value >>> 1) ^ -(value & 1);
}

/** Fields that are further than 15 from the last one, or not behind it, are not written here. */
function compactField(bytes: Buffer, at: number, last: number): FieldStart {
  const byte = bytes[at];
  if (byte === undefined) return { kind: 'stop', id: 0, from: at, to: bytes.length + 1 };
  if (byte === 0) return { kind: 'stop', id: 0, from: at, to: at + 1 };
  const type = byte & 0x0f;
  // A field with the id 0, which results have, says it in a varint of its own.
  const [id, from] =
    byte >> 4 === 0 ? [zigzag(readVarint(bytes, at + 1).value), readVarint(bytes, at + 1).next] : [last + (byte >> 4), at + 1];
  if (type === 12) return { kind: 'struct', id, from, to: from };
  const { value, next } = readVarint(bytes, from);
  if (type === 5) return { kind: 'int', id, from, to: next };
  if (type !== 8) throw new Error(`field type ${type} is not expected: ${bytes.toString('hex', at, at + 16)}`);
  return { kind: 'text', id, from: next, to: next + value };
}

export const COMPACT: Encoding = {
  name: 'compact',
  protocolId: 2,
  // The last one is written longer than it needs to be.
  seqids: [...SEQIDS.map(varint), Buffer.of(0xac, 0x82, 0x00)],
  seqid: varint,
  message: (type, seqid, name, struct) =>
    Buffer.concat([Buffer.of(0x82, (type << 5) | 1), seqid, varint(Buffer.byteLength(name)), Buffer.from(name), struct]),
  struct(fields) {
    const written = fields.flatMap(([id, value, isStruct = false]) => {
      const type = isStruct ? 12 : 8;
      const start = id === 0 ? Buffer.of(type, 0) : Buffer.of((id << 4) | type);
      return isStruct ? [start, value] : [start, varint(value.length), value];
    });
    return Buffer.concat([...written, Buffer.of(0)]);
  },
  exception: (text, code) => Buffer.concat([Buffer.of(0x18), varint(text.length), Buffer.from(text), Buffer.of(0x15, code << 1, 0)]),
  readStart(bytes, at) {
    if (bytes[at] !== 0x82 || ((bytes[at + 1] ?? 0) & 0x1f) !== 1) throw new Error(`out of step: ${bytes.toString('hex', at, at + 32)}`);
    const seqidEnd = readVarint(bytes, at + 2).next;
    const name = readVarint(bytes, seqidEnd);
    const structAt = name.next + name.value;
    const seqid = bytes.subarray(at + 2, seqidEnd);
    return { type: bytes.readUInt8(at + 1) >> 5, name: bytes.toString('utf8', name.next, structAt), seqid, structAt };
  },
  readStruct: (bytes, at) => readStruct(bytes, at, compactField, (from) => zigzag(readVarint(bytes, from).value)),
  messageEnd(bytes, at) {
    const seqidEnd = readVarint(bytes, at + 2).next;
    const name = readVarint(bytes, seqidEnd);
    const structAt = name.next + name.value;
    return structAt > bytes.length ? structAt : structEnd(bytes, structAt, compactField);
  },
  withSeqid(message, seqid) {
    const start = COMPACT.readStart(message, 0);
    return Buffer.concat([message.subarray(0, 2), seqid, message.subarray(2 + start.seqid.length)]);
  },
};

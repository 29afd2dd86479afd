import { isUtf8 } from 'node:buffer';
import { type CodecCore, type LookupResult, UNREADABLE } from '@polywire/core/spi';
import { readInt32 } from '../frame.ts';
import { readVarint, unzigzag, varintEnd } from '../varint.ts';
import type { StructReader } from '../walk/struct-reader.ts';
import { BOOL, DOUBLE, I8, I16, I32, I64, STRING } from '../walk/types.ts';

/**
 * The field that the reader is at, which was passed whole, as text: booleans, numbers and strings. undefined for what has none; UNREADABLE
 * for binary that is no UTF-8.
 */
export function valueText(reader: StructReader, core: CodecCore): LookupResult {
  const { b, type, valueAt, compact } = reader;
  switch (type) {
    case BOOL:
      return String(compact ? reader.truth : b[valueAt] !== 0);
    case I8:
      return String((b[valueAt]! << 24) >> 24);
    case I16:
      return String(compact ? zigzag32(reader) : b.readInt16BE(valueAt));
    case I32:
      return String(compact ? zigzag32(reader) : readInt32(b, valueAt));
    case I64:
      return String(compact ? zigzag64(reader) : b.readBigInt64BE(valueAt));
    case DOUBLE:
      return String(compact ? b.readDoubleLE(valueAt) : b.readDoubleBE(valueAt));
    case STRING:
      return text(reader, core);
    default:
      return undefined;
  }
}

function zigzag32({ b, valueAt, to }: StructReader): number {
  return unzigzag(readVarint(b, valueAt, varintEnd(b, valueAt, to)));
}

function zigzag64({ b, valueAt, to }: StructReader): bigint {
  const end = varintEnd(b, valueAt, to);
  let bits = 0n;
  for (let i = end - 1; i >= valueAt; i--) bits = (bits << 7n) | BigInt(b[i]! & 0x7f);
  return BigInt.asIntN(64, (BigInt.asUintN(64, bits) >> 1n) ^ -(bits & 1n));
}

function text({ b, valueAt, to, compact }: StructReader, core: CodecCore): LookupResult {
  const at = compact ? varintEnd(b, valueAt, to) : valueAt + 4;
  const length = compact ? readVarint(b, valueAt, at) : readInt32(b, valueAt);
  return isUtf8(b.subarray(at, at + length)) ? core.intern(b, at, at + length) : UNREADABLE;
}

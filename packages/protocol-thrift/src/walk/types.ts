/** Types of values by their ids in the binary encoding (thrift-binary-protocol.md). */
export const STOP = 0;
export const BOOL = 2;
export const I8 = 3;
export const DOUBLE = 4;
export const I16 = 6;
export const I32 = 8;
export const I64 = 10;
export const STRING = 11;
export const STRUCT = 12;
export const MAP = 13;
export const SET = 14;
export const LIST = 15;
const UUID = 16;

/** By id in the compact encoding (thrift-compact-protocol.md); 0: there is none. 1 and 2 are the two booleans. */
export const FROM_COMPACT: Uint8Array = Uint8Array.of(0, BOOL, BOOL, I8, I16, I32, I64, DOUBLE, STRING, LIST, SET, MAP, STRUCT, UUID, 0, 0);

/** Bytes of a value, by type: of every one in `fixed`, 0 when they differ; of the shortest in `least`, 0 when there is no such type. */
export interface Widths {
  readonly fixed: Uint8Array;
  readonly least: Uint8Array;
}

function table(entries: readonly (readonly [type: number, bytes: number])[]): Uint8Array {
  const bytes = new Uint8Array(256);
  for (const [type, width] of entries) bytes[type] = width;
  return bytes;
}

const BINARY_FIXED = [[BOOL, 1], [I8, 1], [DOUBLE, 8], [I16, 2], [I32, 4], [I64, 8], [UUID, 16]] as const; // biome-ignore format: a table
const COMPACT_FIXED = [[BOOL, 1], [I8, 1], [DOUBLE, 8], [UUID, 16]] as const; // biome-ignore format: a table

/** Containers count with their size, strings with their length; a struct has its stop. */
export const BINARY_WIDTHS: Widths = {
  fixed: table(BINARY_FIXED),
  least: table([...BINARY_FIXED, [STRING, 4], [STRUCT, 1], [MAP, 6], [SET, 5], [LIST, 5]]),
};
export const COMPACT_WIDTHS: Widths = {
  fixed: table(COMPACT_FIXED),
  least: table([...COMPACT_FIXED, [I16, 1], [I32, 1], [I64, 1], [STRING, 1], [STRUCT, 1], [MAP, 1], [SET, 1], [LIST, 1]]),
};

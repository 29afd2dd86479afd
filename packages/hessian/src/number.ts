/** The number at `at`, whole, whose tag has a size in NUMBER_SIZES. */
export function numberAt(b: Buffer, at: number): number | bigint {
  const tag = b[at]!;
  if (tag >= 0xf0) return ((tag - 0xf8) << 8) + b[at + 1]!;
  if (tag >= 0xd8) return tag - 0xe0;
  if (tag >= 0xd0) return ((tag - 0xd4) << 16) + b.readUInt16BE(at + 1);
  if (tag >= 0xc0) return ((tag - 0xc8) << 8) + b[at + 1]!;
  if (tag >= 0x80) return tag - 0x90;
  if (tag <= 0x3f) return ((tag - 0x3c) << 16) + b.readUInt16BE(at + 1);
  switch (tag) {
    case 0x44:
      return b.readDoubleBE(at + 1);
    case 0x4c:
      return b.readBigInt64BE(at + 1);
    case 0x5b:
      return 0;
    case 0x5c:
      return 1;
    case 0x5d:
      return b.readInt8(at + 1);
    case 0x5e:
      return b.readInt16BE(at + 1);
    case 0x5f:
      return b.readInt32BE(at + 1) / 1000;
    default:
      return b.readInt32BE(at + 1);
  }
}

/** Bytes of a number, its tag included, by its tag; 0 at tags of other values. */
export const NUMBER_SIZES: Uint8Array = new Uint8Array(256);
for (let tag = 0x80; tag < 0x100; tag++) NUMBER_SIZES[tag] = tag < 0xc0 ? 1 : tag < 0xd0 ? 2 : tag < 0xd8 ? 3 : tag < 0xf0 ? 1 : 2;
for (let tag = 0x38; tag <= 0x3f; tag++) NUMBER_SIZES[tag] = 3;
NUMBER_SIZES[0x49] = NUMBER_SIZES[0x59] = NUMBER_SIZES[0x5f] = 5;
NUMBER_SIZES[0x44] = NUMBER_SIZES[0x4c] = 9;
NUMBER_SIZES[0x5b] = NUMBER_SIZES[0x5c] = 1;
NUMBER_SIZES[0x5d] = 2;
NUMBER_SIZES[0x5e] = 3;

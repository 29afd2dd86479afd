import { numberAt } from '../number.ts';

/** Bytes of the values of fixed size, their tag included, by their tag; 0 at tags of other values. */
export const SIZES: Uint8Array = new Uint8Array(256);
/** The same for numbers only; dates and references are none. */
export const NUMBER_SIZES: Uint8Array = new Uint8Array(256);

for (let tag = 0x80; tag < 0x100; tag++) NUMBER_SIZES[tag] = tag < 0xc0 ? 1 : tag < 0xd0 ? 2 : tag < 0xd8 ? 3 : tag < 0xf0 ? 1 : 2;
for (let tag = 0x38; tag < 0x40; tag++) NUMBER_SIZES[tag] = 3;
for (const tag of [0x49, 0x6b, 0x77]) NUMBER_SIZES[tag] = 5;
for (const tag of [0x44, 0x4c]) NUMBER_SIZES[tag] = 9;
for (const tag of [0x67, 0x68]) NUMBER_SIZES[tag] = 1;
NUMBER_SIZES[0x69] = 2;
NUMBER_SIZES[0x6a] = 3;

SIZES.set(NUMBER_SIZES);
// short binaries; false, null, true; a date; references of one, two and four bytes
for (let tag = 0x20; tag < 0x30; tag++) SIZES[tag] = 1 + tag - 0x20;
for (const tag of [0x46, 0x4e, 0x54]) SIZES[tag] = 1;
SIZES[0x64] = 9;
SIZES[0x4a] = 2;
SIZES[0x4b] = 3;
SIZES[0x52] = 5;

/** The number at `at`, whole, whose tag has a size in NUMBER_SIZES. The draft has other doubles than the final grammar, and a float. */
export function draftNumberAt(b: Buffer, at: number): number | bigint {
  switch (b[at]) {
    case 0x67:
      return 0;
    case 0x68:
      return 1;
    case 0x69:
      return b.readInt8(at + 1);
    case 0x6a:
      return b.readInt16BE(at + 1);
    case 0x6b:
      return b.readFloatBE(at + 1);
    default:
      return numberAt(b, at);
  }
}

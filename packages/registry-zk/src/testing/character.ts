import fc from 'fast-check';

/** Any character of Unicode. fast-check's own unit `binary` means the same, and each process spends a second of CPU on its table of them. */
export const character: fc.Arbitrary<string> = fc.nat({ max: 0x10_f7ff }).map((at) => String.fromCodePoint(at < 0xd800 ? at : at + 0x800));

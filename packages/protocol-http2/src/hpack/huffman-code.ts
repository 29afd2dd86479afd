/** Lengths in bits of the codes of the symbols 0 to 255 and EOS, a digit of base 36 each: RFC 7541, appendix B. */
const LENGTHS =
  'dnsssssssoussussssssssusssssssss6aacd68baa8b8666555666666678f6cad67777777777777777777777878djde6f56565666577666567655677777fbeds' +
  'kmkkmmmnmnnnnnonoomnonnnnlmnmnnomlkmmnnlnmmolmnnllmlnmnnkmmmnmmnqqkjmnmpqqqrrqopjlqrrqrollqqsrrrkoklmllnmmppooqnqrqqrrrrrsrrrrrqu';

/** The symbol that ends no string: its code's first bits are padding. */
export const EOS = 256;

/** Bits of each symbol's code. */
export const CODE_BITS = Uint8Array.from(LENGTHS, (digit) => Number.parseInt(digit, 36));

/** Each symbol's code in its lower bits. The code is canonical: codes count up in order of length, then of symbol. */
export const CODES = canonicalCodes();

function canonicalCodes(): Uint32Array {
  const codes = new Uint32Array(EOS + 1);
  const order = [...CODE_BITS.keys()].sort((a, b) => CODE_BITS[a]! - CODE_BITS[b]! || a - b);
  let code = 0;
  let bits = 0;
  for (const symbol of order) {
    code <<= CODE_BITS[symbol]! - bits;
    bits = CODE_BITS[symbol]!;
    codes[symbol] = code++;
  }
  return codes;
}

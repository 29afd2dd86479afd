/** A field of a message: a varint below 2^53, or the bytes of everything that has a length. */
export interface ProtobufField {
  readonly number: number;
  readonly value: number | Buffer;
}

/** A message of more is none that is asked for; 16 MiB may hold eight million, which would take half a GiB. */
const MOST_FIELDS = 250_000;

const [VARINT, FIXED64, LENGTH, FIXED32] = [0, 1, 2, 5];

/** The fields of a message that are varints or have a length, in order; undefined: these bytes are none. */
export function readMessage(b: Buffer): ProtobufField[] | undefined {
  const fields: ProtobufField[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let factor = 1; factor < 2 ** 70; factor *= 128) {
      const byte = b[at++] ?? 0;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
    return Number.POSITIVE_INFINITY;
  };
  while (at < b.length) {
    if (fields.length >= MOST_FIELDS) return undefined;
    const key = varint();
    const wire = key % 8;
    const number = Math.floor(key / 8);
    if (wire === VARINT) fields.push({ number, value: varint() });
    else if (wire === LENGTH) {
      const length = varint();
      if (length > b.length - at) return undefined;
      fields.push({ number, value: b.subarray(at, at + length) });
      at += length;
    } else if (wire === FIXED64) at += 8;
    else if (wire === FIXED32) at += 4;
    else return undefined;
  }
  return at === b.length ? fields : undefined;
}

/** A field with a length: a text, bytes or a message. */
export function writeField(number: number, value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  const head: number[] = [];
  for (let left of [number * 8 + 2, bytes.length]) {
    for (; left > 127; left = Math.floor(left / 128)) head.push((left % 128) + 128);
    head.push(left);
  }
  return Buffer.concat([Buffer.from(head), bytes]);
}

import type { HeaderField } from '@polywire/core/spi';
import { INITIAL_TABLE_BYTES } from './decoder-table.ts';
import { EncoderTable, type KnownName } from './encoder-table.ts';
import { encodeHuffman, huffmanBytes } from './huffman-encode.ts';
import { isSecret } from './indexing.ts';
import { MAX_INTEGER_BYTES, writeInteger } from './integer.ts';
import { Sightings } from './sightings.ts';
import { ENTRY_OVERHEAD } from './static-table.ts';

/** The most bytes of an integer. */
const INTEGER = 1 + MAX_INTEGER_BYTES;

/**
 * Of lists that have no memo, every so many gets one: a list that is used again and again has it soon, and one that is used once, which
 * cannot be told from it, does not pay for the WeakMap, whose set() costs as much as encoding.
 */
const MEMO_EACH = 16;

/** A block that referred to nothing that changes. */
interface Memo {
  generation: number;
  bytes: Buffer;
}

/** Encodes what we send on one connection: RFC 7541. */
export class HpackEncoder {
  readonly #table: EncoderTable;
  readonly #mostTableBytes: number;
  readonly #memos = new WeakMap<readonly HeaderField[], Memo>();
  #sightings: Sightings | undefined;
  /** What the next block has to say of the table's size first; undefined: nothing. */
  #smallest: number | undefined;
  /** The block so far says nothing that its peer had not seen. */
  #repeats = false;
  /** Blocks that could have had a memo, and had none. */
  #unknown = 0;

  /** @param mostTableBytes of what a peer allows, what we take: memory for each connection */
  constructor(mostTableBytes = INITIAL_TABLE_BYTES) {
    this.#mostTableBytes = mostTableBytes;
    this.#table = new EncoderTable(INITIAL_TABLE_BYTES);
    this.setMaxTableBytes(INITIAL_TABLE_BYTES);
  }

  /** What the peer's SETTINGS_HEADER_TABLE_SIZE allows. The next block begins with the size updates that this needs. */
  setMaxTableBytes(allowed: number): void {
    const capacity = Math.min(allowed, this.#mostTableBytes);
    if (capacity === this.#table.capacity) return;
    this.#smallest = Math.min(capacity, this.#smallest ?? capacity);
    this.#table.resize(capacity);
  }

  /** An upper bound of the bytes that encode() will write for these fields. */
  bound(fields: readonly HeaderField[]): number {
    let bound = 2 * INTEGER;
    for (let i = 0; i < fields.length; i++) {
      const { name, value } = fields[i]!;
      bound += name.length + value.length + 3 * INTEGER;
    }
    return bound;
  }

  /** Writes a block at out[at...], which must have bound() bytes; answers the position behind it. */
  encode(fields: readonly HeaderField[], out: Buffer, at: number): number {
    const memo = this.#memos.get(fields);
    if (memo !== undefined && memo.generation === this.#table.generation) {
      const { bytes } = memo;
      for (let i = 0; i < bytes.length; i++) out[at + i] = bytes[i]!;
      return at + bytes.length;
    }
    let end = this.#smallest === undefined ? at : this.#sizeUpdates(out, at);
    this.#repeats = end === at;
    for (let i = 0; i < fields.length; i++) end = this.#field(fields[i]!, out, end);
    if (this.#repeats && (memo !== undefined || ++this.#unknown % MEMO_EACH === 0))
      this.#memoise(fields, memo, Buffer.from(out.subarray(at, end)));
    return end;
  }

  /** The smallest size that the table had since the last block, then the one it has: RFC 7541, section 4.2. */
  #sizeUpdates(out: Buffer, at: number): number {
    const { capacity } = this.#table;
    let end = at;
    if (this.#smallest !== undefined && this.#smallest < capacity) end = writeInteger(out, end, 0x20, 0x1f, this.#smallest);
    this.#smallest = undefined;
    return writeInteger(out, end, 0x20, 0x1f, capacity);
  }

  #memoise(fields: readonly HeaderField[], stale: Memo | undefined, bytes: Buffer): void {
    const { generation } = this.#table;
    if (stale === undefined) this.#memos.set(fields, { generation, bytes });
    else {
      stale.generation = generation;
      stale.bytes = bytes;
    }
  }

  #field(field: HeaderField, out: Buffer, at: number): number {
    const name = this.#table.name(field.name);
    if (isSecret(field, name.rule)) return this.#literal(0x10, 0x0f, name, field.value, out, at, this.#seen(field));
    const index = this.#table.find(name, field.value);
    if (index > 0) return writeInteger(out, at, 0x80, 0x7f, index);
    const seen = this.#seen(field);
    if (!this.#worthIndexing(name, field.value, seen)) return this.#literal(0, 0x0f, name, field.value, out, at, seen);
    const end = this.#literal(0x40, 0x3f, name, field.value, out, at, false);
    this.#table.add(name, field.value);
    return end;
  }

  #seen({ name, value }: HeaderField): boolean {
    this.#sightings ??= new Sightings();
    return this.#sightings.note(name, value);
  }

  /**
   * A name's first value is indexed, and later ones while the last was used again: values that never come again would push out what does,
   * and with each change of the table both sides begin anew. What was seen before goes where there is room.
   */
  #worthIndexing(name: KnownName, value: string, seen: boolean): boolean {
    if (name.rule === 'literal') return false;
    const size = name.name.length + value.length + ENTRY_OVERHEAD;
    if (size > (this.#table.capacity * 3) / 4) return false;
    if (seen && this.#table.hasRoom(size)) return true;
    return name.rule === 'index' && (name.newest?.used ?? true);
  }

  #literal(pattern: number, most: number, name: KnownName, value: string, out: Buffer, at: number, seen: boolean): number {
    if (!seen) this.#repeats = false;
    const index = this.#table.indexOf(name);
    let end = writeInteger(out, at, pattern, most, index);
    if (index === 0) end = writeString(name.name, out, end);
    return writeString(value, out, end);
  }
}

/** In Huffman code when that is shorter. Of short strings the length takes one byte, so that their code is tried in place. */
function writeString(text: string, out: Buffer, at: number): number {
  if (text.length < 0x7f) {
    const end = encodeHuffman(text, out, at + 1, at + text.length);
    if (end > 0) {
      out[at] = 0x80 | (end - at - 1);
      return end;
    }
  } else {
    const coded = huffmanBytes(text);
    if (coded < text.length) {
      const from = writeInteger(out, at, 0x80, 0x7f, coded);
      return encodeHuffman(text, out, from, from + coded);
    }
  }
  const from = writeInteger(out, at, 0, 0x7f, text.length);
  for (let i = 0; i < text.length; i++) out[from + i] = text.charCodeAt(i);
  return from + text.length;
}

import type { HeaderField } from '@polywire/core/spi';
import { HeaderBlock } from '../header-block.ts';
import { BlockMemo, LONGEST_MEMO } from './block-memo.ts';
import { DecoderTable, INITIAL_TABLE_BYTES } from './decoder-table.ts';
import { HpackError } from './hpack-error.ts';
import { huffmanLength } from './huffman-decode.ts';
import { MAX_INTEGER, MAX_INTEGER_BYTES } from './integer.ts';
import { freshString, sharedString } from './shared-strings.ts';
import { ENTRY_OVERHEAD, fieldBytes } from './static-table.ts';

const NO_FIELDS: readonly HeaderField[] = [];
const NO_BYTES = Buffer.alloc(0);

/** A string literal as it lies in a block. */
interface Span {
  from: number;
  to: number;
  huffman: boolean;
}

/** Decodes what one peer sends on one connection: RFC 7541, complete. */
export class HpackDecoder {
  readonly #table = new DecoderTable();
  #memo: BlockMemo | undefined;
  readonly #maxTableBytes: number;
  readonly #maxListBytes: number;
  /** The peer knows #maxTableBytes. */
  #acknowledged = false;
  /** The peer's next block has to begin with a size update, since we allow less than the table has. */
  #owesUpdate = false;

  #chunk: Buffer = NO_BYTES;
  #at = 0;
  #end = 0;
  #fields: HeaderField[] = [];
  #listBytes = 0;
  readonly #name: Span = { from: 0, to: 0, huffman: false };
  readonly #value: Span = { from: 0, to: 0, huffman: false };

  /**
   * @param options.maxTableBytes what our SETTINGS_HEADER_TABLE_SIZE says
   * @param options.maxListBytes octets of a header list as SETTINGS_MAX_HEADER_LIST_SIZE counts them; of larger ones only the size is kept
   */
  constructor(options: { maxTableBytes: number; maxListBytes: number }) {
    this.#maxTableBytes = options.maxTableBytes;
    this.#maxListBytes = options.maxListBytes;
  }

  /**
   * The peer acknowledged our SETTINGS: the table's limit is in force. Until then a limit below the initial 4096 octets is not, for blocks
   * may be on their way.
   */
  settingsAcknowledged(): void {
    this.#acknowledged = true;
    this.#owesUpdate = this.#table.capacity > this.#maxTableBytes;
  }

  /**
   * Decodes a whole block, CONTINUATIONs joined. The same bytes, while the table stands, are mostly the same HeaderBlock.
   * @throws HpackError
   */
  decode(block: Buffer, from: number, to: number): HeaderBlock {
    if (this.#owesUpdate || to - from > LONGEST_MEMO) return this.#decode(block, from, to);
    const { generation } = this.#table;
    this.#memo ??= new BlockMemo();
    const known = this.#memo.find(block, from, to, generation);
    if (known !== undefined) return known;
    const decoded = this.#decode(block, from, to);
    if (this.#table.generation === generation) this.#memo.keep(block, from, to, generation, decoded);
    return decoded;
  }

  #decode(block: Buffer, from: number, to: number): HeaderBlock {
    this.#chunk = block;
    this.#at = from;
    this.#end = to;
    this.#fields = [];
    this.#listBytes = 0;
    try {
      this.#sizeUpdates();
      while (this.#at < to) this.#representation();
      const over = this.#listBytes > this.#maxListBytes;
      return new HeaderBlock(over ? NO_FIELDS : this.#fields, this.#listBytes, over);
    } finally {
      this.#chunk = NO_BYTES;
      this.#fields = [];
    }
  }

  #sizeUpdates(): void {
    while (this.#at < this.#end && (this.#chunk[this.#at]! & 0xe0) === 0x20) {
      const size = this.#integer(0x1f);
      const most = this.#acknowledged ? this.#maxTableBytes : Math.max(this.#maxTableBytes, INITIAL_TABLE_BYTES);
      if (size > most) throw new HpackError(`table size update to ${size} octets, of which ${most} are allowed`);
      this.#table.resize(size);
      this.#owesUpdate = false;
    }
    if (this.#owesUpdate) {
      throw new HpackError(`no table size update though the table has more than the ${this.#maxTableBytes} octets now allowed`);
    }
  }

  #representation(): void {
    const first = this.#chunk[this.#at]!;
    if (first >= 0x80) this.#collect(this.#entry(this.#integer(0x7f)));
    else if (first >= 0x40) this.#literal(0x3f, true, false);
    else if (first >= 0x20) throw new HpackError('table size update behind a header field');
    else this.#literal(0x0f, false, first >= 0x10);
  }

  #collect(field: HeaderField): void {
    this.#listBytes += fieldBytes(field);
    if (this.#listBytes <= this.#maxListBytes) this.#fields.push(field);
    else if (this.#fields.length > 0) this.#fields = [];
  }

  #entry(index: number): HeaderField {
    const field = index === 0 ? undefined : this.#table.get(index);
    if (field === undefined) throw new HpackError(`no entry has the index ${index}`);
    return field;
  }

  #literal(prefix: number, indexed: boolean, neverIndexed: boolean): void {
    const index = this.#integer(prefix);
    const entry = index === 0 ? undefined : this.#entry(index);
    if (entry === undefined) this.#span(this.#name);
    this.#span(this.#value);
    const most = (entry === undefined ? mostBytes(this.#name) : entry.name.length) + mostBytes(this.#value) + ENTRY_OVERHEAD;
    if (this.#listBytes + most > this.#maxListBytes && !this.#measured(entry, indexed)) return;
    const name = entry === undefined ? this.#text(this.#name, false) : entry.name;
    const field = { name, value: this.#text(this.#value, neverIndexed), neverIndexed };
    if (indexed) this.#table.add(field);
    this.#collect(field);
  }

  /** For a literal that may be too much: whether it must be made into a field. What is not is counted. */
  #measured(entry: HeaderField | undefined, indexed: boolean): boolean {
    const size = (entry === undefined ? this.#bytesOf(this.#name) : entry.name.length) + this.#bytesOf(this.#value) + ENTRY_OVERHEAD;
    if (this.#listBytes + size <= this.#maxListBytes || (indexed && this.#table.fits(size))) return true;
    if (indexed) this.#table.makeRoom(size);
    this.#listBytes += size;
    this.#fields = [];
    return false;
  }

  #span(span: Span): void {
    if (this.#at >= this.#end) throw truncated();
    span.huffman = this.#chunk[this.#at]! >= 0x80;
    const length = this.#integer(0x7f);
    if (length > this.#end - this.#at) throw new HpackError(`string of ${length} octets, of which the block has ${this.#end - this.#at}`);
    span.from = this.#at;
    this.#at += length;
    span.to = this.#at;
  }

  #bytesOf({ from, to, huffman }: Span): number {
    const length = huffman ? huffmanLength(this.#chunk, from, to) : to - from;
    if (length < 0) throw badHuffman();
    return length;
  }

  #text({ from, to, huffman }: Span, secret: boolean): string {
    const text = secret ? freshString(this.#chunk, from, to, huffman) : sharedString(this.#chunk, from, to, huffman);
    if (text === undefined) throw badHuffman();
    return text;
  }

  /** The integer at #at, whose first byte is known to be there: RFC 7541, section 5.1. */
  #integer(prefix: number): number {
    let value = this.#chunk[this.#at++]! & prefix;
    if (value < prefix) return value;
    for (let i = 0, factor = 1; i < MAX_INTEGER_BYTES; i++, factor *= 0x80) {
      if (this.#at >= this.#end) throw truncated();
      const byte = this.#chunk[this.#at++]!;
      value += (byte & 0x7f) * factor;
      if (value > MAX_INTEGER) break;
      if (byte < 0x80) return value;
    }
    throw new HpackError(`integer of more than ${MAX_INTEGER_BYTES} octets or above ${MAX_INTEGER}`);
  }
}

function mostBytes({ from, to, huffman }: Span): number {
  return huffman ? Math.floor(((to - from) * 8) / 5) : to - from;
}

function truncated(): HpackError {
  return new HpackError('the block ends inside a header field');
}

function badHuffman(): HpackError {
  return new HpackError('bad Huffman code: EOS, or padding other than up to seven bits of it');
}

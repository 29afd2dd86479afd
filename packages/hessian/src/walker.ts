import { NUMBER_SIZES, numberAt } from './number.ts';
import { StringReader } from './string-reader.ts';

/** Values nested deeper than this are malformed to a walker that is given no other limit. */
export const DEFAULT_MAX_DEPTH = 512;

/** Class tables longer than this are dropped after the body that needed them instead of being kept for the next one. */
const KEPT_DEFINITIONS = 1024;

const NULL = 0x4e;
const END = 0x5a;
const CLASS_DEFINITION = 0x43;
/** Limits of a walker. */
export interface WalkerOptions {
  /** Nesting allowed before a value counts as malformed; 512 unless given. Each level costs the JavaScript stack two calls. */
  readonly maxDepth?: number;
}

/**
 * Walks Hessian 2.0 values in place (the final grammar, as Dubbo's hessian-lite and Caucho's 4.x write it), without building them.
 *
 * One walker serves a process: walking is synchronous. Every move answers false when it cannot be made, and then `malformed` tells bytes
 * that can never be a value from bytes that end too early. Nothing throws, and nothing is allocated per value.
 */
export class HessianWalker extends StringReader {
  readonly #maxDepth: number;
  #depth = 0;
  /** Field counts of the classes defined so far in this body. */
  #definitions: number[] = [];

  constructor(options: WalkerOptions = {}) {
    super();
    this.#maxDepth = options.maxDepth ?? DEFAULT_MAX_DEPTH;
  }

  /** How many classes were defined since `begin`. A walk that starts behind them cannot read objects that use them. */
  get definitions(): number {
    return this.#definitions.length;
  }

  /** As the strings' reader, with empty tables. */
  override begin(chunk: Buffer, at: number, end: number, limit: number): void {
    super.begin(chunk, at, end, limit);
    this.#depth = 0;
    if (this.#definitions.length > KEPT_DEFINITIONS) this.#definitions = [];
    else if (this.#definitions.length > 0) this.#definitions.length = 0;
  }

  /**
   * Moves behind a number and answers it: a bigint for a long of eight bytes. undefined when the value is no number or not whole: then
   * nothing moved. Dates are no numbers.
   */
  number(): number | bigint | undefined {
    const at = this.at;
    const tag = this.tag();
    const size = tag < 0 ? 0 : NUMBER_SIZES[tag]!;
    if (size === 0 || at + size > this.end) return undefined;
    this.at = at + size;
    return numberAt(this.chunk, at);
  }

  /** Moves behind any value. */
  skip(): boolean {
    const at = this.at;
    if (at >= this.end) return false;
    const tag = this.chunk[at]!;
    if (tag < 0x20 || (tag >= 0x30 && tag < 0x34)) return this.skipString();
    return this.#skipOther(tag);
  }

  /** Moves into a map, typed or not: its first key is next, or its end. False for any other value: then `malformed` is set. */
  openMap(): boolean {
    const tag = this.tag();
    if (tag < 0) return false;
    this.at++;
    return tag === 0x48 || (tag === 0x4d && this.#type()) || (tag !== 0x4d && this.bad());
  }

  /** Whether the end of an open map, or of a list without a count, is next; if so moves behind it. */
  closes(): boolean {
    if (this.at >= this.end || this.chunk[this.at] !== END) return false;
    this.at++;
    return true;
  }

  /**
   * Moves into a list, typed or not: its first element is next. Answers how many elements follow, -1 for a list that `closes()` ends, and
   * -2 for any other value or bytes that end too early.
   */
  openList(): number {
    const tag = this.tag();
    if (tag < 0) return -2;
    this.at++;
    if (tag === 0x57 || tag === 0x55) return tag === 0x57 || this.#type() ? -1 : -2;
    if (tag >= 0x70 && tag <= 0x77) return this.#type() ? tag - 0x70 : -2;
    if (tag >= 0x78 && tag <= 0x7f) return tag - 0x78;
    if (tag === 0x58 || (tag === 0x56 && this.#type())) return this.count() ?? -2;
    if (tag !== 0x56) this.malformed = true;
    return -2;
  }

  /** A type: its name, or the number of one that was named before. */
  #type(): boolean {
    const tag = this.tag();
    if (tag < 0x20 || (tag >= 0x30 && tag < 0x34) || tag === 0x52 || tag === 0x53) return tag >= 0 && this.skipString();
    return this.#reference();
  }

  #skipOther(tag: number): boolean {
    if (tag >= 0x80) {
      const more = tag < 0xc0 ? 0 : tag < 0xd0 ? 1 : tag < 0xd8 ? 2 : tag < 0xf0 ? 0 : 1;
      return this.advance(1 + more);
    }
    if (tag === NULL) {
      this.at++;
      return true;
    }
    if (tag === 0x52 || tag === 0x53) return this.skipString();
    const size = FIXED[tag]!;
    if (size > 0) return this.advance(size);
    if (BINARY[tag] === 1) return this.#binary();
    if (this.#depth >= this.#maxDepth) return this.bad();
    this.#depth++;
    const moved = this.#compound(tag);
    this.#depth--;
    return moved;
  }

  /** Chunks 'A' until a final one. */
  #binary(): boolean {
    const b = this.chunk;
    for (;;) {
      const at = this.at;
      const tag = this.tag();
      if (tag < 0) return false;
      if (BINARY[tag] !== 1) return this.bad();
      if (tag >= 0x20 && tag < 0x30) return this.advance(1 + tag - 0x20);
      const head = tag < 0x40 ? 2 : 3;
      if (at + head > this.end) return false;
      const size = head === 2 ? ((tag - 0x34) << 8) | b[at + 1]! : (b[at + 1]! << 8) | b[at + 2]!;
      if (!this.advance(head + size)) return false;
      if (tag !== 0x41) return true;
    }
  }

  #compound(tag: number): boolean {
    if (tag === 0x48 || tag === 0x4d) return this.openMap() && this.#entries();
    if (tag === 0x55 || tag === 0x57) return this.openList() === -1 && this.#untilEnd();
    if (tag >= 0x70 || tag === 0x56 || tag === 0x58) return this.#values(this.openList());
    this.at++;
    if (tag === CLASS_DEFINITION) return this.#definition() && this.skip();
    if (tag >= 0x60) return this.#object(tag - 0x60);
    if (tag === 0x4f) return this.#object(this.int());
    if (tag === 0x51) return this.#reference();
    return this.bad();
  }

  #reference(): boolean {
    const index = this.int();
    return index !== undefined && (index >= 0 || this.bad());
  }

  #entries(): boolean {
    while (!this.closes()) if (!this.skip() || !this.skip()) return false;
    return true;
  }

  #untilEnd(): boolean {
    while (!this.closes()) if (!this.skip()) return false;
    return true;
  }

  #values(count: number): boolean {
    for (let left = count; left > 0; left--) if (!this.skip()) return false;
    return count >= 0;
  }

  /** A class's name and field names. The value it was needed for follows in the same place. */
  #definition(): boolean {
    if (!this.skipString()) return false;
    const fields = this.count();
    if (fields === undefined) return false;
    for (let left = fields; left > 0; left--) if (!this.skipString()) return false;
    this.#definitions.push(fields);
    return true;
  }

  #object(index: number | undefined): boolean {
    if (index === undefined) return false;
    const fields = this.#definitions[index];
    if (fields === undefined || fields > this.limit - this.at) return this.bad();
    return this.#values(fields);
  }
}

/** Bytes of the values of fixed size below 0x80, their tag included; 0 for others. */
const FIXED: Uint8Array = new Uint8Array(128);
for (const tag of [0x46, 0x4e, 0x54, 0x5b, 0x5c]) FIXED[tag] = 1;
for (const tag of [0x49, 0x4b, 0x59, 0x5f]) FIXED[tag] = 5;
for (const tag of [0x44, 0x4a, 0x4c]) FIXED[tag] = 9;
for (let tag = 0x38; tag <= 0x3f; tag++) FIXED[tag] = 3;
FIXED[0x5d] = 2;
FIXED[0x5e] = 3;

/** 1 at the tags of a binary chunk. */
const BINARY: Uint8Array = new Uint8Array(256);
for (let tag = 0x20; tag <= 0x2f; tag++) BINARY[tag] = 1;
for (let tag = 0x34; tag <= 0x37; tag++) BINARY[tag] = 1;
BINARY[0x41] = 1;
BINARY[0x42] = 1;

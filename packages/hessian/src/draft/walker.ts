import { DEFAULT_MAX_DEPTH, type WalkerOptions } from '../walker.ts';
import { DraftDefinitions, type Interner } from './definitions.ts';
import { draftNumberAt, NUMBER_SIZES, SIZES } from './number.ts';
import { isDraftString } from './string-reader.ts';

const DEFINITION = 0x4f;
const OBJECT = 0x6f;
const MAP = 0x4d;
const LIST = 0x56;
const FIXED_LIST = 0x76;
const REMOTE = 0x72;
const END = 0x7a;
const TRUE = 0x54;
const FALSE = 0x46;

/**
 * Walks values of the Hessian 2.0 draft in place, without building them: what com.alipay.sofa:hessian 3.x reads and writes (its
 * `Hessian2Input` and `Hessian2Output`), and thus SOFARPC. The final grammar, which `HessianWalker` walks, has other tags.
 *
 * One walker serves a process: walking is synchronous. Every move answers false (or what stands for it) when it cannot be made, and then
 * `malformed` tells bytes that can never be a value from bytes that end too early. Nothing throws, and nothing is allocated per value.
 */
export class HessianDraftWalker extends DraftDefinitions {
  readonly #maxDepth: number;
  #depth = 0;

  constructor(options: WalkerOptions = {}) {
    super();
    this.#maxDepth = options.maxDepth ?? DEFAULT_MAX_DEPTH;
  }

  /** Whether the walk is at the end of the body. */
  get atLimit(): boolean {
    return this.at >= this.limit;
  }

  /** Whether the last failure can never be mended: the bytes are wrong, or the whole body was at hand and ended within a value. */
  get unreadable(): boolean {
    return this.malformed || this.end >= this.limit;
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
    return draftNumberAt(this.chunk, at);
  }

  /** Moves behind any value and answers a string, number or boolean as text, undefined for others; false when it cannot move. */
  scalar(interner: Interner): string | undefined | false {
    const tag = this.tag();
    if (isDraftString(tag)) {
      if (!this.skipString()) return false;
      return this.plain ? interner.intern(this.chunk, this.from, this.at) : this.text();
    }
    const number = this.number();
    if (number !== undefined) return String(number);
    if (!this.skip()) return false;
    return tag === TRUE ? 'true' : tag === FALSE ? 'false' : undefined;
  }

  /** Moves behind any value. */
  skip(): boolean {
    for (;;) {
      const tag = this.tag();
      if (tag < 0) return false;
      const size = SIZES[tag]!;
      if (size > 0) return this.advance(size);
      if (isDraftString(tag)) return this.skipString();
      if (tag === 0x42 || tag === 0x62) return this.#binary();
      if (tag !== DEFINITION) return this.#nested(tag);
      // the value that the class was needed for follows in the same place
      this.at++;
      if (!this.define()) return false;
    }
  }

  /** Moves into a map, typed or not: its first key is next, or its end. False for any other value: then `malformed` is set. */
  openMap(): boolean {
    const tag = this.tag();
    if (tag < 0) return false;
    this.at++;
    return tag === MAP ? this.#type() : this.bad();
  }

  /** Whether the end of an open map, or of a list without a count, is next; if so moves behind it. */
  closes(): boolean {
    if (this.at >= this.end || this.chunk[this.at] !== END) return false;
    this.at++;
    return true;
  }

  /**
   * Moves into a list: its first element is next. Answers how many elements follow, -1 for a list that `closes()` ends (also when it says
   * its length, which Java's collections do not look at), and -2 for any other value or bytes that end too early.
   */
  openList(): number {
    const tag = this.tag();
    if (tag < 0) return -2;
    this.at++;
    if (tag === LIST) return this.#type() && this.#length() ? -1 : -2;
    if (tag === FIXED_LIST) return this.#typeNumber() ? (this.count() ?? -2) : -2;
    this.malformed = true;
    return -2;
  }

  /** Moves into an object: the first of its `fieldCount` values is next. Answers the number of its class; -1 for any other value. */
  openObject(): number {
    while (this.tag() === DEFINITION) {
      this.at++;
      if (!this.define()) return -1;
    }
    const tag = this.tag();
    if (tag < 0) return -1;
    this.at++;
    const index = tag === OBJECT ? this.int() : -1;
    if (index === undefined) return -1;
    const fields = this.fieldCount(index);
    if (fields >= 0 && fields <= this.limit - this.at) return index;
    this.malformed = true;
    return -1;
  }

  #nested(tag: number): boolean {
    if (this.#depth >= this.#maxDepth) return this.bad();
    this.#depth++;
    const moved = this.#compound(tag);
    this.#depth--;
    return moved;
  }

  #compound(tag: number): boolean {
    if (tag === MAP) return this.openMap() && this.#untilEnd(2);
    if (tag === LIST) return this.openList() === -1 && this.#untilEnd(1);
    if (tag === FIXED_LIST) return this.#values(this.openList());
    if (tag === OBJECT) {
      const index = this.openObject();
      return index >= 0 && this.#values(this.fieldCount(index));
    }
    this.at++;
    return tag === REMOTE ? this.#type() && this.skipString() : this.bad();
  }

  #untilEnd(step: 1 | 2): boolean {
    while (!this.closes()) if (!this.skip() || (step === 2 && !this.skip())) return false;
    return true;
  }

  #values(count: number): boolean {
    for (let left = count; left > 0; left--) if (!this.skip()) return false;
    return count >= 0;
  }

  /** Chunks 'b' until a final one. */
  #binary(): boolean {
    for (;;) {
      const at = this.at;
      const tag = this.tag();
      if (tag < 0) return false;
      if (tag >= 0x20 && tag < 0x30) return this.advance(SIZES[tag]!);
      if (tag !== 0x42 && tag !== 0x62) return this.bad();
      if (at + 3 > this.end) return false;
      if (!this.advance(3 + ((this.chunk[at + 1]! << 8) | this.chunk[at + 2]!))) return false;
      if (tag === 0x42) return true;
    }
  }

  /** The type in front of a list or map: 't' and a name, 'u' or 'T' and the number of one that was named before, or nothing. */
  #type(): boolean {
    const at = this.at;
    const tag = this.tag();
    if (tag === 0x75 || tag === TRUE) {
      this.at++;
      return this.#typeNumber();
    }
    if (tag !== 0x74) return tag >= 0;
    if (at + 3 > this.end) return false;
    this.at = at + 3;
    return this.skipUnits((this.chunk[at + 1]! << 8) | this.chunk[at + 2]!);
  }

  #typeNumber(): boolean {
    const index = this.int();
    return index !== undefined && (index >= 0 || this.bad());
  }

  /** The length in front of a list: 'n' and a byte, 'l' and four, or nothing. */
  #length(): boolean {
    const tag = this.tag();
    return tag >= 0 && this.advance(tag === 0x6e ? 2 : tag === 0x6c ? 5 : 0);
  }
}

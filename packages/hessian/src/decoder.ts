import { NUMBER_SIZES, numberAt } from './number.ts';
import { StringReader } from './string-reader.ts';
import { DEFAULT_MAX_DEPTH } from './walker.ts';

/** A value as plain JavaScript. A long of eight bytes is a bigint. A value that holds itself in Java does so here. */
export type HessianValue = null | boolean | number | bigint | string | Buffer | Date | readonly HessianValue[] | HessianMap;
/** A map of Java, or an object, which is a HessianObject. */
export type HessianMap = ReadonlyMap<HessianValue, HessianValue>;

/** An object: its fields by name, in the order of its class. */
export class HessianObject extends Map<HessianValue, HessianValue> {
  /** The class, as Java names it. */
  readonly type: string;

  constructor(type: string) {
    super();
    this.type = type;
  }
}

/** Limits of a decoder. */
export interface DecoderOptions {
  /** Nesting allowed before a value counts as malformed; 512 unless given. */
  readonly maxDepth?: number;
  /** Values of one body, those inside of others and names of fields included; 1,000,000 unless given. A value of one byte costs dozens in memory. */
  readonly maxValues?: number;
}

interface Definition {
  readonly type: string;
  readonly fields: readonly string[];
}

const MOST_VALUES = 1_000_000;
const NULL = 0x4e;
const END = 0x5a;

/**
 * Builds Hessian 2.0 values (the final grammar, as Dubbo's hessian-lite and Caucho's 4.x write it). For what is rarely read: it allocates,
 * where `HessianWalker` does not. What is shared in Java is shared here, so whoever walks a hostile service's values must count.
 */
export class HessianDecoder extends StringReader {
  readonly #maxDepth: number;
  readonly #maxValues: number;
  #depth = 0;
  #left = 0;
  #definitions: Definition[] = [];
  /** Lists, maps and objects, in the order in which they began. */
  #references: HessianValue[] = [];
  /** Names of types that lists and maps gave. */
  #types = 0;

  constructor({ maxDepth = DEFAULT_MAX_DEPTH, maxValues = MOST_VALUES }: DecoderOptions = {}) {
    super();
    this.#maxDepth = maxDepth;
    this.#maxValues = maxValues;
  }

  /** As the strings' reader, with empty tables. */
  override begin(chunk: Buffer, at: number, end: number, limit: number): void {
    super.begin(chunk, at, end, limit);
    this.#depth = 0;
    this.#left = this.#maxValues;
    this.#definitions = [];
    this.#references = [];
    this.#types = 0;
  }

  /** The next value; undefined when there is none that is whole, well formed and within the limits. Nothing throws. */
  read(): HessianValue | undefined {
    const tag = this.tag();
    if (tag < 0 || this.#left-- <= 0) return undefined;
    if (isString(tag)) return this.#string();
    const size = NUMBER_SIZES[tag]!;
    if (size > 0) return this.#fixed(size, () => numberAt(this.chunk, this.at - size));
    switch (tag) {
      case NULL:
        return this.#fixed(1, () => null);
      case 0x54:
      case 0x46:
        return this.#fixed(1, () => tag === 0x54);
      case 0x4a:
        return this.#fixed(9, () => new Date(Number(this.chunk.readBigInt64BE(this.at - 8))));
      case 0x4b:
        return this.#fixed(5, () => new Date(this.chunk.readInt32BE(this.at - 4) * 60_000));
      default:
        return isBinary(tag) ? this.#binary() : this.#compound(tag);
    }
  }

  #fixed<T extends HessianValue>(bytes: number, read: () => T): T | undefined {
    return this.advance(bytes) ? read() : undefined;
  }

  #string(): string | undefined {
    return this.skipString() ? this.text() : undefined;
  }

  /** Chunks 'A' until a final one. */
  #binary(): Buffer | undefined {
    const parts: Buffer[] = [];
    for (;;) {
      const tag = this.tag();
      if (tag < 0 || !isBinary(tag)) return undefined;
      const head = tag === 0x41 || tag === 0x42 ? 3 : tag < 0x30 ? 1 : 2;
      const at = this.at;
      if (!this.advance(head)) return undefined;
      const bytes = head === 3 ? this.chunk.readUInt16BE(at + 1) : head === 1 ? tag - 0x20 : ((tag - 0x34) << 8) | this.chunk[at + 1]!;
      if (!this.advance(bytes)) return undefined;
      parts.push(this.chunk.subarray(this.at - bytes, this.at));
      if (tag !== 0x41) return Buffer.concat(parts);
    }
  }

  #compound(tag: number): HessianValue | undefined {
    if (this.#depth >= this.#maxDepth) return undefined;
    this.#depth++;
    this.at++;
    const value = this.#opened(tag);
    this.#depth--;
    return value;
  }

  #opened(tag: number): HessianValue | undefined {
    if (tag === 0x48) return this.#map();
    if (tag === 0x4d) return this.#type() ? this.#map() : undefined;
    if (tag === 0x57) return this.#list(Number.POSITIVE_INFINITY);
    if (tag === 0x55) return this.#type() ? this.#list(Number.POSITIVE_INFINITY) : undefined;
    if (tag === 0x58) return this.#list(this.count());
    if (tag === 0x56) return this.#type() ? this.#list(this.count()) : undefined;
    if (tag >= 0x78 && tag <= 0x7f) return this.#list(tag - 0x78);
    if (tag >= 0x70) return this.#type() ? this.#list(tag - 0x70) : undefined;
    if (tag >= 0x60) return this.#object(tag - 0x60);
    if (tag === 0x4f) return this.#object(this.int());
    if (tag === 0x51) return this.#references[this.int() ?? -1];
    return tag === 0x43 && this.#definition() ? this.read() : undefined;
  }

  /** A type: its name, or the number of one that was named before. */
  #type(): boolean {
    if (isString(this.tag())) {
      this.#types++;
      return this.skipString();
    }
    const index = this.int();
    return index !== undefined && index >= 0 && index < this.#types;
  }

  /** @param count infinite: until the end mark */
  #list(count: number | undefined): HessianValue | undefined {
    if (count === undefined) return undefined;
    const list: HessianValue[] = [];
    this.#references.push(list);
    while (list.length < count && !(count === Number.POSITIVE_INFINITY && this.#ends())) {
      const value = this.read();
      if (value === undefined) return undefined;
      list.push(value);
    }
    return list;
  }

  #map(): HessianValue | undefined {
    const map = new Map<HessianValue, HessianValue>();
    this.#references.push(map);
    while (!this.#ends()) {
      const key = this.read();
      const value = key === undefined ? undefined : this.read();
      if (key === undefined || value === undefined) return undefined;
      map.set(key, value);
    }
    return map;
  }

  #ends(): boolean {
    if (this.tag() !== END) return false;
    this.at++;
    return true;
  }

  #definition(): boolean {
    const type = this.#string();
    const count = type === undefined ? undefined : this.count();
    if (type === undefined || count === undefined) return false;
    const fields: string[] = [];
    while (fields.length < count) {
      if (this.#left-- <= 0) return false;
      const field = this.#string();
      if (field === undefined) return false;
      fields.push(field);
    }
    this.#definitions.push({ type, fields });
    return true;
  }

  #object(index: number | undefined): HessianValue | undefined {
    const definition = this.#definitions[index ?? -1];
    if (definition === undefined) return undefined;
    const object = new HessianObject(definition.type);
    this.#references.push(object);
    for (const field of definition.fields) {
      const value = this.read();
      if (value === undefined) return undefined;
      object.set(field, value);
    }
    return object;
  }
}

function isString(tag: number): boolean {
  return (tag >= 0 && tag < 0x20) || (tag >= 0x30 && tag < 0x34) || tag === 0x52 || tag === 0x53;
}

function isBinary(tag: number): boolean {
  return (tag >= 0x20 && tag <= 0x2f) || (tag >= 0x34 && tag <= 0x37) || tag === 0x41 || tag === 0x42;
}

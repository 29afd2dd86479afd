import { decodeUnits } from '../text.ts';
import { DraftStringReader } from './string-reader.ts';

/** Class tables longer than this are dropped after the body that needed them instead of being kept for the next one. */
const KEPT_CLASSES = 1024;

/** Makes strings of ASCII bytes, the same string for the same bytes where it can. The core's `CodecCore` is one. */
export interface Interner {
  intern(chunk: Buffer, from: number, to: number): string;
}

/** Reads the definitions of classes, and remembers where they are: names are looked at only when somebody asks. */
export class DraftDefinitions extends DraftStringReader {
  /** For each class defined so far in this body: its number of fields. */
  #fields: number[] = [];
  /** For each class: where its definition begins, with its name. */
  #places: number[] = [];

  /** How many classes were defined since `begin`. A walk that starts behind them cannot read objects that use them. */
  get definitions(): number {
    return this.#fields.length;
  }

  /** As every cursor, with empty tables. */
  override begin(chunk: Buffer, at: number, end: number, limit: number): void {
    super.begin(chunk, at, end, limit);
    if (this.#fields.length > KEPT_CLASSES) {
      this.#fields = [];
      this.#places = [];
    }
    this.#forget(0);
  }

  /** Goes back to `at`, where `definitions` was what is given. */
  rewind(at: number, definitions: number): void {
    this.at = at;
    this.malformed = false;
    this.#forget(definitions);
  }

  /** How many fields a class has; -1 when there is no such class. */
  fieldCount(index: number): number {
    return this.#fields[index] ?? -1;
  }

  /** The name of a class; undefined when there is no such class. */
  className(index: number, interner: Interner): string | undefined {
    const at = this.at;
    if (!this.#seekName(index)) return undefined;
    const name = this.plain ? interner.intern(this.chunk, this.from, this.at) : decodeUnits(this.chunk, this.from, this.at);
    this.at = at;
    return name;
  }

  /** Whether the name of a class that was defined ends in `suffix`, ASCII. */
  classNameEndsWith(index: number, suffix: Buffer): boolean {
    const at = this.at;
    if (!this.#seekName(index)) return false;
    const ends = this.at - suffix.length >= this.from && this.#holds(this.at - suffix.length, suffix);
    this.at = at;
    return ends;
  }

  /**
   * Finds fields by name, ASCII, in a class that was defined, and answers how many fields there are up to the last of them.
   * @param indexes receives for each name which field has it, -1 for none; the last one where several do, as it is the last that is set
   */
  findFields(index: number, names: readonly Buffer[], indexes: Int32Array): number {
    const at = this.at;
    let upTo = 0;
    indexes.fill(-1);
    const fields = this.#seekName(index) ? (this.count() ?? 0) : 0;
    for (let field = 0; field < fields && this.skipString(); field++) {
      const length = this.plain ? this.at - this.from : -1;
      for (let each = 0; each < names.length; each++) {
        const name = names[each]!;
        if (name.length !== length || !this.#holds(this.from, name)) continue;
        indexes[each] = field;
        upTo = field + 1;
      }
    }
    this.at = at;
    return upTo;
  }

  /** Moves behind a class's name and field names, whose tag was passed. */
  protected define(): boolean {
    const place = this.at;
    if (!this.#skipName()) return false;
    const fields = this.count();
    if (fields === undefined) return false;
    for (let left = fields; left > 0; left--) if (!this.skipString()) return false;
    this.#fields.push(fields);
    this.#places.push(place);
    return true;
  }

  /** Moves back behind the name of a class that was defined. */
  #seekName(index: number): boolean {
    const place = this.#places[index];
    if (place === undefined) return false;
    this.at = place;
    return this.#skipName();
  }

  /** The name's length in UTF-16 units, as an int, and its text. */
  #skipName(): boolean {
    const units = this.count();
    return units !== undefined && this.skipUnits(units);
  }

  #holds(from: number, bytes: Buffer): boolean {
    const b = this.chunk;
    for (let i = 0; i < bytes.length; i++) if (b[from + i] !== bytes[i]) return false;
    return true;
  }

  #forget(definitions: number): void {
    if (this.#fields.length <= definitions) return;
    this.#fields.length = definitions;
    this.#places.length = definitions;
  }
}

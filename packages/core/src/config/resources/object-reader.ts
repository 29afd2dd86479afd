import { ConfigError, type Position, type Problem } from '../../errors/config-error.ts';
import { formatPath, type Path } from '../problems.ts';
import { didYouMean } from '../suggest.ts';
import { parseDuration } from '../units.ts';
import type { SourceDocument } from '../yaml-source.ts';

/** What becomes of a field that Istio knows: it is read, or it is reported with the reason. */
export type FieldRule = 'read' | { readonly severity: 'error' | 'warning'; readonly reason: string };

/** Every field that Istio gives a message, by name. What is not in it is a mistake. */
export type FieldTable = Readonly<Record<string, FieldRule>>;

/** For a field without which traffic would go elsewhere, or less protected, than the file says. */
export function refused(reason: string): FieldRule {
  return { severity: 'error', reason };
}

/** For a field that only tunes. */
export function ignored(reason: string): FieldRule {
  return { severity: 'warning', reason };
}

/** A text of a list and where it stands. */
export interface WrittenText {
  readonly text: string;
  readonly position: Position;
}

/**
 * Reads one mapping of a document field by field. A field of the wrong type becomes a problem and reads as absent, so that one load
 * reports everything at once.
 */
export class ObjectReader {
  readonly #document: SourceDocument;
  readonly #path: Path;
  readonly #value: Readonly<Record<string, unknown>>;
  readonly #problems: Problem[];

  private constructor(document: SourceDocument, path: Path, value: Readonly<Record<string, unknown>>, problems: Problem[]) {
    this.#document = document;
    this.#path = path;
    this.#value = value;
    this.#problems = problems;
  }

  /** undefined, and a problem, when something other than a mapping stands there. Keys are checked by `checkKeys`. */
  static at(document: SourceDocument, path: Path, problems: Problem[]): ObjectReader | undefined {
    let value = document.value;
    for (const part of path) value = isRecord(value) || Array.isArray(value) ? Reflect.get(value, part) : undefined;
    if (isRecord(value)) return new ObjectReader(document, path, value, problems);
    const message = `${formatPath(path)} must be a mapping, not ${typeName(value)}`;
    problems.push({ severity: 'error', message, position: document.position(path) });
    return undefined;
  }

  /** Of the whole mapping, or of a field's value. */
  position(key?: string): Position {
    return this.#document.position(key === undefined ? this.#path : [...this.#path, key]);
  }

  /** For messages: `spec.http[0].timeout`. */
  name(key?: string): string {
    return formatPath(key === undefined ? this.#path : [...this.#path, key]);
  }

  has(key: string): boolean {
    return Object.hasOwn(this.#value, key);
  }

  keys(): string[] {
    return Object.keys(this.#value);
  }

  /** Reports a problem at a field's value, or at the whole mapping. */
  error(message: string, key?: string): void {
    this.#problems.push({ severity: 'error', message, position: this.position(key) });
  }

  warn(message: string, key?: string): void {
    this.#problems.push({ severity: 'warning', message, position: this.position(key) });
  }

  /** Reports a problem at something below a field, like one item of a list. */
  errorAt(path: Path, message: string): void {
    this.#problems.push({ severity: 'error', message, position: this.#document.position([...this.#path, ...path]) });
  }

  warnAt(path: Path, message: string): void {
    this.#problems.push({ severity: 'warning', message, position: this.#document.position([...this.#path, ...path]) });
  }

  /** Reports every key that is not read. */
  checkKeys(table: FieldTable): this {
    for (const key of this.keys()) {
      const rule = Object.hasOwn(table, key) ? table[key] : undefined;
      if (rule === 'read') continue;
      const position = this.#document.keyPosition([...this.#path, key]);
      if (rule === undefined) {
        const message = `unknown key "${key}" in ${this.name()}.${didYouMean(key, Object.keys(table))}`;
        this.#problems.push({ severity: 'error', message, position });
      } else {
        const message = `${this.name(key)} is not implemented: ${rule.reason}`;
        this.#problems.push({ severity: rule.severity, message, position });
      }
    }
    return this;
  }

  /** A mapping with fixed keys. */
  object(key: string, table: FieldTable): ObjectReader | undefined {
    return this.has(key) ? ObjectReader.at(this.#document, [...this.#path, key], this.#problems)?.checkKeys(table) : undefined;
  }

  /** A mapping whose keys are names that the user chose. */
  freeObject(key: string): ObjectReader | undefined {
    return this.has(key) ? ObjectReader.at(this.#document, [...this.#path, key], this.#problems) : undefined;
  }

  /** A list of mappings; empty when absent. */
  objects(key: string, table: FieldTable): ObjectReader[] {
    return this.freeObjects(key).map((reader) => reader.checkKeys(table));
  }

  /** As `objects`, of which the keys are not checked. */
  freeObjects(key: string): ObjectReader[] {
    return this.#list(key).flatMap((_, index) => ObjectReader.at(this.#document, [...this.#path, key, index], this.#problems) ?? []);
  }

  /** A list of texts; empty when absent. */
  texts(key: string): WrittenText[] {
    const texts: WrittenText[] = [];
    for (const [index, text] of this.#list(key).entries()) {
      const path = [...this.#path, key, index];
      const position = this.#document.position(path);
      if (typeof text === 'string') texts.push({ text, position });
      else this.#problems.push({ severity: 'error', message: `${formatPath(path)} ${notText(text)}`, position });
    }
    return texts;
  }

  /** A mapping of texts, in file order. */
  textMap(key: string): Map<string, string> {
    const reader = this.freeObject(key);
    const texts = new Map<string, string>();
    for (const name of reader?.keys() ?? []) {
      const text = reader?.text(name);
      if (text !== undefined) texts.set(name, text);
    }
    return texts;
  }

  text(key: string): string | undefined {
    if (!this.has(key)) return undefined;
    const value = this.#value[key];
    if (typeof value === 'string') return value;
    this.error(`${this.name(key)} ${notText(value)}`, key);
    return undefined;
  }

  /** A text that must be there and not be empty. */
  requiredText(key: string): string | undefined {
    if (!this.has(key)) {
      this.error(`${this.name()} needs ${key}`);
      return undefined;
    }
    const text = this.text(key);
    if (text === '') this.error(`${this.name(key)} must not be empty`, key);
    return text === '' ? undefined : text;
  }

  boolean(key: string): boolean {
    const value = this.has(key) ? this.#value[key] : false;
    if (typeof value === 'boolean') return value;
    this.error(`${this.name(key)} must be true or false, not ${typeName(value)}`, key);
    return false;
  }

  /** A whole number in [from, to]. */
  integer(key: string, from: number, to: number): number | undefined {
    if (!this.has(key)) return undefined;
    const value = this.#value[key];
    if (typeof value === 'number' && Number.isInteger(value) && value >= from && value <= to) return value;
    const shown = typeof value === 'number' ? String(value) : typeName(value);
    this.error(`${this.name(key)} must be a whole number from ${from} to ${to}, not ${shown}`, key);
    return undefined;
  }

  /** A number in [from, to]. */
  number(key: string, from: number, to = Number.POSITIVE_INFINITY): number | undefined {
    if (!this.has(key)) return undefined;
    const value = this.#value[key];
    if (typeof value === 'number' && value >= from && value <= to && Number.isFinite(value)) return value;
    const shown = typeof value === 'number' ? String(value) : typeName(value);
    const range = to === Number.POSITIVE_INFINITY ? `of at least ${from}` : `from ${from} to ${to}`;
    this.error(`${this.name(key)} must be a number ${range}, not ${shown}`, key);
    return undefined;
  }

  /** Milliseconds of a written duration. */
  duration(key: string): number | undefined {
    const written = this.#value[key];
    // In quotes it would be no duration either.
    if (typeof written === 'number') {
      this.error(`${this.name(key)} must be a duration with its unit, like 3s or 500ms, not ${written}`, key);
      return undefined;
    }
    const text = this.text(key);
    if (text === undefined) return undefined;
    try {
      return parseDuration(text);
    } catch (cause) {
      if (!(cause instanceof ConfigError)) throw cause;
      this.error(`${this.name(key)}: ${cause.message}`, key);
      return undefined;
    }
  }

  /** One of fixed words; undefined, and a problem, for any other. */
  word<const W extends string>(key: string, words: readonly W[]): W | undefined {
    const text = this.text(key);
    if (text === undefined) return undefined;
    const found = words.find((word) => word === text);
    if (found === undefined) {
      this.error(`${this.name(key)} is "${text}": it must be one of ${words.join(', ')}.${didYouMean(text, words)}`, key);
    }
    return found;
  }

  #list(key: string): readonly unknown[] {
    if (!this.has(key)) return [];
    const value = this.#value[key];
    if (Array.isArray(value)) return value;
    this.error(`${this.name(key)} must be a list, not ${typeName(value)}`, key);
    return [];
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function notText(value: unknown): string {
  const quote = typeof value === 'number' || typeof value === 'boolean';
  return quote
    ? `must be a text, not the ${typeof value} ${value}: write it in quotes, "${value}"`
    : `must be a text, not ${typeName(value)}`;
}

function typeName(value: unknown): string {
  if (value === null) return 'empty';
  if (value === undefined) return 'missing';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'a mapping' : `a ${typeof value}`;
}

import { type Document, isMap, LineCounter, parseDocument } from 'yaml';
import { isJsonObject, type JsonObject } from '../json.ts';

/** A rule that cannot be understood; the message says where and why. */
export class RuleError extends Error {
  override readonly name = 'RuleError';
}

/** What a rule's text says. */
export type RuleMap = JsonObject;

/** Rules take a few KiB; reading a text of this length holds up everything else for half a second. */
const MAX_CHARACTERS = 256 * 1024;

/**
 * Reads the data of a node of Dubbo's configuration centre. Dubbo reads them with SnakeYAML, which knows YAML 1.1.
 * @throws RuleError naming the line
 */
export function parseRule(text: string): RuleMap {
  if (text.length > MAX_CHARACTERS) throw new RuleError(`it has ${text.length} characters, more than ${MAX_CHARACTERS}`);
  const lines = new LineCounter();
  // Of equal keys SnakeYAML takes the last, too; looking for them takes the square of the number of keys.
  const options = { version: '1.1', lineCounter: lines, prettyErrors: false, uniqueKeys: false } as const;
  const document: Document.Parsed = parseDocument(text, options);
  const [error] = document.errors;
  if (error !== undefined) throw new RuleError(`line ${lines.linePos(error.pos[0]).line}: ${error.message}`);
  if (!isMap(document.contents)) throw new RuleError('line 1: it is no map');
  let value: unknown;
  try {
    value = document.toJS();
  } catch (error) {
    throw new RuleError(error instanceof Error ? error.message : String(error));
  }
  if (!isJsonObject(value)) throw new RuleError('line 1: it is no map');
  return value;
}

/** The text of a scalar, as Java's String.valueOf has it; undefined: there is none. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

/** The texts of a list; empty when it is none. */
export function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.flatMap((each: unknown) => textOf(each) ?? []) : [];
}

/** The maps of a list; empty when it is none. */
export function mapsOf(value: unknown): RuleMap[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}

/** As Boolean.parseBoolean: only `true`, in any case, is true. */
export function isTrue(value: unknown, otherwise: boolean): boolean {
  const text = textOf(value);
  return text === undefined ? otherwise : text.toLowerCase() === 'true';
}

import {
  Composer,
  type CST,
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Node,
  Parser,
  visit,
  type YAMLError,
} from 'yaml';
import { ConfigError, type Position, type Problem } from '../errors/config-error.ts';
import { messageOf } from '../errors/message-of.ts';
import { type Environment, fillEnvironment } from './environment.ts';
import type { Path } from './problems.ts';

/**
 * Uses of one anchor, multiplied along nested anchors. Far above what people write, far below what makes a short file expand into
 * gigabytes ("billion laughs").
 */
const MAX_ALIAS_COUNT = 1000;

/** Lists and mappings inside each other. No resource has a tenth of it. */
const MAX_DEPTH = 200;

/** One document of a YAML file: its plain value, and where each part of it was written. */
export interface SourceDocument {
  readonly file: string;
  readonly value: unknown;
  /** Where the value at the path begins; of the nearest part that exists when nothing is there. */
  position(path: Path): Position;
  /** Where the last key of the path is written. */
  keyPosition(path: Path): Position;
}

/** What a YAML text holds. Empty documents and those with an error are left out. */
export interface YamlSource {
  readonly documents: readonly SourceDocument[];
  readonly problems: readonly Problem[];
}

/**
 * Parses every document of a text. Never throws: syntax errors, duplicate keys, unknown tags and alias bombs become problems.
 * @param file as positions shall name it
 * @param environment when given, `${NAME}` and `${NAME:-default}` in scalar values are replaced
 */
export function parseYaml(text: string, file: string, environment?: Environment): YamlSource {
  const lines = new LineCounter();
  const problems: Problem[] = [];
  const documents: SourceDocument[] = [];
  // Istio's own readers accept merge keys (`<<: *base`), so files may hold them.
  const composer = new Composer({ prettyErrors: false, merge: true, logLevel: 'silent' });
  try {
    for (const document of composer.compose(tokensOf(text, lines))) {
      const source = readDocument(document, text, new Locator(file, document, lines), environment, problems);
      // Nothing but comments between two separators.
      if (source !== undefined && source.value !== null) documents.push(source);
    }
  } catch (cause) {
    problems.push({ severity: 'error', message: `cannot be read as YAML: ${messageOf(cause)}`, position: { file, line: 0, column: 0 } });
  }
  return { documents, problems };
}

/**
 * The composer recurses into what it is given, and exhausts the stack (or the whole process) on a text of ten thousand brackets. The
 * parser does not: its own stack says how deep the text is before any of it is composed.
 */
function* tokensOf(text: string, lines: LineCounter): Generator<CST.Token> {
  const parser = new Parser(lines.addNewLine);
  lines.addNewLine(0);
  for (const lexeme of new Lexer().lex(text)) {
    yield* parser.next(lexeme);
    if (parser.stack.length > MAX_DEPTH) throw new ConfigError(`lists and mappings are nested more than ${MAX_DEPTH} deep`);
  }
  yield* parser.end();
}

function readDocument(
  document: Document.Parsed,
  text: string,
  locator: Locator,
  environment: Environment | undefined,
  problems: Problem[],
): SourceDocument | undefined {
  const before = problems.length;
  for (const fault of distinctFaults(document)) {
    const excerpt = offendingText(text, fault.pos[0]);
    problems.push({ severity: 'error', message: `${fault.message}${excerpt}`, position: locator.at(fault.pos[0]) });
  }
  if (problems.length > before) return undefined;
  if (environment !== undefined) fillEnvironment(document, environment, (node) => locator.of(node), problems);
  try {
    return new LocatedDocument(document.toJS({ maxAliasCount: MAX_ALIAS_COUNT }), locator);
  } catch (cause) {
    const alias = firstAlias(document);
    const start = alias?.range?.[0] ?? 0;
    problems.push({ severity: 'error', message: `${messageOf(cause)}${offendingText(text, start)}`, position: locator.at(start) });
    return undefined;
  }
}

/** After a syntax error the parser is lost, and what it says further on only hides the cause. */
function distinctFaults(document: Document.Parsed): YAMLError[] {
  const faults: YAMLError[] = [...document.errors, ...document.warnings];
  const standsAlone = ({ code }: YAMLError) => code === 'DUPLICATE_KEY' || code === 'TAG_RESOLVE_FAILED';
  const syntax = faults.find((fault) => !standsAlone(fault));
  return syntax === undefined ? faults : [syntax];
}

/** The rest of the line from an offset on, as ` at "port: 1"`. */
function offendingText(text: string, offset: number): string {
  const line =
    text
      .slice(offset, offset + 60)
      .split('\n', 1)[0]
      ?.trim() ?? '';
  return line === '' ? '' : ` at "${line}"`;
}

function firstAlias(document: Document.Parsed): Node | undefined {
  let found: Node | undefined;
  visit(document, {
    Alias(_key, node) {
      found = node;
      return visit.BREAK;
    },
  });
  return found;
}

class LocatedDocument implements SourceDocument {
  readonly file: string;
  readonly value: unknown;
  readonly #locator: Locator;

  constructor(value: unknown, locator: Locator) {
    this.file = locator.file;
    this.value = value;
    this.#locator = locator;
  }

  position(path: Path): Position {
    return this.#locator.find(path).value;
  }

  keyPosition(path: Path): Position {
    return this.#locator.find(path).key;
  }
}

interface Step {
  readonly key: Node | undefined;
  readonly value: Node | undefined;
}

/** Finds the nodes of one document by path, through aliases and merge keys, and turns their offsets into positions. */
class Locator {
  readonly file: string;
  readonly #document: Document.Parsed;
  readonly #lines: LineCounter;

  constructor(file: string, document: Document.Parsed, lines: LineCounter) {
    this.file = file;
    this.#document = document;
    this.#lines = lines;
  }

  at(offset: number): Position {
    const { line, col } = this.#lines.linePos(offset);
    return { file: this.file, line: Math.max(line, 1), column: Math.max(col, 1) };
  }

  of(node: Node): Position {
    return this.at(node.range?.[0] ?? 0);
  }

  find(path: Path): { key: Position; value: Position } {
    let node: Node | null = this.#document.contents;
    let value = node === null ? this.at(this.#document.range[0]) : this.of(node);
    let key = value;
    for (const part of path) {
      const step = this.#step(this.#resolve(node), part);
      if (step === undefined) return { key: value, value };
      key = step.key === undefined ? (step.value === undefined ? value : this.of(step.value)) : this.of(step.key);
      value = step.value === undefined ? key : this.of(step.value);
      node = step.value ?? null;
    }
    return { key, value };
  }

  #resolve(node: unknown): Node | null {
    if (isAlias(node)) return node.resolve(this.#document) ?? null;
    return isNode(node) ? node : null;
  }

  #step(node: Node | null, part: string | number): Step | undefined {
    if (isSeq(node)) {
      const item = node.items[Number(part)];
      return isNode(item) ? { key: undefined, value: item } : undefined;
    }
    if (!isMap(node)) return undefined;
    for (const pair of node.items) {
      const name = isScalar(pair.key) ? String(pair.key.value) : undefined;
      if (name === String(part))
        return { key: isNode(pair.key) ? pair.key : undefined, value: isNode(pair.value) ? pair.value : undefined };
    }
    return this.#stepIntoMerged(node.items, part);
  }

  #stepIntoMerged(items: readonly { key: unknown; value: unknown }[], part: string | number): Step | undefined {
    for (const pair of items) {
      if (!isScalar(pair.key) || pair.key.source !== '<<') continue;
      const merged = this.#resolve(pair.value);
      for (const source of isSeq(merged) ? merged.items : [merged]) {
        const step = this.#step(this.#resolve(source), part);
        if (step !== undefined) return step;
      }
    }
    return undefined;
  }
}

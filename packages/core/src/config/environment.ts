import { type Document, type Node, type Scalar, visit } from 'yaml';
import type { Position, Problem } from '../errors/config-error.ts';

/** Variables by name, like `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

const REFERENCE = /\$\$\{|\$\{([A-Za-z_]\w*)(:-[^}]*)?\}|\$\{[^}]*\}?/g;

/**
 * Replaces `${NAME}` and `${NAME:-default}` in every scalar value of a document, in place; keys are left alone, `$${` stands for a literal
 * `${`. As in a shell, the default also serves a variable that is set to nothing. An unquoted value is typed again afterwards, so that
 * `port: ${PORT}` is a number. A variable's text can never add keys or lists.
 */
export function fillEnvironment(
  document: Document.Parsed,
  environment: Environment,
  locate: (node: Node) => Position,
  problems: Problem[],
): void {
  visit(document, {
    Scalar(key, node) {
      if (key === 'key' || typeof node.value !== 'string' || !node.value.includes('${')) return;
      const filled = fillText(node.value, environment, (message) => problems.push({ severity: 'error', message, position: locate(node) }));
      node.value = node.type === 'PLAIN' ? typedAsYaml(filled, document, node) : filled;
    },
  });
}

function fillText(text: string, environment: Environment, fail: (message: string) => void): string {
  return text.replaceAll(REFERENCE, (reference: string, name: string | undefined, fallback: string | undefined) => {
    if (reference === '$${') return '${';
    if (name === undefined) {
      fail(`"${reference}" is not a reference to a variable: write \${NAME} or \${NAME:-default}`);
      return reference;
    }
    const value = Object.hasOwn(environment, name) ? environment[name] : undefined;
    if (fallback !== undefined) return value === undefined || value === '' ? fallback.slice(2) : value;
    if (value === undefined) fail(`the environment variable ${name} is not set: set it, or write \${${name}:-default}`);
    return value ?? reference;
  });
}

function typedAsYaml(text: string, document: Document.Parsed, node: Scalar): unknown {
  for (const tag of document.schema.tags) {
    if (tag.collection !== undefined || tag.default !== true || tag.test?.test(text) !== true) continue;
    const resolved = tag.resolve(text, () => undefined, document.options);
    return resolved instanceof Object && 'value' in resolved ? resolved.value : resolved;
  }
  delete node.source;
  return text;
}

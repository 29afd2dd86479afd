// Rules about source text that no linter knows: file length, and protocol names inside core.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const MAX_LINES = 500;
const SOURCE = /\.(ts|mts|js|mjs)$/;
const PROTOCOL_NAME = /dubbo|bolt|thrift|hessian|http2|grpc|\btriple\b|motan/i;
const STRING_OR_COMMENT = /("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)|\/\/[^\n]*|\/\*[\s\S]*?\*\//g;

// Names that are not this proxy's protocols, or not only: each with the one file that may say them.
const ALLOWED = new Map([
  ['packages/core/src/identity/istio-protocols.ts', /'(GRPC|GRPC-WEB|HTTP2)'/g], // Istio's list of port protocols
  ['packages/core/src/plugin/resolve-hook.ts', /\|hessian\)/g], // the package that plugins may import beside core/spi
]);

/** The text with comments blanked out; line numbers stay. */
function withoutComments(text) {
  return text.replace(STRING_OR_COMMENT, (match, string) => string ?? match.replace(/[^\n]/g, ' '));
}

/** Files of the work tree that git tracks or would track. */
function sourceFiles() {
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '--deduplicate'], { encoding: 'utf8' });
  return listed.split('\n').filter((file) => SOURCE.test(file));
}

function readIfPresent(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined; // deleted in the work tree, still in the index
  }
}

/** One line per broken rule. */
export function sourceProblems(files = sourceFiles(), read = readIfPresent) {
  const problems = [];
  for (const file of files) {
    const text = read(file);
    if (text === undefined) continue;
    const count = text.split('\n').length - 1;
    if (count > MAX_LINES) problems.push(`${file}: ${count} lines; split it at a stage of the data path (limit ${MAX_LINES})`);
    if (!file.startsWith('packages/core/src/') || file.endsWith('.test.ts') || file.includes('/testing/')) continue;
    withoutComments(text)
      .replace(ALLOWED.get(file) ?? /$^/, '')
      .split('\n')
      .forEach((line, index) => {
        const name = PROTOCOL_NAME.exec(line);
        if (name)
          problems.push(
            `${file}:${index + 1}: core code names the protocol "${name[0]}"; what is special to it belongs behind a codec facet`,
          );
      });
  }
  return problems;
}

import type { ThriftLanguage } from './build-thrift.ts';
import { goProblem, output, pythonProblem, requireJava } from './requirements.ts';

/** The libraries of the peers take the output of this compiler; newer ones write for newer libraries. */
const COMPILER = '0.17';

const answers = new Map<ThriftLanguage, string | false>();

/**
 * For the `skip` option of a test that needs Thrift peers in these languages: `false` when all is there to build and run them,
 * else the reason. On a CI machine (`CI=true`) what is missing is a failure.
 */
export function requireThrift(...languages: readonly ThriftLanguage[]): string | false {
  for (const language of languages) {
    const answer = answers.get(language) ?? problem(language);
    answers.set(language, answer);
    if (answer === false) continue;
    if (process.env['CI'] === 'true') throw new Error(`${answer}; install thrift-compiler, python3-venv and golang-go, or run .ci/run`);
    return answer;
  }
  return false;
}

function problem(language: ThriftLanguage): string | false {
  const compiler = output('thrift', '--version');
  if (!compiler.includes(`version ${COMPILER}.`)) return `needs the Thrift compiler ${COMPILER} (found ${compiler || 'none'})`;
  if (language === 'java') return requireJava();
  if (language === 'python') return pythonProblem();
  return language === 'node' ? false : goProblem();
}

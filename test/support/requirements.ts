import { spawnSync } from 'node:child_process';

const OLDEST_JAVA = 17;

let answer: string | false | undefined;

/**
 * For the `skip` option of a test that needs real Java peers: `false` when Java and Maven are there, else the reason. On
 * a CI machine (`CI=true`) a missing tool is a failure: a suite that skips everything would look green.
 */
export function requireJava(): string | false {
  answer ??= javaProblem();
  if (answer !== false && process.env['CI'] === 'true') {
    throw new Error(`${answer}; install openjdk-17-jdk-headless and maven`);
  }
  return answer;
}

function javaProblem(): string | false {
  const compiler = spawnSync('javac', ['-version'], { encoding: 'utf8' });
  const version = Number(/javac (\d+)/.exec(`${compiler.stdout}${compiler.stderr}`)?.[1] ?? 0);
  if (version < OLDEST_JAVA) {
    return version === 0 ? `needs a JDK (${OLDEST_JAVA} or newer)` : `needs a JDK (${OLDEST_JAVA} or newer, found ${version})`;
  }
  return spawnSync('mvn', ['-v']).status === 0 ? false : 'needs Maven (mvn)';
}

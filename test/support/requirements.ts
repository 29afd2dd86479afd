import { spawnSync } from 'node:child_process';

const OLDEST_JAVA = 17;
const OLDEST_GO = 19;

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

/** `false` when Go is there to build a peer, else what is missing. */
export function goProblem(): string | false {
  const found = Number(/go1\.(\d+)/.exec(output('go', 'version'))?.[1] ?? 0);
  return found >= OLDEST_GO ? false : `needs Go 1.${OLDEST_GO} or newer`;
}

/** `false` when Python is there with what makes environments, else what is missing. */
export function pythonProblem(): string | false {
  return output('python3', '-c', 'import ensurepip, venv; print("venv")') === 'venv' ? false : 'needs Python 3 with venv';
}

/** What a command prints, empty when there is no such command. */
export function output(command: string, ...args: readonly string[]): string {
  return spawnSync(command, args, { encoding: 'utf8' }).stdout?.trim() ?? '';
}

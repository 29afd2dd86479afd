import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const BUILD_TIMEOUT_MILLISECONDS = 600_000;

/** Runs a tool of a build; a failure says what it printed. */
export async function buildStep(command: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}): Promise<void> {
  try {
    await promisify(execFile)(command, args, { cwd, env: { ...process.env, ...env }, timeout: BUILD_TIMEOUT_MILLISECONDS });
  } catch (cause) {
    // The message has the error output; Maven writes its errors to the other.
    const said = cause instanceof Error && 'stdout' in cause ? cause.stdout : '';
    throw new Error(`${command} ${args.join(' ')} in ${cwd} failed:\n${said}`, { cause });
  }
}

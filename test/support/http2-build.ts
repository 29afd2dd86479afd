import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildOnce, hashFiles } from './build-once.ts';
import { buildStep } from './build-step.ts';

/** Two suites as their projects publish them, `h2spec` and gRPC's interoperability `client`, and servers on Go's libraries. */
export type GoProgram = 'h2spec' | 'client' | 'interop-server' | 'origin';

const PACKAGES = ['github.com/summerwind/h2spec/cmd/h2spec', 'google.golang.org/grpc/interop/client', './interop-server', './origin'];
const PROGRAMS: readonly GoProgram[] = ['h2spec', 'client', 'interop-server', 'origin'];
// This file runs as test/dist/support/http2-build.js.
const PEERS = fileURLToPath(new URL('../../peers/http2/', import.meta.url));

/** The file of a program. Builds all of them when their sources or versions changed since the last build. */
export async function goProgram(name: GoProgram): Promise<string> {
  const output = join(PEERS, 'target', 'go');
  const sources = join(PEERS, 'go');
  await buildOnce({
    output,
    sources: `${PACKAGES} ${hashFiles(`${sources}/`, () => true)}`,
    isWhole: () => PROGRAMS.every((program) => existsSync(join(output, program))),
    // Neither a C compiler nor a repository is needed.
    build: () => buildStep('go', ['build', '-buildvcs=false', '-o', `${output}/`, ...PACKAGES], sources, { CGO_ENABLED: '0' }),
  });
  return join(output, name);
}

/** How to start the client on Python's h2, in an environment of its own. */
export async function pythonClient(): Promise<{ command: string; args: readonly string[] }> {
  const output = join(PEERS, 'target', 'python');
  const sources = join(PEERS, 'python');
  const python = join(output, 'venv/bin/python');
  const requirements = join(sources, 'requirements.txt');
  await buildOnce({
    output,
    sources: hashFiles(`${sources}/`, (file) => file === 'requirements.txt'),
    isWhole: () => existsSync(python),
    async build() {
      await buildStep('python3', ['-m', 'venv', 'venv'], output);
      await buildStep(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements], output);
    },
  });
  return { command: python, args: ['-B', join(sources, 'client.py')] };
}

import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildOnce, hashFiles } from './build-once.ts';
import { buildStep } from './build-step.ts';

/** A language whose Thrift library serves and calls in the tests. */
export type ThriftLanguage = 'java' | 'node' | 'python' | 'go';
export type ThriftRole = 'server' | 'client';

/** How a peer is started; its own arguments come after these. */
export interface ThriftProgram {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

// This file runs as test/dist/support/build-thrift.js.
const PEERS = fileURLToPath(new URL('../../peers/thrift/', import.meta.url));
const IDL = 'call.thrift';
const PYTHON_THRIFT = 'thrift==0.25.0';
const JAVA_FLAGS = ['-Xmx192m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto', '-Djava.net.preferIPv4Stack=true'];

interface Language {
  readonly generator: string;
  /** What the last build must have left for the peer to start. */
  readonly result: string;
  build(output: string, sources: string): Promise<void>;
  program(output: string, sources: string, role: ThriftRole): Omit<ThriftProgram, 'env'> & { env?: NodeJS.ProcessEnv };
}

const LANGUAGES: Readonly<Record<ThriftLanguage, Language>> = {
  java: {
    generator: 'java:generated_annotations=suppress',
    result: 'classpath.txt',
    build: (output, sources) => buildStep('mvn', ['-q', '-B', 'package', `-Dpeer.output=${output}`], sources),
    program: (output, _, role) => ({
      command: 'java',
      args: [
        ...JAVA_FLAGS,
        '-cp',
        `${join(output, 'classes')}:${readFileSync(join(output, 'classpath.txt'), 'utf8').trim()}`,
        `io.polywire.peers.thrift.${role === 'server' ? 'Server' : 'Client'}`,
      ],
    }),
  },
  node: {
    generator: 'js:node,es6',
    result: 'generated/package.json',
    // What is generated are CommonJS modules, below a package that is not.
    build: async (output) => writeFileSync(join(output, 'generated', 'package.json'), '{"type":"commonjs"}\n'),
    program: (output, sources, role) => ({
      command: process.execPath,
      args: [join(sources, `${role}.mjs`)],
      env: { THRIFT_GENERATED: join(output, 'generated') },
    }),
  },
  python: {
    generator: 'py',
    result: 'venv/bin/python',
    async build(output) {
      await buildStep('python3', ['-m', 'venv', 'venv'], output);
      await buildStep(
        join(output, 'venv/bin/python'),
        ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', PYTHON_THRIFT],
        output,
      );
    },
    program: (output, sources, role) => ({
      command: join(output, 'venv/bin/python'),
      args: ['-B', join(sources, `${role}.py`)],
      env: { PYTHONPATH: join(output, 'generated') },
    }),
  },
  go: {
    generator: 'go:package_prefix=polywire.io/peers/thrift/generated/',
    result: 'peer',
    async build(output, sources) {
      cpSync(sources, output, { recursive: true });
      // Programs of their own, which would be built too.
      for (const name of readdirSync(join(output, 'generated/calls'))) {
        if (name.endsWith('-remote')) rmSync(join(output, 'generated/calls', name), { recursive: true });
      }
      // Neither a C compiler nor a repository is needed.
      await buildStep('go', ['build', '-buildvcs=false', '-o', 'peer', '.'], output, { CGO_ENABLED: '0' });
    },
    program: (output, _, role) => ({ command: join(output, 'peer'), args: [role] }),
  },
};

/** How to start a peer. Generates and builds what it needs when its sources changed since the last build. */
export async function thriftProgram(language: ThriftLanguage, role: ThriftRole): Promise<ThriftProgram> {
  const { generator, result, build, program } = LANGUAGES[language];
  const output = join(PEERS, 'target', language);
  const sources = join(PEERS, language);
  await buildOnce({
    output,
    sources: `${generator} ${PYTHON_THRIFT} ${hashFiles(PEERS, (file) => file === IDL || file.startsWith(`${language}/`))}`,
    isWhole: () => existsSync(join(output, result)),
    async build() {
      await generate(generator, join(output, 'generated'));
      await build(output, sources);
    },
  });
  const { command, args, env } = program(output, sources, role);
  return { command, args, env: { ...process.env, ...env } };
}

async function generate(generator: string, folder: string): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  await buildStep('thrift', ['-out', folder, '--gen', generator, IDL], PEERS);
}

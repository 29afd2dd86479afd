import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { packageVersion } from './program.ts';

const BINARY = fileURLToPath(new URL('../bin/polywire.js', import.meta.url));

let folder = '';

before(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'polywire-cli-')));
});

after(() => rm(folder, { recursive: true }));

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command as a user does, in the test's folder, away from a terminal. */
function polywire(...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [BINARY, ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (text) => {
      stdout += text;
    });
    child.stderr.on('data', (text) => {
      stderr += text;
    });
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}

async function write(name: string, text: string): Promise<void> {
  const file = join(folder, name);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}

const BOOTSTRAP = 'listeners:\n  - name: in\n    address: 127.0.0.1:0\n    protocols: [dubbo]\n';
const SERVICE = `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: users }
spec:
  hosts: [com.acme.Users]
  http:
    - route:
        - destination: { host: com.acme.Users }
`;

test('the version, the help and its exit codes', async () => {
  const version = await polywire('--version');
  assert.deepEqual([version.code, version.stdout], [0, `${packageVersion()}\n`]);
  const help = await polywire('--help');
  assert.equal(help.code, 0);
  for (const command of ['run', 'validate', 'explain', 'registry', 'demo']) assert.match(help.stdout, new RegExp(`^ {2}${command} `, 'm'));
  assert.match(help.stdout, /^ {2}3 {3}something outside did not answer/m);
  for (const command of [['run'], ['validate'], ['explain'], ['registry', 'dump'], ['demo']]) {
    const { code, stdout } = await polywire(...command, '--help');
    assert.equal(code, 0);
    assert.match(stdout, new RegExp(`Examples:\n {2}polywire ${command.join(' ')}`), command.join(' '));
  }
});

test('what cannot be understood is 2, with a suggestion', async () => {
  const typo = await polywire('validat');
  assert.equal(typo.code, 2);
  assert.match(typo.stderr, /Did you mean validate\?/);
  assert.equal((await polywire('run', '--log-level', 'loud')).code, 2);
  assert.equal((await polywire('registry', 'dump', '--timeout', 'soon')).code, 2);
  assert.equal((await polywire('demo', '--rate', '1')).code, 2);
  assert.equal((await polywire('registry')).code, 2);
});

test('a valid configuration is 0, without colours away from a terminal', async () => {
  await write('good/polywire.yaml', `${BOOTSTRAP}resources: [mesh/*.yaml]\n`);
  await write('good/mesh/users.yaml', SERVICE);
  const { code, stdout, stderr } = await polywire('validate', 'good/polywire.yaml');
  assert.deepEqual([code, stderr], [0, '']);
  assert.match(stdout, /^valid: 2 files/m);
  assert.ok(!stdout.includes('\u001b'));
});

test('an invalid one is 1, with the place, the line and a caret', async () => {
  await write('bad/polywire.yaml', BOOTSTRAP.replace('protocols', 'protocol'));
  const { code, stdout } = await polywire('validate', 'bad/polywire.yaml');
  assert.equal(code, 1);
  assert.match(stdout, /^error bad\/polywire\.yaml:4:5: .*protocol.*\n {2}4 \| {5}protocol: \[dubbo\]\n {4}\| {5}\^$/m);
  assert.match(stdout, /^invalid: 1 file, \d errors?, 0 warnings$/m);
});

test('mesh files are checked alone, and json is for programs', async () => {
  await write('mesh.yaml', SERVICE.replace('route:', 'rout:'));
  const { code, stdout } = await polywire('validate', 'mesh.yaml', '--output', 'json');
  assert.equal(code, 1);
  const report = JSON.parse(stdout);
  assert.equal(report.valid, false);
  assert.deepEqual(report.files, ['mesh.yaml']);
  assert.deepEqual([report.problems[0].file, report.problems[0].line, report.problems[0].severity], ['mesh.yaml', 7, 'error']);
});

test('names that no plugin brings are found with their place', async () => {
  await write('names/polywire.yaml', `${BOOTSTRAP.replace('dubbo', 'smoke-signals')}registries:\n  - type: phonebook\n`);
  const { code, stdout } = await polywire('validate', 'names/polywire.yaml');
  assert.equal(code, 1);
  assert.match(stdout, /polywire\.yaml:4:17: no plugin brings the protocol "smoke-signals"; there is dubbo/);
  assert.match(stdout, /polywire\.yaml:6:11: no plugin brings the registry type "phonebook"/);
});

test('a plugin in TypeScript is loaded, from a folder without packages', async () => {
  const plugin = `import { NOT_REACHED, SPI_VERSION, type CodecCore, type FrameProtocol, type Plugin } from '@polywire/core/spi';
import { NAME } from './name.js';
if (typeof NOT_REACHED !== 'symbol') throw new Error('no symbol');
const line = (_core: CodecCore): FrameProtocol => ({ name: NAME, connection: () => ({ headerBytes: 1, measure: () => undefined, parse: () => undefined }) });
export const plugin: Plugin = { name: 'line', spiVersion: SPI_VERSION, protocols: [line] };
`;
  await write('typed/line.ts', plugin);
  await write('typed/name.ts', `export const NAME: string = 'line';\n`);
  await write('typed/polywire.yaml', `${BOOTSTRAP.replace('dubbo', 'line')}plugins: [./line.ts]\n`);
  const good = await polywire('validate', 'typed/polywire.yaml');
  assert.deepEqual([good.code, good.stdout.split('\n')[0]], [0, 'valid: 1 file']);

  await write('typed/name.ts', 'export const NAME: string = ;\n');
  const bad = await polywire('validate', 'typed/polywire.yaml');
  assert.equal(bad.code, 1);
  assert.match(bad.stdout, /polywire\.yaml:5:11: plugin \.\/line\.ts cannot be loaded: .*name\.ts:1:28: Unexpected ";"/);

  await write('typed/name.ts', 'export const NAME: string = `line`;\n\nthrow new Error("no license");\n');
  assert.match((await polywire('validate', 'typed/polywire.yaml')).stdout, /cannot be loaded: .*name\.ts:3: no license/);
});

test('a missing file is said in one line, and --debug adds where', async () => {
  const plain = await polywire('run');
  assert.equal(plain.code, 1);
  assert.equal(plain.stderr, 'polywire: polywire.yaml cannot be read: there is no such file; -c <file> names another bootstrap file\n');
  assert.match((await polywire('run', '--debug')).stderr, /\n\s+at /);
});

test('run refuses an invalid configuration before anything is bound', async () => {
  await write('refused/polywire.yaml', BOOTSTRAP.replace('[dubbo]', '[nothing]'));
  const { code, stdout, stderr } = await polywire('run', '-c', 'refused/polywire.yaml');
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(stderr, /error refused\/polywire\.yaml:4:17: no plugin brings/);
  assert.match(stderr, /polywire: refused\/polywire\.yaml is not valid/);
});

test('a registry dump needs a registry', async () => {
  await write('none/polywire.yaml', BOOTSTRAP);
  const { code, stderr } = await polywire('registry', 'dump', '-c', 'none/polywire.yaml');
  assert.equal(code, 1);
  assert.match(stderr, /names no registry; --zookeeper host:port needs none/);
});

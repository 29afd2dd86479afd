import assert from 'node:assert/strict';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { test } from 'node:test';
import { BOOTSTRAP, CommandFolder, SERVICE } from './command.test-support.ts';
import { packageVersion } from './program.ts';

const command = new CommandFolder();

test('the version, the help and its exit codes', async () => {
  const version = await command.polywireProcess('--version');
  assert.deepEqual([version.code, version.stdout], [0, `${packageVersion()}\n`]);
  const help = await command.polywire('--help');
  assert.equal(help.code, 0);
  for (const name of ['run', 'validate', 'explain', 'registry', 'demo']) assert.match(help.stdout, new RegExp(`^ {2}${name} `, 'm'));
  assert.match(help.stdout, /^ {2}3 {3}something outside did not answer/m);
  for (const words of [['run'], ['validate'], ['explain'], ['registry', 'dump'], ['registry', 'watch'], ['registry', 'diff'], ['demo']]) {
    const { code, stdout } = await command.polywire(...words, '--help');
    assert.equal(code, 0);
    assert.match(stdout, new RegExp(`Examples:\n {2}polywire ${words.join(' ')}`), words.join(' '));
  }
});

test('what cannot be understood is 2, with a suggestion', async () => {
  const typo = await command.polywire('validat');
  assert.equal(typo.code, 2);
  assert.match(typo.stderr, /Did you mean validate\?/);
  assert.equal((await command.polywire('run', '--log-level', 'loud')).code, 2);
  assert.match((await command.polywire('registry', 'dump', '--bogus')).stderr, /\(polywire registry dump --help lists the options\)/);
  assert.equal((await command.polywire('registry', 'dump', '--timeout', 'soon')).code, 2);
  assert.equal((await command.polywire('demo', '--rate', '1')).code, 2);
  assert.equal((await command.polywire('registry')).code, 2);
});

test('a valid configuration is 0, without colours away from a terminal', async () => {
  const { code, stdout, stderr } = await command.polywireProcess('validate', 'good/polywire.yaml');
  assert.deepEqual([code, stderr], [0, '']);
  assert.match(stdout, /^valid: 2 files/m);
  assert.ok(!stdout.includes('\u001b'));
});

test('an invalid one is 1, with the place, the line and a caret', async () => {
  await command.write('bad/polywire.yaml', BOOTSTRAP.replace('protocols', 'protocol'));
  const { code, stdout } = await command.polywire('validate', 'bad/polywire.yaml');
  assert.equal(code, 1);
  assert.match(stdout, /^error bad\/polywire\.yaml:4:5: .*protocol.*\n {2}4 \| {5}protocol: \[dubbo\]\n {4}\| {5}\^$/m);
  assert.match(stdout, /^invalid: 1 file, \d errors?, 0 warnings$/m);
});

test('mesh files are checked alone, and json is for programs', async () => {
  await command.write('mesh.yaml', SERVICE.replace('route:', 'rout:'));
  const { code, stdout } = await command.polywire('validate', 'mesh.yaml', '--output', 'json');
  assert.equal(code, 1);
  const report = JSON.parse(stdout);
  assert.equal(report.valid, false);
  assert.deepEqual(report.files, ['mesh.yaml']);
  assert.deepEqual([report.problems[0].file, report.problems[0].line, report.problems[0].severity], ['mesh.yaml', 7, 'error']);
});

test('names that no plugin brings are found with their place', async () => {
  await command.write('names/polywire.yaml', `${BOOTSTRAP.replace('dubbo', 'smoke-signals')}registries:\n  - type: phonebook\n`);
  const { code, stdout } = await command.polywire('validate', 'names/polywire.yaml');
  assert.equal(code, 1);
  assert.match(stdout, /polywire\.yaml:4:17: no plugin brings the protocol "smoke-signals"; there is bolt, dubbo, http2, thrift/);
  assert.match(stdout, /polywire\.yaml:6:11: no plugin brings the registry type "phonebook"/);
  await command.write('names/polywire.yaml', BOOTSTRAP.replace('dubbo', 'grpc'));
  const grpc = await command.polywire('validate', 'names/polywire.yaml');
  assert.match(grpc.stdout, /no plugin brings the protocol "grpc"; there is .*\. Did you mean "http2"\?/);
});

test('an option that a registry does not take is pointed at', async () => {
  const registry = `${BOOTSTRAP}registries:\n  - type: zookeeper\n    address: 127.0.0.1:2181\n`;
  const problemOf = async (line: string) => {
    await command.write('option/polywire.yaml', `${registry}    ${line}\n`);
    return (await command.polywire('validate', 'option/polywire.yaml')).stdout;
  };
  assert.match(await problemOf('governence: false'), /polywire\.yaml:8:17: zookeeper has no option "governence"/);
  assert.match(await problemOf('governance: maybe'), /polywire\.yaml:8:17: governance: write true or false/);
  assert.match(await problemOf('roots: { dubo: x }'), /polywire\.yaml:8:12: roots: "dubo" is unknown/);
  assert.match(await problemOf('tls: { caFile: x }'), /polywire\.yaml:8:10: tls has no option "caFile"/);
});

test('a plugin in TypeScript is loaded, from a folder without packages', async () => {
  const plugin = `import { NOT_REACHED, SPI_VERSION, type CodecCore, type FrameProtocol, type Plugin } from '@polywire/core/spi';
import { NAME } from './name.js';
if (typeof NOT_REACHED !== 'symbol') throw new Error('no symbol');
const line = (_core: CodecCore): FrameProtocol => ({ name: NAME, connection: () => ({ headerBytes: 1, measure: () => undefined, parse: () => undefined }) });
export const plugin: Plugin = { name: 'line', spiVersion: SPI_VERSION, protocols: [line] };
`;
  await command.write('typed/line.ts', plugin);
  await command.write('typed/name.ts', `export const NAME: string = 'line';\n`);
  await command.write('typed/polywire.yaml', `${BOOTSTRAP.replace('dubbo', 'line')}plugins: [./line.ts]\n`);
  const good = await command.polywireProcess('validate', 'typed/polywire.yaml');
  assert.deepEqual([good.code, good.stdout.split('\n')[0]], [0, 'valid: 1 file']);

  await command.write('typed/name.ts', 'export const NAME: string = ;\n');
  const bad = await command.polywireProcess('validate', 'typed/polywire.yaml');
  assert.equal(bad.code, 1);
  assert.match(bad.stdout, /polywire\.yaml:5:11: plugin \.\/line\.ts cannot be loaded: .*name\.ts:1:28: Unexpected ";"/);

  await command.write('typed/name.ts', 'export const NAME: string = `line`;\n\nthrow new Error("no license");\n');
  assert.match((await command.polywireProcess('validate', 'typed/polywire.yaml')).stdout, /cannot be loaded: .*name\.ts:3: no license/);
});

test('certificates that cannot be used are found with their place, of listeners and of rules', async () => {
  await command.write('tls/empty.pem', 'nothing');
  const files = 'tls: {cert: missing.pem, key: server.key, clientCa: empty.pem}';
  await command.write('tls/polywire.yaml', `${BOOTSTRAP}    ${files}\nresources: [mesh.yaml]\n`);
  await command.write(
    'tls/mesh.yaml',
    `apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: users}
spec:
  host: com.acme.Users
  trafficPolicy:
    tls:
      mode: SIMPLE
      caCertificates: empty.pem
`,
  );
  const { code, stdout } = await command.polywire('validate', 'tls/polywire.yaml');
  assert.equal(code, 1);
  assert.match(stdout, /^error tls\/polywire\.yaml:5:17: .*tls\/missing\.pem cannot be read: there is no such file$/m);
  assert.match(stdout, /^error tls\/mesh\.yaml:9:23: .*tls\/empty\.pem holds no certificate in PEM/m);
});

test('a folder where what a registry announced cannot be kept is a warning with its place', async () => {
  const registry = (file: string) => `- {type: zookeeper, address: '127.0.0.1:1', lastKnownGood: ${file}}\n`;
  await command.write('kept/there/is', 'a file');
  const registries = ['there/a.jsonl', 'missing/b.jsonl', 'there/is/c.jsonl', 'there', 'polywire.yaml'].map(registry).join('');
  await command.write('kept/polywire.yaml', `${BOOTSTRAP}registries:\n${registries}`);
  const { code, stdout } = await command.polywire('validate', 'kept/polywire.yaml');
  assert.equal(code, 0);
  const place = (line: number) => `warning kept/polywire\\.yaml:${line}:60: what the registry announces cannot be kept in`;
  assert.match(stdout, new RegExp(`^${place(7)} the folder ${command.path}/kept/missing: there is no such folder$`, 'm'));
  assert.match(stdout, new RegExp(`^${place(8)} the folder ${command.path}/kept/there/is: it is a file$`, 'm'));
  assert.match(stdout, new RegExp(`^${place(9)} ${command.path}/kept/there: it is a folder$`, 'm'));
  assert.match(stdout, new RegExp(`^${place(10)} ${command.path}/kept/polywire\\.yaml: it is no file of last known services$`, 'm'));
  assert.match(stdout, /^valid: 1 file, 0 errors, 4 warnings$/m);
});

test('a folder that may not be written to is found, too, by whoever may not', async (context) => {
  await command.write('locked/polywire.yaml', `${BOOTSTRAP}registries: [{type: zookeeper, address: a, lastKnownGood: kept.jsonl}]\n`);
  // Root, who runs some tests, may write anywhere.
  const denied = context.mock.method(fs, 'accessSync', (path: string) => {
    throw Object.assign(new Error(`EACCES: permission denied, access '${path}'`), { code: 'EACCES' });
  });
  syncBuiltinESMExports();
  const { code, stdout } = await command.polywire('validate', 'locked/polywire.yaml');
  denied.mock.restore();
  syncBuiltinESMExports();
  assert.deepEqual(
    denied.mock.calls.map((call) => call.arguments),
    [[`${command.path}/locked`, fs.constants.W_OK | fs.constants.X_OK]],
  );
  assert.equal(code, 0);
  assert.match(stdout, /^warning locked\/polywire\.yaml:5:59: .*\/locked: this user may not write there$/m);
});

test('a filter that needs more than its protocol has is refused with its place', async () => {
  const plugin = `import { SPI_VERSION } from '@polywire/core/spi';
const plain = () => ({ name: 'plain', connection: () => ({ headerBytes: 1, measure() {}, parse() {} }) });
const tagger = { name: 'tagger', create: () => ({ name: 'tagger', requires: ['mediation'] }) };
export const plugin = { name: 'p', spiVersion: SPI_VERSION, protocols: [plain], filters: [tagger] };
`;
  await command.write('needs/p.js', plugin);
  await command.write('needs/polywire.yaml', `${BOOTSTRAP.replace('dubbo', 'plain')}    filters: [{ name: tagger }]\nplugins: [./p.js]\n`);
  const { code, stdout } = await command.polywireProcess('validate', 'needs/polywire.yaml');
  assert.equal(code, 1);
  assert.match(stdout, /^error needs\/polywire\.yaml:5:15: the filter "tagger" needs mediation, which the protocol plain does not have$/m);
});

test('a missing file is said in one line, and --debug adds where', async () => {
  const plain = await command.polywireProcess('run');
  assert.equal(plain.code, 1);
  assert.equal(plain.stderr, 'polywire: polywire.yaml cannot be read: there is no such file; -c <file> names another bootstrap file\n');
  assert.match((await command.polywire('run', '--debug')).stderr, /\n\s+at /);
});

test('settings that a codec does not have are found with their place, of listeners and of services', async () => {
  const listener = BOOTSTRAP.replace(
    '[dubbo]',
    '[{name: dubbo, settings: {a: b}}, {name: thrift, settings: {service: x, transpot: framed}}]',
  );
  const misplaced = BOOTSTRAP.replace('[dubbo]', '[{name: thrift, settings: {transport: framed}}]');
  await command.write('misplaced/polywire.yaml', misplaced);
  await command.write('fixed/polywire.yaml', `${misplaced}    upstream: 127.0.0.1:1\n`);
  await command.write('settings/polywire.yaml', `${listener}resources: [mesh.yaml]\n`);
  await command.write(
    'settings/mesh.yaml',
    `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata:
  name: users
  annotations:
    thrift.polywire.io/transport: framd
    thrft.polywire.io/transport: framed
spec:
  hosts: [users.test]
  resolution: STATIC
  ports: [{ number: 80, name: thrift-main, protocol: TCP }]
  endpoints: [{ address: 10.0.0.1 }]
`,
  );
  const { code, stdout } = await command.polywire('validate', 'settings/polywire.yaml');
  assert.equal(code, 1);
  assert.match(stdout, /error settings\/polywire\.yaml:4:45: the protocol dubbo has no settings/);
  assert.match(stdout, /error settings\/polywire\.yaml:4:98: thrift has no setting transpot; it has service, transport/);
  assert.match(stdout, /error settings\/mesh\.yaml:6:35: the annotation "thrift\.polywire\.io\/transport": thrift's transport is one of/);
  assert.match(stdout, /warning settings\/mesh\.yaml:7:34: the annotation "thrft\..*" has no effect: .* Did you mean "thrift"\?/);
  const elsewhere = await command.polywire('validate', 'misplaced/polywire.yaml');
  assert.match(elsewhere.stdout, /error misplaced\/polywire\.yaml:4:\d+: transport is about services: .*"thrift\.polywire\.io\/transport"/);
  assert.equal((await command.polywire('validate', 'fixed/polywire.yaml')).code, 0);
});

test('a rule for a service that nobody announces yet is judged by every protocol, and by its own once that is known', async () => {
  await command.write('judged/polywire.yaml', `${BOOTSTRAP.replace('[dubbo]', '[dubbo, bolt, thrift]')}resources: [mesh.yaml]\n`);
  const judge = async (header: string, announced = '') => {
    await command.write(
      'judged/mesh.yaml',
      `${SERVICE.replace('- route:', `- match: [{headers: {"${header}": {exact: x}}}]\n      route:`)}${announced}`,
    );
    const { stdout } = await command.polywire('validate', 'judged/polywire.yaml');
    return [...stdout.matchAll(/protocol (\w+) has no header/g)].map(([, protocol]) => protocol);
  };
  assert.deepEqual(await judge(':callerApp'), []);
  assert.deepEqual(await judge(':group'), []);
  assert.deepEqual(await judge(':caller'), ['dubbo', 'bolt', 'thrift']);
  const entry = `---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: users, annotations: { polywire.io/service: com.acme.Users } }
spec:
  hosts: [users.test]
  resolution: STATIC
  ports: [{ number: 80, name: dubbo-main, protocol: TCP }]
  endpoints: [{ address: 10.0.0.1 }]
`;
  assert.deepEqual(await judge(':callerApp', entry), ['dubbo']);
});

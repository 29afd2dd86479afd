import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { encodeCall } from './demo/wire.ts';
import { packageVersion } from './program.ts';

const GRAY_RELEASE = fileURLToPath(new URL('../../../examples/gray-release', import.meta.url));
const BINARY = fileURLToPath(new URL('../bin/polywire.js', import.meta.url));

let folder = '';

before(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'polywire-cli-')));
  await write('good/polywire.yaml', `${BOOTSTRAP}resources: [mesh/*.yaml]\n`);
  await write('good/mesh/users.yaml', SERVICE);
  await cp(GRAY_RELEASE, join(folder, 'gray'), { recursive: true });
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

/** The first piece of a stream; empty when it ends without one. */
function firstText(stream: Readable): Promise<string> {
  return new Promise((resolve) => {
    stream.once('data', (text) => resolve(String(text)));
    stream.once('end', () => resolve(''));
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
  assert.match((await polywire('registry', 'dump', '--bogus')).stderr, /\(polywire registry dump --help lists the options\)/);
  assert.equal((await polywire('registry', 'dump', '--timeout', 'soon')).code, 2);
  assert.equal((await polywire('demo', '--rate', '1')).code, 2);
  assert.equal((await polywire('registry')).code, 2);
});

test('a valid configuration is 0, without colours away from a terminal', async () => {
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
  assert.match(stdout, /polywire\.yaml:4:17: no plugin brings the protocol "smoke-signals"; there is bolt, dubbo, http2, thrift/);
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

test('certificates that cannot be used are found with their place, of listeners and of rules', async () => {
  await write('tls/empty.pem', 'nothing');
  const files = 'tls: {cert: missing.pem, key: server.key, clientCa: empty.pem}';
  await write('tls/polywire.yaml', `${BOOTSTRAP}    ${files}\nresources: [mesh.yaml]\n`);
  await write(
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
  const { code, stdout } = await polywire('validate', 'tls/polywire.yaml');
  assert.equal(code, 1);
  assert.match(stdout, /^error tls\/polywire\.yaml:5:17: .*tls\/missing\.pem cannot be read: there is no such file$/m);
  assert.match(stdout, /^error tls\/mesh\.yaml:9:23: .*tls\/empty\.pem holds no certificate in PEM/m);
});

test('a filter that needs more than its protocol has is refused with its place', async () => {
  const plugin = `import { SPI_VERSION } from '@polywire/core/spi';
const plain = () => ({ name: 'plain', connection: () => ({ headerBytes: 1, measure() {}, parse() {} }) });
const tagger = { name: 'tagger', create: () => ({ name: 'tagger', requires: ['mediation'] }) };
export const plugin = { name: 'p', spiVersion: SPI_VERSION, protocols: [plain], filters: [tagger] };
`;
  await write('needs/p.js', plugin);
  await write('needs/polywire.yaml', `${BOOTSTRAP.replace('dubbo', 'plain')}    filters: [{ name: tagger }]\nplugins: [./p.js]\n`);
  const { code, stdout } = await polywire('validate', 'needs/polywire.yaml');
  assert.equal(code, 1);
  assert.match(stdout, /^error needs\/polywire\.yaml:5:15: the filter "tagger" needs mediation, which the protocol plain does not have$/m);
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

const GREETER = ['--service', 'com.acme.Greeter', '--method', 'sayHello'];

test('explain names the route, the endpoints and the reason against the others', async () => {
  const tagged = await polywire('explain', '-c', 'gray/polywire.yaml', ...GREETER, '--attachment', 'dubbo.tag=gray');
  assert.deepEqual([tagged.code, tagged.stderr], [0, '']);
  assert.match(tagged.stdout, /^├─ ✓ route gray at gray\/mesh\/routes\.yaml:9:7$/m);
  assert.match(tagged.stdout, /✓ header dubbo\.tag exact "gray": the request has "gray"/);
  assert.match(tagged.stdout, /✗ 127\.0\.0\.1:20881 \[version=v1\] \(gray\/mesh\/greeter\.yaml:\d+:\d+\): label version is "v1"/);

  const plain = await polywire('explain', '-c', 'gray/polywire.yaml', ...GREETER, '--output', 'json');
  const { route } = JSON.parse(plain.stdout);
  assert.equal(route.route.name, 'everybody');
  assert.deepEqual(
    route.destinations.map(({ share }: { readonly share: number }) => share),
    [0.9, 0.1],
  );
});

test('group and version choose among the services of one name', async () => {
  const service = (version: string) => `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata:
  name: users-${version}
  annotations: { polywire.io/service: 'g${version}/com.acme.Users:${version}.0.0' }
spec:
  hosts: [users-${version}.demo]
  resolution: STATIC
  ports: [{ name: dubbo, number: 20880, protocol: TCP }]
  endpoints: [{ address: 10.0.0.${version} }]
`;
  await write('two/polywire.yaml', `${BOOTSTRAP}resources: ['*-mesh.yaml']\n`);
  await write('two/one-mesh.yaml', service('1'));
  await write('two/two-mesh.yaml', service('2'));
  const find = ['--config', 'two/polywire.yaml', '--service', 'com.acme.Users', '--method', 'find'];
  const ask = (group: string, version: string) => polywire('explain', ...find, '--group', group, '--version', version);
  assert.match((await ask('g2', '2.0.0')).stdout, /✓ 10\.0\.0\.2:20880/);
  assert.equal((await ask('g1', '2.0.0')).code, 1);
  const unknown = await ask('g2', '3.0.0');
  assert.equal(unknown.code, 1);
  assert.match(unknown.stdout, /refused: no route for com\.acme\.Users .*version "3\.0\.0"/);
});

test('an argument chooses a route, by its number', async () => {
  await write('argument/polywire.yaml', `${BOOTSTRAP}resources: [mesh.yaml]\n`);
  const match = "- name: alice\n      match: [{ headers: { ':argument[0]': { exact: alice } } }]\n      route:";
  await write('argument/mesh.yaml', SERVICE.replace('- route:', match));
  const find = ['-c', 'argument/polywire.yaml', '--service', 'com.acme.Users', '--method', 'find'];
  const { stdout } = await polywire('explain', ...find, '--argument', '0=alice', '--argument', '1=bob', '-o', 'json');
  assert.equal(JSON.parse(stdout).route.route.name, 'alice');
  const named = await polywire('explain', ...find, '--argument', 'name=alice');
  assert.deepEqual([named.code, named.stdout], [2, '']);
  assert.match(named.stderr, /Write index=value/);
});

test('a request that would be refused is 1', async () => {
  const { code, stdout } = await polywire('explain', '-c', 'gray/polywire.yaml', '--service', 'com.acme.Nobody', '--method', 'x');
  assert.equal(code, 1);
  assert.match(stdout, /✗ refused: .*com\.acme\.Nobody/);
  assert.equal((await polywire('explain', '-c', 'gray/polywire.yaml')).code, 2);
  await write('empty/polywire.yaml', `${BOOTSTRAP}resources: [mesh.yaml]\n`);
  await write('empty/mesh.yaml', SERVICE);
  const empty = await polywire('explain', '-c', 'empty/polywire.yaml', '--service', 'com.acme.Users', '--method', 'x');
  assert.equal(empty.code, 1);
  assert.match(empty.stdout, /✗ refused: route \S+ at empty\/mesh\.yaml:\d+:\d+ has no endpoint/);
});

test('a captured frame is decoded and routed', async () => {
  const call = { service: 'com.acme.Greeter', method: 'sayHello', argument: 'world', attachments: { 'dubbo.tag': 'gray' } };
  await writeFile(join(folder, 'call.bin'), Buffer.concat([encodeCall(77, call), Buffer.from('rest')]));
  const alone = await polywire('explain', '--frame', 'call.bin');
  assert.equal(alone.code, 0);
  for (const line of [
    'dubbo request, ',
    'id: 77',
    'serialization: 2',
    'service: com.acme.Greeter',
    'method: sayHello',
    'dubbo.tag: gray',
    '4 more bytes',
  ]) {
    assert.ok(alone.stdout.includes(line), `${line} in ${alone.stdout}`);
  }
  assert.ok(!alone.stdout.includes('route'));
  const routed = await polywire('explain', '--frame', 'call.bin', '-c', 'gray/polywire.yaml', '-o', 'json');
  assert.equal(JSON.parse(routed.stdout).route.route.name, 'gray');
});

test('a file that is no frame is refused with the reason', async () => {
  await write('short.bin', 'x');
  await write('http.bin', 'GET / HTTP/1.1\r\n\r\n');
  assert.match((await polywire('explain', '--frame', 'http.bin', '--protocol', 'dubbo')).stderr, /polywire: /);
  assert.match((await polywire('explain', '--frame', 'http.bin')).stderr, /recognises these bytes; the caller speaks HTTP\/1: /);
  await write('empty.bin', '');
  assert.match((await polywire('explain', '--frame', 'empty.bin')).stderr, /empty\.bin is empty/);
  const { code, stderr } = await polywire('explain', '--frame', 'short.bin', '--protocol', 'dubbo');
  assert.equal(code, 1);
  assert.match(stderr, /the file ends inside of the dubbo frame: it has 1 bytes/);
});

/** `who("hi")` of an unframed binary call: strict version 1, type call, name, id 1, and the argument under the field id 15. */
const THRIFT_CALL = Buffer.from('800100010000000377686f000000010b000f00000002686900', 'hex');

test('a listener of several protocols explains each by its own routes, and a frame by what recognises it', async () => {
  const listener = BOOTSTRAP.replace('[dubbo]', '[dubbo, {name: thrift, settings: {service: com.acme.Users}}]');
  await write('many/polywire.yaml', `${listener}resources: [mesh.yaml]\n`);
  const entry = (protocol: string, service: string) => `
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: ${protocol}, annotations: { polywire.io/service: ${service} } }
spec:
  hosts: [${protocol}.test]
  resolution: STATIC
  ports: [{ number: 80, name: ${protocol}-main, protocol: TCP }]
  endpoints: [{ address: 10.0.0.1 }]
---`;
  const byArgument = `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: users }
spec:
  hosts: [com.acme.Users]
  http:
    - match: [{ headers: { ":argument[15]": { exact: hi } } }]
      route: [{ destination: { host: com.acme.Users } }]
`;
  await write('many/mesh.yaml', entry('dubbo', 'com.acme.Greeter') + entry('thrift', 'com.acme.Users') + byArgument);
  await writeFile(join(folder, 'thrift.bin'), THRIFT_CALL);
  const frame = await polywire('explain', '-c', 'many/polywire.yaml', '--frame', 'thrift.bin', '-o', 'json');
  assert.equal(frame.code, 0, frame.stderr);
  const { frame: described } = JSON.parse(frame.stdout);
  assert.deepEqual([described.protocol, described.service, described.method], ['thrift', 'com.acme.Users', 'who']);
  const asked = ['explain', '-c', 'many/polywire.yaml', '--service', 'com.acme.Greeter', '--method', 'm'];
  assert.match((await polywire(...asked)).stderr, /--protocol is needed: many\/polywire\.yaml has listeners for dubbo, thrift/);
  assert.equal((await polywire(...asked, '--protocol', 'dubbo')).code, 0);
  const key = ['explain', '-c', 'many/polywire.yaml', '--service', 'com.acme.Greeter:1.0', '--method', 'm', '--protocol', 'dubbo'];
  assert.equal((await polywire(...key, '--header', 'tag=gray')).code, 0);
  assert.equal((await polywire(...asked, '--protocol', 'thrift')).code, 1);
});

test('settings that a codec does not have are found with their place, of listeners and of services', async () => {
  const listener = BOOTSTRAP.replace(
    '[dubbo]',
    '[{name: dubbo, settings: {a: b}}, {name: thrift, settings: {service: x, transpot: framed}}]',
  );
  const misplaced = BOOTSTRAP.replace('[dubbo]', '[{name: thrift, settings: {transport: framed}}]');
  await write('misplaced/polywire.yaml', misplaced);
  await write('fixed/polywire.yaml', `${misplaced}    upstream: 127.0.0.1:1\n`);
  await write('settings/polywire.yaml', `${listener}resources: [mesh.yaml]\n`);
  await write(
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
  const { code, stdout } = await polywire('validate', 'settings/polywire.yaml');
  assert.equal(code, 1);
  assert.match(stdout, /error settings\/polywire\.yaml:4:45: the protocol dubbo has no settings/);
  assert.match(stdout, /error settings\/polywire\.yaml:4:98: thrift has no setting transpot; it has service, transport/);
  assert.match(stdout, /error settings\/mesh\.yaml:6:35: the annotation "thrift\.polywire\.io\/transport": thrift's transport is one of/);
  assert.match(stdout, /warning settings\/mesh\.yaml:7:34: the annotation "thrft\..*" has no effect: .* Did you mean "thrift"\?/);
  const elsewhere = await polywire('validate', 'misplaced/polywire.yaml');
  assert.match(elsewhere.stdout, /error misplaced\/polywire\.yaml:4:\d+: transport is about services: .*"thrift\.polywire\.io\/transport"/);
  assert.equal((await polywire('validate', 'fixed/polywire.yaml')).code, 0);
});

test('a rule for a service that nobody announces yet is judged by every protocol, and by its own once that is known', async () => {
  await write('judged/polywire.yaml', `${BOOTSTRAP.replace('[dubbo]', '[dubbo, bolt, thrift]')}resources: [mesh.yaml]\n`);
  const judge = async (header: string, announced = '') => {
    await write(
      'judged/mesh.yaml',
      `${SERVICE.replace('- route:', `- match: [{headers: {"${header}": {exact: x}}}]\n      route:`)}${announced}`,
    );
    const { stdout } = await polywire('validate', 'judged/polywire.yaml');
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

test('run says where it listens, and ends by itself when it is told to', async () => {
  await write('alone/polywire.yaml', 'listeners:\n- {name: in, address: "127.0.0.1:0", protocols: [dubbo], upstream: "127.0.0.1:1"}\n');
  for (const file of ['good/polywire.yaml', 'alone/polywire.yaml']) {
    const child = spawn(process.execPath, [BINARY, 'run', '-c', file], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], timeout: 20_000 });
    const ended = once(child, 'close');
    let output = '';
    for await (const chunk of child.stdout) {
      output += chunk;
      if (output.includes('\n')) child.kill('SIGTERM');
    }
    assert.match(output, /^polywire ready: in 127\.0\.0\.1:[1-9]\d*\n$/);
    assert.deepEqual(await ended, [0, null]);
  }
});

test('a second signal does not wait for open requests', async () => {
  const args = [BINARY, 'run', '-c', 'good/polywire.yaml', '--log-format', 'text'];
  const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'close');
  const ready = await firstText(child.stdout);
  const port = Number(/:(\d+)\n/.exec(ready)?.[1]);
  const caller = connect(port, '127.0.0.1').on('error', () => undefined);
  await once(caller, 'connect');
  // Half of a request keeps the connection busy, so that the drain has something to wait for.
  caller.write(encodeCall(1, { service: 'com.acme.Users', method: 'find', argument: 'x', attachments: {} }).subarray(0, 30));
  child.kill('SIGTERM');
  assert.match(await firstText(child.stderr), /^\S+Z info +draining: /);
  child.kill('SIGTERM');
  const [code] = await ended;
  caller.destroy();
  assert.equal(code, 143);
});

test('a request that the end of the drain cuts off is answered, and has its line in the access log', async (t) => {
  const deaf = createServer().listen(0, '127.0.0.1');
  t.after(() => deaf.close());
  await once(deaf, 'listening');
  const address = deaf.address();
  assert.ok(address !== null && typeof address === 'object');
  const upstream = `    upstream: 127.0.0.1:${address.port}\n`;
  await write('cut/polywire.yaml', `${BOOTSTRAP}${upstream}accessLog: {}\ndrain: {timeout: 50ms}\n`);
  const child = spawn(process.execPath, [BINARY, 'run', '-c', 'cut/polywire.yaml'], { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = once(child, 'close');
  const port = Number(/:(\d+)\n/.exec(await firstText(child.stdout))?.[1]);
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  const caller = connect(port, '127.0.0.1').on('error', () => undefined);
  caller.write(encodeCall(1, { service: 'com.acme.Users', method: 'find', argument: 'x', attachments: {} }));
  let answers = '';
  caller.on('data', (chunk: Buffer) => {
    answers += chunk.toString('latin1');
  });
  const [arrived] = await once(deaf, 'connection');
  await once(
    arrived.on('error', () => undefined),
    'data',
  );
  child.kill('SIGTERM');
  assert.deepEqual(await ended, [0, null]);
  arrived.destroy();
  caller.destroy();
  assert.match(output, /^\S+ in dubbo \S+ com\.acme\.Users find /m);
  assert.match(answers, /the proxy stopped before the service answered/);
});

test('an address that is taken is 1, with the reason', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  await write('taken/polywire.yaml', BOOTSTRAP.replace(':0', `:${address.port}`));
  const { code, stderr } = await polywire('run', '-c', 'taken/polywire.yaml');
  server.close();
  assert.equal(code, 1);
  assert.match(stderr, /EADDRINUSE/);
});

test('a registry that is unreachable is 3, within its time', async () => {
  const started = performance.now();
  const { code, stdout, stderr } = await polywire('registry', 'dump', '--zookeeper', '127.0.0.1:1', '--timeout', '300ms');
  assert.deepEqual([code, stdout], [3, '']);
  assert.match(stderr, /error: .*127\.0\.0\.1:1 was not read within 0\.3 s/);
  assert.ok(performance.now() - started < 10_000);
});

test('the demo routes by tag and by weight, and ends by itself', async () => {
  const { code, stdout } = await polywire('demo', '--duration', '1500ms', '--directory', 'demo');
  assert.equal(code, 0);
  assert.match(stdout, /^polywire ready: dubbo 127\.0\.0\.1:\d+, admin http:\/\/127\.0\.0\.1:\d+$/m);
  assert.match(stdout, /^dubbo\.tag=gray +v2 +\d+ +100\.0 %/m);
  assert.match(stdout, /^no tag +v1 +\d+ /m);
  assert.match(stdout, /^no tag +v2 +\d+ /m);
  assert.ok(!stdout.includes('error:'), stdout);
});

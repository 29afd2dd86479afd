import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { BOOTSTRAP, CommandFolder, SERVICE } from './command.test-support.ts';
import { encodeCall } from './demo/wire.ts';

const command = new CommandFolder();

const GREETER = ['--service', 'com.acme.Greeter', '--method', 'sayHello'];

test('explain names the route, the endpoints and the reason against the others', async () => {
  const tagged = await command.polywireProcess('explain', '-c', 'gray/polywire.yaml', ...GREETER, '--attachment', 'dubbo.tag=gray');
  assert.deepEqual([tagged.code, tagged.stderr], [0, '']);
  assert.match(tagged.stdout, /^├─ ✓ route gray at gray\/mesh\/routes\.yaml:9:7$/m);
  assert.match(tagged.stdout, /✓ header dubbo\.tag exact "gray": the request has "gray"/);
  assert.match(tagged.stdout, /✗ 127\.0\.0\.1:20881 \[version=v1\] \(gray\/mesh\/greeter\.yaml:\d+:\d+\): label version is "v1"/);

  const plain = await command.polywire('explain', '-c', 'gray/polywire.yaml', ...GREETER, '--output', 'json');
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
  await command.write('two/polywire.yaml', `${BOOTSTRAP}resources: ['*-mesh.yaml']\n`);
  await command.write('two/one-mesh.yaml', service('1'));
  await command.write('two/two-mesh.yaml', service('2'));
  const find = ['--config', 'two/polywire.yaml', '--service', 'com.acme.Users', '--method', 'find'];
  const ask = (group: string, version: string) => command.polywire('explain', ...find, '--group', group, '--version', version);
  assert.match((await ask('g2', '2.0.0')).stdout, /✓ 10\.0\.0\.2:20880/);
  assert.equal((await ask('g1', '2.0.0')).code, 1);
  const unknown = await ask('g2', '3.0.0');
  assert.equal(unknown.code, 1);
  assert.match(unknown.stdout, /refused: no route for com\.acme\.Users .*version "3\.0\.0"/);
});

test('an argument chooses a route, by its number', async () => {
  await command.write('argument/polywire.yaml', `${BOOTSTRAP}resources: [mesh.yaml]\n`);
  const match = "- name: alice\n      match: [{ headers: { ':argument[0]': { exact: alice } } }]\n      route:";
  await command.write('argument/mesh.yaml', SERVICE.replace('- route:', match));
  const find = ['-c', 'argument/polywire.yaml', '--service', 'com.acme.Users', '--method', 'find'];
  const { stdout } = await command.polywire('explain', ...find, '--argument', '0=alice', '--argument', '1=bob', '-o', 'json');
  assert.equal(JSON.parse(stdout).route.route.name, 'alice');
  const named = await command.polywire('explain', ...find, '--argument', 'name=alice');
  assert.deepEqual([named.code, named.stdout], [2, '']);
  assert.match(named.stderr, /Write index=value/);
});

test('the address that a call comes from is an IP address', async () => {
  const find = ['-c', 'gray/polywire.yaml', ...GREETER];
  assert.equal((await command.polywire('explain', ...find, '--source', '2001:DB8:0:0::1')).code, 0);
  const named = await command.polywire('explain', ...find, '--source', '10.0.0.1:20880');
  assert.deepEqual([named.code, named.stdout], [2, '']);
  assert.match(named.stderr, /Write an IP address, without a port/);
});

test('what a registry has to say while it is read, such as why it is not, is told', async () => {
  await command.write('away/polywire.yaml', `${BOOTSTRAP}registries: [{type: zookeeper, address: '127.0.0.1:1'}]\n`);
  const { code, stderr } = await command.polywire('explain', '-c', 'away/polywire.yaml', ...GREETER, '--timeout', '300ms');
  assert.equal(code, 3);
  assert.match(stderr, /warn +zookeeper 127\.0\.0\.1:1 is away; .*ECONNREFUSED.*\n.*was not read in time/);
});

test('a request that would be refused is 1', async () => {
  const { code, stdout } = await command.polywire('explain', '-c', 'gray/polywire.yaml', '--service', 'com.acme.Nobody', '--method', 'x');
  assert.equal(code, 1);
  assert.match(stdout, /✗ refused: .*com\.acme\.Nobody/);
  assert.equal((await command.polywire('explain', '-c', 'gray/polywire.yaml')).code, 2);
  await command.write('empty/polywire.yaml', `${BOOTSTRAP}resources: [mesh.yaml]\n`);
  await command.write('empty/mesh.yaml', SERVICE);
  const empty = await command.polywire('explain', '-c', 'empty/polywire.yaml', '--service', 'com.acme.Users', '--method', 'x');
  assert.equal(empty.code, 1);
  assert.match(empty.stdout, /✗ refused: route \S+ at empty\/mesh\.yaml:\d+:\d+ has no endpoint/);
});

test('a captured frame is decoded and routed', async () => {
  const call = { service: 'com.acme.Greeter', method: 'sayHello', argument: 'world', attachments: { 'dubbo.tag': 'gray' } };
  await writeFile(join(command.path, 'call.bin'), Buffer.concat([encodeCall(77, call), Buffer.from('rest')]));
  const alone = await command.polywire('explain', '--frame', 'call.bin');
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
  const routed = await command.polywire('explain', '--frame', 'call.bin', '-c', 'gray/polywire.yaml', '-o', 'json');
  assert.equal(JSON.parse(routed.stdout).route.route.name, 'gray');
});

test('a file that is no frame is refused with the reason', async () => {
  await command.write('short.bin', 'x');
  await command.write('http.bin', 'GET / HTTP/1.1\r\n\r\n');
  assert.match((await command.polywire('explain', '--frame', 'http.bin', '--protocol', 'dubbo')).stderr, /polywire: /);
  assert.match((await command.polywire('explain', '--frame', 'http.bin')).stderr, /recognises these bytes; the caller speaks HTTP\/1: /);
  await command.write('empty.bin', '');
  assert.match((await command.polywire('explain', '--frame', 'empty.bin')).stderr, /empty\.bin is empty/);
  const { code, stderr } = await command.polywire('explain', '--frame', 'short.bin', '--protocol', 'dubbo');
  assert.equal(code, 1);
  assert.match(stderr, /the file ends inside of the dubbo frame: it has 1 bytes/);
});

/** `who("hi")` of an unframed binary call: strict version 1, type call, name, id 1, and the argument under the field id 15. */
const THRIFT_CALL = Buffer.from('800100010000000377686f000000010b000f00000002686900', 'hex');

test('a listener of several protocols explains each by its own routes, and a frame by what recognises it', async () => {
  const listener = BOOTSTRAP.replace('[dubbo]', '[dubbo, {name: thrift, settings: {service: com.acme.Users}}]');
  await command.write('many/polywire.yaml', `${listener}resources: [mesh.yaml]\n`);
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
  await command.write('many/mesh.yaml', entry('dubbo', 'com.acme.Greeter') + entry('thrift', 'com.acme.Users') + byArgument);
  await writeFile(join(command.path, 'thrift.bin'), THRIFT_CALL);
  const frame = await command.polywire('explain', '-c', 'many/polywire.yaml', '--frame', 'thrift.bin', '-o', 'json');
  assert.equal(frame.code, 0, frame.stderr);
  const { frame: described } = JSON.parse(frame.stdout);
  assert.deepEqual([described.protocol, described.service, described.method], ['thrift', 'com.acme.Users', 'who']);
  const asked = ['explain', '-c', 'many/polywire.yaml', '--service', 'com.acme.Greeter', '--method', 'm'];
  assert.match((await command.polywire(...asked)).stderr, /--protocol is needed: many\/polywire\.yaml has listeners for dubbo, thrift/);
  assert.equal((await command.polywire(...asked, '--protocol', 'dubbo')).code, 0);
  const key = ['explain', '-c', 'many/polywire.yaml', '--service', 'com.acme.Greeter:1.0', '--method', 'm', '--protocol', 'dubbo'];
  assert.equal((await command.polywire(...key, '--header', 'tag=gray')).code, 0);
  assert.equal((await command.polywire(...asked, '--protocol', 'thrift')).code, 1);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readText, resourceText } from '../../testing/mesh-text.ts';
import type { FieldTable } from './object-reader.ts';
import type { ResourceOptions } from './options.ts';
import { ENDPOINT_FIELDS } from './service-endpoints.ts';
import { SERVICE_ENTRY_FIELDS } from './service-entry.ts';

const PORT = 'ports: [{number: 20880, name: dubbo-main, protocol: TCP}]';
const DNS = `hosts: [a.example]\nresolution: DNS\n${PORT}`;

function readWhole(text: string, settingsFault?: ResourceOptions['settingsFault']) {
  const { resources, problems } = readText(text, settingsFault);
  const [first] = resources;
  return { entry: first?.kind === 'ServiceEntry' ? first.value : undefined, problems };
}

function read(spec: string) {
  return readWhole(resourceText('ServiceEntry', spec));
}

function withPorts(ports: string) {
  return read(`hosts: [a.example]\nresolution: DNS\nports: [${ports}]`);
}

function withEndpoint(endpoint: string, resolution = 'STATIC') {
  return read(`hosts: [a.example]\nresolution: ${resolution}\n${PORT}\nendpoints: [${endpoint}]`);
}

test('a static entry reaches the model', () => {
  const text = resourceText(
    'ServiceEntry',
    `hosts: [users.example, old.example]\nlocation: MESH_INTERNAL\nresolution: STATIC\n${PORT}\nendpoints:\n- {address: 10.0.0.1, weight: 3, labels: {version: "1"}}\n- {address: "::1", ports: {dubbo-main: 20881}}`,
  ).replace('{name: users}', '{name: users, annotations: {polywire.io/service: "g/com.acme.UserService:1.0.0"}}');
  const { entry, problems } = readWhole(text);
  assert.deepEqual(problems, []);
  assert.deepEqual(entry, {
    host: 'users.example',
    aliases: ['old.example'],
    identity: { name: 'com.acme.UserService', group: 'g', version: '1.0.0' },
    protocol: 'dubbo',
    resolution: 'STATIC',
    location: 'MESH_INTERNAL',
    ports: [{ name: 'dubbo-main', number: 20880, protocol: 'TCP' }],
    endpoints: [
      { address: '10.0.0.1', port: 20880, weight: 3, labels: new Map([['version', '1']]), metadata: new Map(), origin: 'a.yaml:10:5' },
      { address: '::1', port: 20881, weight: 1, labels: new Map(), metadata: new Map(), origin: 'a.yaml:11:5' },
    ],
    annotations: new Map([['polywire.io/service', 'g/com.acme.UserService:1.0.0']]),
    origin: 'a.yaml:1:1',
  });
});

test('every field of Istio that is not implemented is reported by name, at its place', () => {
  const tables: [FieldTable, (field: string) => string[], string][] = [
    [SERVICE_ENTRY_FIELDS, (field) => read(`${field}: {}\n${DNS}`).problems, '5:3: spec'],
    [ENDPOINT_FIELDS, (field) => withEndpoint(`{${field}: x, address: 10.0.0.1}`).problems, '8:16: spec.endpoints[0]'],
  ];
  for (const [table, problemsOf, place] of tables) {
    const unread = Object.entries(table).filter(([, rule]) => rule !== 'read');
    assert.ok(unread.length > 0);
    for (const [field, rule] of unread) {
      if (rule === 'read') continue;
      assert.deepEqual(problemsOf(field), [`${rule.severity} a.yaml:${place}.${field} is not implemented: ${rule.reason}`]);
    }
  }
  assert.match(read(`${DNS}\nendpoint: []`).problems[0] ?? '', /unknown key "endpoint" in spec\. Did you mean "endpoints"\?/);
});

test('a codec comes from the protocol, or from the first word of a TCP port name', () => {
  assert.equal(withPorts('{number: 1, name: x, protocol: DUBBO}').entry?.protocol, 'dubbo');
  assert.equal(withPorts('{number: 1, name: bolt, protocol: TCP}').entry?.protocol, 'bolt');
  assert.equal(withPorts('{number: 1, name: bolt-a}').entry?.protocol, 'bolt');
  assert.equal(withPorts('{number: 1, name: x, protocol: SOFA}').entry?.protocol, 'bolt', 'by another name of it');
  assert.equal(withPorts('{number: 1, name: sofa-a, protocol: TCP}').entry?.protocol, 'bolt');
  const plain = withPorts('{number: 1, name: tcp-dubbo, protocol: TCP}');
  assert.deepEqual([plain.entry?.host, plain.entry?.protocol, plain.problems], ['a.example', undefined, []]);
  assert.match(withPorts('{number: 1, name: x, protocol: DUBO}').problems[0] ?? '', /^error a\.yaml:7:42: .*Did you mean "DUBBO"\?/);
});

test('of several ports the one that can be spoken is chosen', () => {
  const mixed = withPorts('{number: 80, name: http, protocol: HTTP}, {number: 2, name: dubbo, targetPort: 3}');
  assert.equal(mixed.entry?.endpoints[0]?.port, 3);
  assert.match(mixed.problems.join(), /^warning .*requests go to port "dubbo" \(TCP\); port "http" \(HTTP\) is not used$/);
  assert.match(withPorts('{number: 1, name: dubbo}, {number: 2, name: bolt}').problems[0] ?? '', /^error .*could all be meant/);
  assert.match(withPorts('{number: 1, name: a}, {number: 2, name: b}').problems[0] ?? '', /^error .*could all be meant/);
  const unspoken = withPorts('{number: 53, name: dns, protocol: UDP}');
  assert.equal(unspoken.entry, undefined);
  assert.match(unspoken.problems.join(), /^warning a\.yaml:7:10: spec is left out: no loaded protocol speaks .*\(loaded: bolt, dubbo\)$/);
  assert.match(withPorts('{number: 1, name: dubbo}, {number: 1, name: dubbo}').problems.join(), /port "dubbo" already.*port 1 already/);
  assert.match(withPorts('{name: a}').problems[0] ?? '', /needs number/);
  assert.match(withPorts('{number: 1}').problems[0] ?? '', /needs name/);
  assert.match(withPorts('').problems[0] ?? '', /needs at least one of ports/);
});

test('an entry of other protocols is for connections that are passed on as they are', () => {
  const mysql = withPorts('{number: 3306, name: db, protocol: MYSQL}');
  assert.deepEqual(mysql.problems, []);
  assert.equal(mysql.entry?.protocol, 'tcp');
  const web = withPorts('{number: 80, name: web, protocol: HTTP}');
  assert.equal(web.entry?.protocol, 'tcp');
  assert.match(
    web.problems.join(),
    /^warning .* is only for connections that are passed on as they are: no loaded protocol speaks port "web"/,
  );
});

test('annotations of a protocol become settings of every endpoint, as its codec allows', () => {
  const annotated = (annotations: string, settingsFault?: ResourceOptions['settingsFault']) => {
    const endpoints = `hosts: [a.example]\nresolution: STATIC\n${PORT}\nendpoints: [{address: 10.0.0.1}, {address: 10.0.0.2}]`;
    const text = resourceText('ServiceEntry', endpoints).replace('{name: users}', `\n  name: users\n  annotations: {${annotations}}`);
    return readWhole(text, settingsFault);
  };
  const { entry, problems } = annotated('dubbo.polywire.io/a: "1", bolt.polywire.io/b: c, other.io/x: y');
  assert.deepEqual(problems, []);
  const settings = new Map([
    ['dubbo.polywire.io/a', '1'],
    ['bolt.polywire.io/b', 'c'],
  ]);
  assert.deepEqual(
    entry?.endpoints.map(({ metadata }) => metadata),
    [settings, settings],
  );
  const refused = annotated('dubbo.polywire.io/a: "1", dubbo.polywire.io/b: "2"', (protocol, asked) => {
    assert.deepEqual([protocol, [...asked.keys()]], ['dubbo', ['a', 'b']]);
    return { setting: 'b', message: 'there is no b' };
  });
  assert.deepEqual(refused.problems, ['error a.yaml:5:64: the annotation "dubbo.polywire.io/b": there is no b']);
  assert.match(annotated('sofa.polywire.io/a: b').problems.join(), /no loaded protocol is called "sofa"\. Did you mean "bolt"\?$/);
  assert.deepEqual(annotated('thrif.polywire.io/a: b').problems, [
    'warning a.yaml:5:38: the annotation "thrif.polywire.io/a" has no effect: no loaded protocol is called "thrif". There is bolt, dubbo.',
  ]);
});

test('a DNS entry without endpoints is reached by its hosts', () => {
  const { entry, problems } = read(DNS);
  assert.deepEqual(problems, []);
  assert.deepEqual(
    entry?.endpoints.map(({ address, port, origin }) => [address, port, origin]),
    [['a.example', 20880, 'a.yaml:5:11']],
  );
  assert.equal(entry?.location, 'MESH_EXTERNAL');
  assert.match(read(DNS.replace('a.example', '"*.example"')).problems[0] ?? '', /has no address to look up/);
});

test('resolution decides which endpoints may stand there', () => {
  assert.match(withEndpoint('{address: a.example}').problems[0] ?? '', /^error a\.yaml:8:25: .*is not an IP address/);
  assert.deepEqual(withEndpoint('{address: a.example}', 'DNS').problems, []);
  assert.match(withEndpoint('{address: a_b}', 'DNS').problems[0] ?? '', /neither an IP address nor a DNS name/);
  assert.match(withEndpoint('{address: "unix:///a"}').problems[0] ?? '', /reached by TCP/);
  assert.match(withEndpoint('{address: 10.0.0.1}', 'NONE').problems[0] ?? '', /needs resolution: STATIC or DNS/);
  assert.match(withEndpoint('{address: 10.0.0.1}', 'DNS_ROUND_ROBIN').problems[0] ?? '', /is not implemented/);
  assert.match(withEndpoint('{address: 10.0.0.1}', 'STATICS').problems[0] ?? '', /Did you mean "STATIC"\?/);
  const none = read(DNS.replace('resolution: DNS\n', ''));
  assert.deepEqual([none.entry?.resolution, none.entry?.endpoints], ['NONE', []]);
  assert.match(none.problems[0] ?? '', /^warning .*resolution NONE/);
  assert.deepEqual([withEndpoint('').entry?.endpoints, withEndpoint('').problems], [[], []]);
  assert.match(read(DNS.replace('DNS', 'STATIC')).problems[0] ?? '', /^warning .*STATIC and no endpoints/);
});

test('faulty endpoints, hosts and annotations are reported', () => {
  assert.match(
    withEndpoint('{address: 10.0.0.1, ports: {dubo-main: 1}}').problems[0] ?? '',
    /no port "dubo-main"\. Did you mean "dubbo-main"\?/,
  );
  assert.match(withEndpoint('{address: 10.0.0.1, weight: 0}').problems.join(), /weight 0: the endpoint takes no.*weights add up to 0/);
  assert.match(withEndpoint('{weight: 1}').problems[0] ?? '', /needs address/);
  assert.match(read(DNS.replace('a.example', 'g/com.acme.User:1')).problems[0] ?? '', /annotation polywire\.io\/service/);
  assert.match(read(`${DNS}\nexportTo: [b]`).problems[0] ?? '', /exportTo "b"/);
  const annotated = (annotations: string) =>
    readWhole(resourceText('ServiceEntry', DNS).replace('{name: users}', `{name: users, annotations: {${annotations}}}`)).problems;
  assert.match(annotated('polywire.io/service: "a b"')[0] ?? '', /^error a\.yaml:3:60: .*is not a service key/);
  assert.match(annotated('polywire.io/servce: a')[0] ?? '', /^warning .*Did you mean "polywire\.io\/service"\?/);
});

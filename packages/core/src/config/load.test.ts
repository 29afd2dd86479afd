import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { resourceText, TEST_OPTIONS } from '../testing/mesh-text.ts';
import { loadMesh } from './load.ts';
import { formatProblem } from './problems.ts';

/** Writes the files, loads them, and gives the problems with the folder's own name taken away. */
async function load(files: Readonly<Record<string, string>>, globs: readonly string[] = ['**/*.yaml']) {
  const directory = await mkdtemp(join(tmpdir(), 'polywire-load-'));
  try {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(join(directory, name, '..'), { recursive: true });
      await writeFile(join(directory, name), text);
    }
    const loaded = await loadMesh({ ...TEST_OPTIONS, directory, globs });
    const problems = loaded.problems.map((problem) => formatProblem(problem).replaceAll(`${directory}/`, '').replaceAll(directory, '.'));
    return { ...loaded, problems, files: [...loaded.sources.keys()].map((file) => file.slice(directory.length + 1)) };
  } finally {
    await rm(directory, { recursive: true });
  }
}

const rule = (host: string, name = 'a') =>
  resourceText('DestinationRule', `host: ${host}\nsubsets: [{name: v1}]`).replace('{name: users}', `{name: ${name}}`);
const routed = (destination: string, host = 'a') =>
  resourceText('VirtualService', `hosts: [${host}]\nhttp: [{route: [{destination: {${destination}}}]}]`);
const entry = (host: string, key: string | undefined, name = 'e') =>
  resourceText('ServiceEntry', `hosts: [${host}]\nresolution: DNS\nports: [{number: 20880, name: dubbo}]`).replace(
    '{name: users}',
    key === undefined ? `{name: ${name}}` : `{name: ${name}, annotations: {polywire.io/service: "${key}"}}`,
  );

test('files are read in sorted order, each once, without those that are taken away', async () => {
  const files = {
    'b.yaml': rule('b', 'b'),
    'a.yaml': rule('a'),
    'sub/c.yaml': rule('c', 'c'),
    'sub/skip.yaml': '{',
    'node_modules/d.yaml': '{',
  };
  const loaded = await load(files, ['**/*.yaml', '*.yaml', '!sub/skip.yaml']);
  assert.deepEqual(loaded.problems, []);
  assert.deepEqual(loaded.files, ['a.yaml', 'b.yaml', 'sub/c.yaml']);
  assert.deepEqual(
    loaded.resources.destinationRules.map(({ host }) => host.text),
    ['a', 'b', 'c'],
  );
});

test('a glob without files is a warning, and problems come in file order', async () => {
  const { problems } = await load({ 'b.yaml': 'kind: 1\n', 'a.yaml': '\n\na: [\n' }, ['*.yaml', 'none/*.yaml']);
  assert.match(problems[0] ?? '', /^warning: the glob "none\/\*\.yaml" of resources matches no file in \.$/);
  assert.match(problems[1] ?? '', /^error a\.yaml:/);
  assert.match(problems[2] ?? '', /^error b\.yaml:1:/);
});

test('two resources of one kind and name are refused, naming both places', async () => {
  const { problems } = await load({ 'a.yaml': rule('a'), 'b.yaml': rule('b') });
  assert.deepEqual(problems, ['error b.yaml:3:18: there is a DestinationRule default/a already, at a.yaml:3:18']);
});

test('a subset must be defined by the rule of its host, wherever that stands', async () => {
  const refused = await load({ 'a.yaml': rule('a'), 'b.yaml': routed('host: a, subset: v2') });
  assert.deepEqual(refused.problems, ['error b.yaml:6:33: "a" has no subset "v2": the DestinationRule default/a at a.yaml:5:9 has v1']);
  const nobody = await load({ 'a.yaml': rule('a'), 'b.yaml': routed('host: b, subset: v1') });
  assert.deepEqual(nobody.problems, ['error b.yaml:6:33: no DestinationRule is for "b", so it has no subset "v1"']);
});

test('a subset is found under every name of its service', async () => {
  const key = 'g/com.acme.User:1';
  const cases: [rule: string, destination: string][] = [
    ['a', 'a'],
    ['"*"', 'a'],
    ['"*.example"', 'users.example'],
    ['com.acme.User', 'com.acme.User:1'],
    [key, 'users.example'],
    ['users.example', key],
    ['users.example', 'old.example'],
  ];
  for (const [host, destination] of cases) {
    const files = {
      'a.yaml': rule(host),
      'b.yaml': routed(`host: "${destination}", subset: v1`),
      'c.yaml': entry('users.example, old.example', key),
    };
    assert.deepEqual((await load(files)).problems, [], `${host} ${destination}`);
  }
  // Which host a registry gives the key is known when it runs.
  assert.deepEqual((await load({ 'a.yaml': rule(key), 'b.yaml': routed('host: generated.example, subset: v1') })).problems, []);
  const other = { 'a.yaml': rule('com.acme.User:2'), 'b.yaml': routed('host: "com.acme.User:1", subset: v1') };
  assert.match((await load(other)).problems[0] ?? '', /no DestinationRule is for "com\.acme\.User:1"/);
});

test('a port is compared with the service entry of the files', async () => {
  const port = (number: number, host = 'users.example') => routed(`host: "${host}", port: {number: ${number}}`);
  const files = (text: string) => ({ 'a.yaml': entry('users.example', 'com.acme.User:1'), 'b.yaml': text });
  assert.deepEqual((await load(files(port(20880)))).problems, []);
  assert.deepEqual((await load(files(port(1, 'com.acme.User')))).problems, [
    'error b.yaml:6:33: "com.acme.User" has no port 1: the ServiceEntry at a.yaml:1:1 has 20880',
  ]);
  assert.match(
    (await load({ 'b.yaml': port(1) })).problems[0] ?? '',
    /^warning b\.yaml:6:33: the port 1 of "users\.example" is not checked/,
  );
});

test('a service belongs to one service entry and one destination rule', async () => {
  const hosts = await load({ 'a.yaml': entry('a.example', undefined), 'b.yaml': entry('b.example, A.example', undefined, 'f') });
  assert.deepEqual(hosts.problems, ['error b.yaml:3:18: another ServiceEntry is the host a.example already, at a.yaml:3:18']);
  const keys = await load({ 'a.yaml': entry('a.example', 'User'), 'b.yaml': entry('b.example', 'User', 'f') });
  assert.match(keys.problems[0] ?? '', /another ServiceEntry is the service .*User.* already, at a\.yaml:3:18/);
  const rules = await load({ 'a.yaml': rule('a'), 'b.yaml': rule('a', 'b') });
  assert.match(rules.problems[0] ?? '', /^error b\.yaml:5:9: the DestinationRule default\/a at a\.yaml:5:9 is for "a" already/);
});

test('two keys of which neither is more specific are refused', async () => {
  const pair = async (left: string, right: string) => (await load({ 'a.yaml': rule(left), 'b.yaml': rule(right, 'b') })).problems;
  assert.deepEqual(await pair('g/User', 'User:1'), [
    'error b.yaml:5:9: "User:1" and "g/User" at a.yaml:5:9 can name the same service, and neither is more specific',
  ]);
  for (const [left, right] of [
    ['User', 'User:1'],
    ['g/User', 'g/User:1'],
    ['g/User', 'h/User'],
    ['User:1', 'User:2'],
    ['User', 'user'],
  ] as const) {
    assert.deepEqual(await pair(left, right), [], `${left} ${right}`);
  }
});

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references to environment variables look like template strings.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseBootstrap } from './bootstrap.ts';
import { formatProblem } from './problems.ts';

const SMALLEST = 'listeners:\n- name: rpc\n  address: 127.0.0.1:20880\n  protocols: [dubbo]\n';

function faults(text: string): string[] {
  const { bootstrap, problems } = parseBootstrap(text, 'polywire.yaml', {});
  assert.equal(bootstrap, undefined);
  return problems.map((problem) => formatProblem(problem));
}

test('the smallest file gets every default, and is frozen', () => {
  const { bootstrap, problems } = parseBootstrap(SMALLEST, 'polywire.yaml', {});
  assert.deepEqual(problems, []);
  assert.deepEqual(bootstrap, {
    listeners: [
      {
        name: 'rpc',
        address: { host: '127.0.0.1', port: 20880 },
        tls: undefined,
        protocols: [{ name: 'dubbo', settings: new Map() }],
        detection: undefined,
        opaque: undefined,
        upstream: undefined,
        filters: [],
        deadline: 'wire',
      },
    ],
    registries: [],
    publish: [],
    resources: [],
    plugins: [],
    admin: undefined,
    accessLog: undefined,
    log: { level: 'info' },
    limits: {
      maxFrameBytes: 64 * 2 ** 20,
      relayThresholdBytes: 64 * 2 ** 10,
      maxBufferedFrontBytes: 8 * 2 ** 20,
      downstreamQueueBytes: 16 * 2 ** 20,
      upstreamQueueBytes: 16 * 2 ** 20,
      maxConnectionsPerListener: 10_000,
      maxPendingPerConnection: 65_536,
      tlsHandshakeTimeout: 10_000,
      idleTimeout: 900_000,
      streamIdleTimeout: 300_000,
    },
    upstream: {
      connections: 1,
      maxConnections: 1024,
      connectTimeout: 3_000,
      heartbeatInterval: 60_000,
      backoff: { initial: 100, max: 5_000 },
      balance: 'readEvent',
    },
    defaultTimeout: 60_000,
    drain: { timeout: 30_000, quiet: 1_000 },
  });
  assert.ok(Object.isFrozen(bootstrap?.listeners[0]?.address));
});

test('a full file is read, and plugins get their part as written', () => {
  const text = `
listeners:
- name: inbound
  address: "[::1]:\${PORT:-20881}"
  protocols: [dubbo]
  upstream: 127.0.0.1:20880
  filters:
  - {name: tag, config: {header: x-env}}
  - {name: audit}
  deadline: route
registries:
- {type: zookeeper, servers: [zk1:2181], session: {timeout: 30s}}
- {type: other, guard: {hold: 30s}, lastKnownGood: other.jsonl}
resources: [mesh/**/*.yaml]
plugins: [./plugins/mine.ts]
admin: {}
accessLog: {format: json, path: access.log}
limits: {maxFrameBytes: 1MiB, relayThresholdBytes: 4096, maxBufferedFrontBytes: 512KiB}
upstream:
  connections: \${N}
  backoff: {initial: 1s}
defaultTimeout: 0s
`;
  const { bootstrap, problems, position } = parseBootstrap(text, 'polywire.yaml', { N: '4' });
  assert.deepEqual(problems, []);
  assert.deepEqual(bootstrap?.listeners[0], {
    name: 'inbound',
    address: { host: '::1', port: 20881 },
    tls: undefined,
    protocols: [{ name: 'dubbo', settings: new Map() }],
    detection: undefined,
    opaque: undefined,
    upstream: { host: '127.0.0.1', port: 20880 },
    filters: [
      { name: 'tag', config: { header: 'x-env' } },
      { name: 'audit', config: undefined },
    ],
    deadline: 'route',
  });
  const config = { servers: ['zk1:2181'], session: { timeout: '30s' } };
  assert.deepEqual(bootstrap?.registries, [
    { type: 'zookeeper', guard: undefined, lastKnownGood: undefined, config },
    { type: 'other', guard: { loss: 0.5, hold: 30_000, least: 3 }, lastKnownGood: 'other.jsonl', config: {} },
  ]);
  assert.deepEqual(bootstrap?.admin, { address: { host: '127.0.0.1', port: 15000 } });
  assert.deepEqual(bootstrap?.accessLog, { format: 'json', path: 'access.log' });
  assert.equal(bootstrap?.upstream.connections, 4);
  assert.deepEqual(bootstrap?.upstream.backoff, { initial: 1_000, max: 5_000 });
  assert.equal(bootstrap?.defaultTimeout, 0);
  assert.deepEqual(position(['registries', 0, 'servers', 0]), { file: 'polywire.yaml', line: 12, column: 31 });
});

test('an unknown key is reported where it stands, with a suggestion', () => {
  assert.deepEqual(faults(`${SMALLEST}limits: {idleTimout: 3s}\n`), [
    'error polywire.yaml:5:10: unknown key "idleTimout" in limits. Did you mean "idleTimeout"?',
  ]);
  assert.deepEqual(faults(`${SMALLEST}  upstrem: a:1\nregistry: []\n`), [
    'error polywire.yaml:5:3: unknown key "upstrem" in listeners[0]. Did you mean "upstream"?',
    'error polywire.yaml:6:1: unknown key "registry". Did you mean "registries"?',
  ]);
});

test('every kind of wrong value is reported where it stands', () => {
  const cases: Readonly<Record<string, string>> = {
    'admin: {address: 15000}': 'error polywire.yaml:5:18: admin.address: must be host:port, like 127.0.0.1:20880',
    'defaultTimeout: 5': 'error polywire.yaml:5:17: defaultTimeout: must be a duration with its unit, like 3s or 500ms',
    'defaultTimeout: 5d':
      'error polywire.yaml:5:17: defaultTimeout: "5d" is not a duration: write 1h, 2m, 3s, 4ms, 1.5s, or a sum like 1m30s',
    'upstream: {connectTimeout: 0s}': 'error polywire.yaml:5:28: upstream.connectTimeout: must be more than 0s',
    'upstream: {balance: fair}': 'error polywire.yaml:5:21: upstream.balance: must be one of "readEvent", "request"',
    'upstream: {backoff: {initial: 6s}}': 'error polywire.yaml:5:31: upstream.backoff.initial: must not be longer than max',
    'limits: {relayThresholdBytes: 65MiB}':
      'error polywire.yaml:5:31: limits.relayThresholdBytes (68157440) is more than limits.maxFrameBytes (67108864)',
    'limits: {maxPendingPerConnection: 1.5}':
      'error polywire.yaml:5:35: limits.maxPendingPerConnection: must be a whole number, not a number',
    'upstream: {connections: 0}': 'error polywire.yaml:5:25: upstream.connections: must be at least 1',
    'resources: mesh/*.yaml': 'error polywire.yaml:5:12: resources: must be a list, not a text',
    'registries: [{servers: x}]': 'error polywire.yaml:5:14: registries[0].type: is required',
    'registries: [{type: x, guard: {loss: 0.5}}]': 'error polywire.yaml:5:38: registries[0].guard.loss: must be a percentage, like 50%',
    'registries: [{type: x, guard: {los: 50%}}]':
      'error polywire.yaml:5:32: unknown key "los" in registries[0].guard. Did you mean "loss"?',
    'registries: [{type: x, lastKnownGood: a/b}, {type: y, lastKnownGood: ./a/b}]':
      'error polywire.yaml:5:70: registries[0] writes the file ./a/b already: each needs its own',
    'publish: [{type: x, listener: rpc, port: 99999}]': 'error polywire.yaml:5:42: publish[0].port: must be at most 65535',
    'log: {level: loud}':
      'error polywire.yaml:5:14: log.level: must be one of "trace", "debug", "info", "warn", "error", "fatal", "silent"',
  };
  for (const [line, expected] of Object.entries(cases)) assert.deepEqual(faults(`${SMALLEST}${line}\n`), [expected]);
});

test('listeners have names and addresses of their own', () => {
  assert.deepEqual(faults(`${SMALLEST}${SMALLEST.replace('listeners:\n', '')}`), [
    'error polywire.yaml:5:9: listeners[0] has the name "rpc" already',
    'error polywire.yaml:6:12: listeners[0] binds 127.0.0.1:20880 already',
  ]);
  assert.deepEqual(faults(`${SMALLEST}admin: {address: "127.0.0.1:20880"}\n`), [
    "error polywire.yaml:5:18: listeners[0] binds the admin listener's address already",
  ]);
  const free = SMALLEST.replace('20880', '0');
  assert.deepEqual(parseBootstrap(`${free}${free.replace('listeners:\n', '').replace('rpc', 'b')}`, 'p', {}).problems, []);
});

test('an empty file and a file of several documents are refused', () => {
  assert.deepEqual(faults('# nothing\n'), ['error polywire.yaml: the file is empty: it needs at least `listeners`']);
  assert.match(faults(`${SMALLEST}---\n${SMALLEST}`)[0] ?? '', /^error polywire\.yaml:6:1: the bootstrap file holds one YAML document/);
  assert.deepEqual(faults('listeners: ${NOBODY}\n').length, 2);
});

test('a problem shows its line with a caret when the text is at hand', () => {
  const text = 'listeners:\n\t\t- x';
  const problem = { severity: 'error', message: 'wrong', position: { file: 'a', line: 2, column: 5 } } as const;
  assert.equal(formatProblem(problem, new Map([['a', text]])), 'error a:2:5: wrong\n  2 | \t\t- x\n    | \t\t  ^');
});

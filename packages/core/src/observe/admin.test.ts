import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingHttpHeaders, request } from 'node:http';
import { connect } from 'node:net';
import { test } from 'node:test';
import type { DirectoryEntry } from '../registry/entry-index.ts';
import { startAdmin } from './admin.ts';
import type { AdminSource } from './admin-source.ts';
import type { LogLevel } from './log.ts';
import { METRICS } from './metrics.ts';

const LEVEL: LogLevel = 'info';

const CLOSED = { origin: '/dubbo/a.Closed/providers', reason: 'denied' } as const;
const USERS: DirectoryEntry = {
  source: 'zookeeper 127.0.0.1:2181',
  exactIdentity: true,
  hosts: new Set(['users']),
  held: 'guarded',
  entry: {
    host: 'users',
    aliases: [],
    identity: undefined,
    protocol: undefined,
    resolution: 'STATIC',
    location: 'MESH_INTERNAL',
    ports: [],
    annotations: new Map(),
    origin: '/dubbo/a.Users/providers',
    endpoints: [
      {
        address: '10.0.0.1',
        port: 20880,
        weight: 200,
        labels: new Map([
          ['region', 'eu'],
          ['password', 'hunter2'],
        ]),
        metadata: new Map([['token', 'hunter2']]),
        origin: '/dubbo/a.Users/providers/dubbo%3A%2F%2F10.0.0.1%3Ftoken%3Dhunter2%26a%3Db',
        learnt: { session: '0x1f', at: Date.UTC(2026, 0, 3) },
        overrides: [{ origin: '/dubbo/config/dubbo/a.Users.configurators', effect: 'weight 200, was 100' }],
      },
    ],
  },
};

function source(overrides: Partial<AdminSource> = {}): AdminSource {
  return {
    metrics: () => [
      { family: METRICS.requests, labels: { service: 'a' }, value: 7 },
      { family: METRICS.uptime, labels: {}, value: 2 },
    ],
    listeners: () => [
      {
        name: 'rpc',
        address: '127.0.0.1:20880',
        protocols: [
          { name: 'dubbo', settings: {} },
          { name: 'thrift', settings: { service: 'a.B' } },
        ],
        fallback: 'refused',
        upstream: undefined,
        connections: 2,
      },
    ],
    clusters: () => [
      {
        name: 'users',
        loadBalancer: 'ROUND_ROBIN',
        origin: 'mesh/users.yaml:1:1',
        endpoints: [
          {
            address: '10.0.0.1:20880',
            weight: 5,
            warming: { weight: 1.23456, until: '2026-01-01T00:10:00.000Z' },
            labels: { version: 'v1' },
            available: false,
            backoffMs: 300,
            activeRequests: 2,
            connections: 1,
            origin: 'mesh/users.yaml:9:5',
          },
        ],
      },
      { name: 'empty', loadBalancer: 'RANDOM', origin: 'x', endpoints: [] },
    ],
    publishers: () => [
      {
        name: 'zookeeper 127.0.0.1:2181/polywire',
        address: '10.0.0.9:20880',
        state: 'behind',
        session: '0x1f',
        problem: 'NO_AUTH: /polywire',
        services: [
          { service: 'g/a.B:1.0.0', places: ['/polywire/a.B/providers'], state: 'published', reason: undefined },
          {
            service: 'a.C',
            places: ['/polywire/a.C/providers'],
            state: 'failed',
            reason: 'NO_AUTH: /polywire/a.C/dubbo%3A%2F%2Fh%3Ftoken%3Dhunter2%26a%3Db',
          },
        ],
      },
    ],
    registries: () => [
      {
        name: 'zookeeper 127.0.0.1:2181',
        state: 'stale',
        reason: 'connection refused',
        lastSync: Date.UTC(2026, 0, 1),
        since: Date.UTC(2026, 0, 2),
        session: '0x1f',
        services: [{ host: 'users', endpoints: 3, held: 'disconnected' }],
        unread: { count: 21, first: [CLOSED] },
      },
    ],
    services: (name) => (name === 'users' ? [USERS] : []),
    unread: (name) => (name === 'a.Closed' ? [{ source: 'zookeeper 127.0.0.1:2181', ...CLOSED }] : []),
    configDump: () => ({
      hosts: new Map([['users', new Set(['a'])]]),
      position: { file: 'polywire.yaml', line: 3, column: 1 },
      registry: { password: 'hunter2', address: 'zk://admin:hunter2@host:2181', authorization: 'hunter2' },
      tokens: ['hunter2'],
      at: 'zk://admin:p@hunter2@host:2181',
      url: 'dubbo://h:1/x?token=hunter2&a=b',
      tokenize: { kept: 'yes' },
    }),
    readiness: () => ({ ready: true, reason: 'ready' }),
    log: { level: LEVEL },
    ...overrides,
  };
}

interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

async function ask(address: string, path: string, method = 'GET', body?: string, headers: Record<string, string> = {}): Promise<Reply> {
  const outgoing = request(`http://${address}${path}`, { method, headers, agent: false });
  outgoing.end(body);
  const [response] = await once(outgoing, 'response');
  let text = '';
  for await (const chunk of response) text += chunk;
  return { status: response.statusCode, headers: response.headers, body: text };
}

async function withAdmin(use: (address: string) => Promise<void>, overrides?: Partial<AdminSource>): Promise<void> {
  const admin = await startAdmin({ port: 0 }, source(overrides));
  try {
    await use(admin.address);
  } finally {
    await admin.close();
  }
}

test('listeners with all their protocols', () =>
  withAdmin(async (address) => {
    const lines = [
      'address::127.0.0.1:20880',
      'protocol::dubbo',
      'protocol::thrift service=a.B',
      'fallback::refused',
      'upstream::by routes',
    ];
    const expected = [...lines, 'connections::2'].map((line) => `rpc::${line}\n`).join('');
    assert.equal((await ask(address, '/listeners')).body, expected);
    assert.equal(JSON.parse((await ask(address, '/listeners?format=json')).body)[0].protocols.length, 2);
  }));

test('stats in three forms, filtered', () =>
  withAdmin(async (address) => {
    assert.match(address, /^127\.0\.0\.1:\d+$/);
    assert.equal((await ask(address, '/stats')).body, 'polywire_requests_total{service="a"} 7\npolywire_uptime_seconds 2\n');
    assert.equal((await ask(address, '/stats?filter=uptime')).body, 'polywire_uptime_seconds 2\n');
    const json = await ask(address, '/stats?format=json&filter=requests');
    assert.deepEqual(JSON.parse(json.body), [{ ...METRICS.requests, labels: { service: 'a' }, value: 7 }]);
    const prometheus = await ask(address, '/stats/prometheus');
    assert.equal(prometheus.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
    assert.equal((await ask(address, '/metrics')).body, prometheus.body);
    assert.match(prometheus.body, /# TYPE polywire_requests_total counter\npolywire_requests_total\{service="a"\} 7\n/);
  }));

test('clusters and registries as text and as json', () =>
  withAdmin(async (address) => {
    const text = (await ask(address, '/clusters')).body;
    assert.match(text, /^users::10\.0\.0\.1:20880::health::backing off for 300 ms$/m);
    assert.match(text, /^users::10\.0\.0\.1:20880::labels::version=v1$/m);
    assert.match(text, /::weight::5\n.*::effective_weight::1\.23\n.*::warming_up_until::2026-01-01T00:10:00\.000Z\n/);
    assert.match(text, /^empty::no endpoints$/m);
    assert.equal(JSON.parse((await ask(address, '/clusters?format=json')).body)[0].endpoints[0].weight, 5);
    assert.equal(
      (await ask(address, '/registry')).body,
      'zookeeper 127.0.0.1:2181: stale (connection refused) since 2026-01-02T00:00:00.000Z, session 0x1f, last sync 2026-01-01T00:00:00.000Z, 1 service\n' +
        '  not read (denied): /dubbo/a.Closed/providers\n' +
        '  not read: 20 more\n' +
        '  users: 3 endpoints, held (disconnected)\n',
    );
    const [registry] = JSON.parse((await ask(address, '/registry?format=json')).body);
    assert.deepEqual([registry.state, registry.unread], ['stale', { count: 21, first: [CLOSED] }]);
    assert.equal(
      (await ask(address, '/publish')).body,
      'zookeeper 127.0.0.1:2181/polywire: behind (NO_AUTH: /polywire), as 10.0.0.9:20880, session 0x1f, 2 services\n' +
        '  g/a.B:1.0.0: published\n    /polywire/a.B/providers\n' +
        '  a.C: failed (NO_AUTH: /polywire/a.C/dubbo%3A%2F%2Fh%3Ftoken%3D******%26a%3Db)\n    /polywire/a.C/providers\n',
    );
    assert.equal(JSON.parse((await ask(address, '/publish?format=json')).body)[0].services[1].state, 'failed');
  }));

test('a service is shown with where, when and in which session each of its endpoints was learnt, and what changed it', () =>
  withAdmin(async (address) => {
    assert.deepEqual((await ask(address, '/registry?service=users')).body.split('\n'), [
      'users of zookeeper 127.0.0.1:2181, held (guarded)',
      '  origin: /dubbo/a.Users/providers',
      '  10.0.0.1:20880: weight 200',
      '    origin: /dubbo/a.Users/providers/dubbo%3A%2F%2F10.0.0.1%3Ftoken%3D******%26a%3Db',
      '    learnt: 2026-01-03T00:00:00.000Z in session 0x1f',
      '    override: weight 200, was 100 (/dubbo/config/dubbo/a.Users.configurators)',
      '    labels: region=eu,password=******',
      '',
    ]);
    const [users] = JSON.parse((await ask(address, '/registry?service=users&format=json')).body);
    assert.deepEqual([users.source, users.held, users.host], ['zookeeper 127.0.0.1:2181', 'guarded', 'users']);
    assert.deepEqual(users.endpoints[0].learnt, { session: '0x1f', at: '2026-01-03T00:00:00.000Z' });
    assert.deepEqual(users.endpoints[0].metadata, { token: '******' });
    const other = await ask(address, '/registry?service=orders');
    assert.deepEqual([other.status, other.body], [404, 'nobody announces orders: /registry lists the hosts\n']);
    const closed = await ask(address, '/registry?service=a.Closed');
    assert.equal(closed.status, 404);
    assert.match(closed.body, /\nnot read \(denied\) of zookeeper 127\.0\.0\.1:2181: \/dubbo\/a\.Closed\/providers\n$/);
  }));

test('the configuration is shown without its secrets', () =>
  withAdmin(async (address) => {
    const { body } = await ask(address, '/config_dump');
    assert.ok(!body.includes('hunter2'), body);
    const dump = JSON.parse(body);
    assert.deepEqual(dump.hosts, { users: ['a'] });
    assert.equal(dump.position.line, 3);
    assert.equal(dump.url, 'dubbo://h:1/x?token=******&a=b');
    assert.equal(dump.tokenize.kept, 'yes');
  }));

test('readiness is 503 with its reason until it is 200', async () => {
  await withAdmin(async (address) => assert.equal((await ask(address, '/ready')).status, 200));
  await withAdmin(
    async (address) => {
      const reply = await ask(address, '/ready');
      assert.deepEqual([reply.status, reply.body], [503, 'zookeeper has not been read\n']);
    },
    { readiness: () => ({ ready: false, reason: 'zookeeper has not been read' }) },
  );
});

test('the log level is shown and set', () =>
  withAdmin(async (address) => {
    assert.equal((await ask(address, '/logging')).body, 'level: info\n');
    assert.equal((await ask(address, '/logging?level=debug')).body, 'level: info\n');
    assert.equal((await ask(address, '/logging?level=debug', 'POST')).body, 'level: debug\n');
    const refused = await ask(address, '/logging?level=loud', 'POST');
    assert.equal(refused.status, 400);
    assert.match(refused.body, /trace, debug, info/);
    const crossSite = await ask(address, '/logging?level=error', 'POST', undefined, { origin: 'http://evil.example' });
    assert.deepEqual([crossSite.status, (await ask(address, '/logging')).body], [403, 'level: debug\n']);
  }));

test('unknown paths and methods are refused with what would work', () =>
  withAdmin(async (address) => {
    const missing = await ask(address, '/quit');
    assert.equal(missing.status, 404);
    assert.match(missing.body, /^\/stats\/prometheus/m);
    const post = await ask(address, '/stats', 'POST', 'x'.repeat(1_000_000));
    assert.deepEqual([post.status, post.headers.allow], [405, 'GET, HEAD']);
    const head = await ask(address, '/', 'HEAD');
    assert.deepEqual([head.status, head.body], [200, '']);
    assert.equal(head.headers['content-length'], String((await ask(address, '/')).body.length));
  }));

test('a header section without end is refused', () =>
  withAdmin(async (address) => {
    const { status } = await ask(address, `/?${'x'.repeat(20_000)}`);
    assert.equal(status, 431);
  }));

test('a page that fails answers 500 and the listener lives on', () =>
  withAdmin(
    async (address) => {
      const reply = await ask(address, '/config_dump');
      assert.deepEqual([reply.status, reply.body], [500, 'no snapshot\n']);
      assert.equal((await ask(address, '/')).status, 200);
    },
    {
      configDump: () => {
        throw new Error('no snapshot');
      },
    },
  ));

test('close does not wait for idle connections', { timeout: 30_000 }, async () => {
  const admin = await startAdmin({ port: 0 }, source());
  const port = Number(admin.address.split(':')[1]);
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const closed = once(socket, 'close');
  await admin.close();
  await admin.close();
  await closed;
});

test('a taken port is an error, not a crash', async () => {
  const admin = await startAdmin({ port: 0 }, source());
  await assert.rejects(startAdmin({ port: Number(admin.address.split(':')[1]) }, source()), /EADDRINUSE/);
  await admin.close();
});

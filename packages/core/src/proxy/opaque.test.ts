import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { startFromFiles } from '../testing/proxy-files.ts';
import { caller, everything, NOBODY_PORT, serve } from '../testing/raw-peers.ts';

const LISTENER = 'listeners:\n- name: raw\n  address: 127.0.0.1:0\n  protocols: [tcp]\n  upstream: ';

/** A proxy that passes bytes on to `handler`, and a caller's socket. */
async function setup(t: TestContext, handler: (socket: Socket) => void, more = '') {
  const service = await serve(t, handler);
  const started = await startFromFiles(t, { bootstrap: `${LISTENER}127.0.0.1:${service}\n${more}` });
  return { ...started, service, connect: () => caller(t, started.port('raw')) };
}

function metric(proxy: Awaited<ReturnType<typeof setup>>['proxy'], name: string): Record<string, unknown> {
  const found = [...proxy.adminSource.metrics()].filter(({ family }) => family.name === `polywire_${name}`);
  return Object.fromEntries(found.map(({ labels, value }) => [labels['end'] ?? labels['endpoint'] ?? labels['route'] ?? '', value]));
}

/** Waits, for what follows closely on an event of another socket. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(setImmediate);
}

test('each direction ends by itself, behind its last byte', async (t) => {
  const { connect, proxy } = await setup(t, async (socket) => {
    const asked = await everything(socket);
    socket.write(`you said ${asked}, `);
    setImmediate(() => socket.end('and that is all'));
  });
  const socket = await connect();
  socket.write('one ');
  socket.end('two');
  assert.equal(await everything(socket), 'you said one two, and that is all');
  await until(() => metric(proxy, 'opaque_connections_total')['ok'] === 1);
  assert.deepEqual(metric(proxy, 'opaque_received_bytes_total'), { '': 7 });
  assert.deepEqual(metric(proxy, 'opaque_sent_bytes_total'), { '': 33 });
  assert.deepEqual(metric(proxy, 'opaque_connections_active'), { '': 0 });
});

test('a service may end first and go on listening', async (t) => {
  const heard: string[] = [];
  const { connect } = await setup(t, async (socket) => {
    socket.end('bye');
    heard.push(await everything(socket));
  });
  const socket = await connect();
  assert.equal(await everything(socket), 'bye');
  socket.write('one last ');
  socket.end('word');
  await until(() => heard.length > 0);
  assert.deepEqual(heard, ['one last word']);
});

test('a side that breaks off resets the other', async (t) => {
  const services: Socket[] = [];
  const { connect, proxy } = await setup(t, (socket) => {
    services.push(socket);
    socket.write('hello');
  });
  const first = await connect();
  await once(first, 'data');
  const broken = once(first, 'error');
  services[0]?.resetAndDestroy();
  assert.match(String((await broken)[0]), /ECONNRESET/);
  const second = await connect();
  await once(second, 'data');
  const service = services[1];
  assert.ok(service);
  const noticed = new Promise((resolve) => service.once('error', resolve));
  second.resetAndDestroy();
  assert.match(String(await noticed), /ECONNRESET/);
  await until(() => metric(proxy, 'opaque_connections_total')['caller-reset'] === 1);
  assert.equal(metric(proxy, 'opaque_connections_total')['service-reset'], 1);
});

test('a side that does not read makes the other wait, and every byte arrives', async (t) => {
  const total = 48 * 1024 * 1024;
  const chunk = Buffer.alloc(64 * 1024, 7);
  let written = 0;
  const { connect } = await setup(t, (socket) => {
    const write = () => {
      while (written < total) {
        written += chunk.length;
        if (!socket.write(chunk)) return;
      }
      socket.end();
    };
    socket.on('drain', write);
    write();
  });
  const socket = await connect();
  socket.pause();
  // Nothing moves any more once what lies between is full.
  let before = -1;
  while (before !== written) {
    before = written;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.ok(written < total / 2, `${written} bytes were taken from the service`);
  let received = 0;
  socket.on('data', (data: Buffer) => {
    received += data.length;
  });
  socket.resume();
  await once(socket, 'end');
  assert.equal(received, total);
  socket.end();
});

test('a silent connection is closed after the idle time, and bytes in either direction are no silence', async (t) => {
  const { connect, proxy } = await setup(
    t,
    (socket) => {
      let ticks = 0;
      const timer = setInterval(() => {
        socket.write('.');
        if (++ticks === 12) clearInterval(timer);
      }, 50);
      t.after(() => clearInterval(timer));
    },
    'limits: {idleTimeout: 400ms}\n',
  );
  const socket = await connect();
  let dots = 0;
  socket.on('data', (data: Buffer) => {
    dots += data.length;
  });
  await once(socket, 'end');
  assert.equal(dots, 12);
  await until(() => metric(proxy, 'opaque_connections_active')[''] === 0);
  assert.deepEqual(metric(proxy, 'opaque_connections_total'), { ok: 0, 'caller-reset': 0, 'service-reset': 0, closed: 1, 'no-service': 0 });
});

test('a service that is not there is said in the log, and its caller is reset', async (t) => {
  const { port, lines } = await startFromFiles(t, { bootstrap: `${LISTENER}127.0.0.1:${NOBODY_PORT}\n` });
  await assert.rejects(everything(await caller(t, port('raw'))), /ECONNRESET/);
  const line = lines.find(({ msg }) => msg.startsWith('no service took a connection'));
  assert.match(line?.reason ?? '', /ECONNREFUSED/);
});

test('open connections are kept while the proxy is stopping, and go on', async (t) => {
  const { connect, proxy } = await setup(t, (socket) => socket.pipe(socket), 'drain: {quiet: 10ms}\n');
  const socket = await connect();
  socket.write('a');
  assert.equal(String((await once(socket, 'data'))[0]), 'a');
  const drained = proxy.drain();
  await new Promise((resolve) => setTimeout(resolve, 60));
  socket.write('b');
  assert.equal(String((await once(socket, 'data'))[0]), 'b');
  socket.end();
  await drained;
});

test('connections that are open at the end of the drain are closed, with a line in the log', async (t) => {
  const { connect, proxy, lines } = await setup(t, (socket) => socket.pipe(socket), 'drain: {timeout: 20ms}\n');
  const socket = await connect();
  socket.write('a');
  await once(socket, 'data');
  await proxy.drain();
  assert.ok(lines.some(({ msg }) => msg.startsWith('connections that are passed on were open at the end of the drain')));
  const ended = once(socket, 'end').then(() => socket.end());
  await Promise.all([proxy.close(), ended]);
  assert.deepEqual(metric(proxy, 'opaque_connections_active'), { '': 0 });
  // The caller ends too when it hears of it, and that is not why.
  assert.deepEqual(metric(proxy, 'opaque_connections_total'), { ok: 0, 'caller-reset': 0, 'service-reset': 0, closed: 1, 'no-service': 0 });
});

function entry(ports: readonly (readonly [version: string, port: number])[]): string {
  const endpoints = ports.map(([version, port]) => `\n  - {address: 127.0.0.1, ports: {db: ${port}}, labels: {version: ${version}}}`);
  return `
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: db}
spec:
  hosts: [db.prod.svc]
  resolution: STATIC
  ports: [{number: 3306, name: db, protocol: MYSQL}]
  endpoints:${endpoints.join('')}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: db}
spec:
  host: db.prod.svc
  subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}]
---`;
}

async function named(t: TestContext): Promise<readonly (readonly [string, number])[]> {
  const names = ['v1', 'v2'];
  return Promise.all(names.map(async (name) => [name, await serve(t, (socket) => socket.end(name))] as const));
}

const SERVICE = `${LISTENER}{host: db.prod.svc, port: 3306}\n`;

async function answers(t: TestContext, port: number, count: number): Promise<string[]> {
  const all: string[] = [];
  for (let i = 0; i < count; i++) {
    const socket = await caller(t, port);
    socket.end();
    all.push(await everything(socket));
  }
  return all;
}

test('connections to a service go to all its endpoints in turn', async (t) => {
  const { port } = await startFromFiles(t, { bootstrap: SERVICE, mesh: entry(await named(t)) });
  assert.deepEqual((await answers(t, port('raw'), 4)).sort(), ['v1', 'v1', 'v2', 'v2']);
});

test('tcp routes choose subsets by labels, for the port that the listener names', async (t) => {
  const routes = `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: db}
spec:
  hosts: [db.prod.svc]
  tcp:
  - match: [{port: 3307}]
    route: [{destination: {host: db.prod.svc, subset: v1}}]
  - match: [{port: 3305}, {port: 3306}]
    route:
    - {destination: {host: db.prod.svc, subset: v2}, weight: 100}
    - {destination: {host: db.prod.svc, subset: v1}, weight: 0}
`;
  const { port, proxy } = await startFromFiles(t, { bootstrap: SERVICE, mesh: entry(await named(t)) + routes });
  assert.deepEqual(await answers(t, port('raw'), 4), ['v2', 'v2', 'v2', 'v2']);
  assert.equal(metric(proxy, 'route_requests_total')['default/db#tcp2'], 4);
});

test('an endpoint that cannot be reached is followed by another one', async (t) => {
  const dead = [['v1', NOBODY_PORT]] as const;
  const [, alive] = await named(t);
  const { port, proxy } = await startFromFiles(t, { bootstrap: SERVICE, mesh: entry([...dead, ...(alive ? [alive] : [])]) });
  assert.deepEqual(await answers(t, port('raw'), 3), ['v2', 'v2', 'v2']);
  const failures = metric(proxy, 'endpoint_connect_failures_total');
  assert.equal(failures[`127.0.0.1:${dead[0][1]}`], 1);
});

test('a VirtualService without a route for the port of the target is a warning', async (t) => {
  const routed = (spec: string) => `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: db}
spec: {hosts: [db.prod.svc], ${spec}: [{match: [{port: 3307}], route: [{destination: {host: db.prod.svc, subset: v1}}]}]}
`;
  const endpoints = entry(await named(t));
  const warned = /VirtualService default\/db has no spec\.tcp route for port 3306: .* listener raw go to all endpoints of "db\.prod\.svc"/;
  const { lines } = await startFromFiles(t, { bootstrap: SERVICE, mesh: endpoints + routed('tcp') });
  assert.ok(lines.some(({ level, msg }) => level === 'warn' && warned.test(msg)));
  const right = await startFromFiles(t, { bootstrap: SERVICE, mesh: endpoints + routed('tcp').replace('3307', '3306') });
  assert.ok(!right.lines.some(({ msg }) => warned.test(msg)));
  const requests = routed('http').replace('match: [{port: 3307}], ', '');
  const of = await startFromFiles(t, { bootstrap: SERVICE, mesh: endpoints + requests });
  assert.ok(of.lines.some(({ msg }) => warned.test(msg)));
});

test('a target that no ServiceEntry has is a warning, a port that it has not an error', async (t) => {
  const { lines, port } = await startFromFiles(t, { bootstrap: SERVICE });
  assert.ok(lines.some(({ level, msg }) => level === 'warn' && /"db\.prod\.svc" is in no ServiceEntry and no registry now/.test(msg)));
  await assert.rejects(everything(await caller(t, port('raw'))), /ECONNRESET/);
  const wrong = startFromFiles(t, { bootstrap: SERVICE.replace('3306', '3307'), mesh: entry([['v1', 1]]) });
  await assert.rejects(wrong, /listener raw: "db\.prod\.svc" has no port 3307: the ServiceEntry at .*mesh\.yaml:\d+:\d+ has 3306/);
});

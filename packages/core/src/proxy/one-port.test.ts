import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { LOUD_ID, type ProxyFiles, startFromFiles } from '../testing/proxy-files.ts';
import { caller, everything, serve } from '../testing/raw-peers.ts';
import { echo, ToyClient, ToyServer } from '../testing/toy-peers.ts';
import { toyFrame, toyProtocol } from '../testing/toy-protocol.ts';

const LISTENER = 'listeners:\n- name: one\n  address: 127.0.0.1:0\n  protocols: [loud, toy]\n';

function service(name: string, host: string, protocol: string, port: number): string {
  return `
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: ${name}}
spec:
  hosts: [${host}]
  resolution: STATIC
  ports: [{number: 80, name: ${protocol}-main, protocol: TCP}]
  endpoints: [{address: 127.0.0.1, ports: {${protocol}-main: ${port}}}]
---`;
}

async function setup(t: TestContext, files: Partial<ProxyFiles> = {}) {
  const servers = { toy: await ToyServer.start(echo('toy')), loud: await ToyServer.start(echo('loud')) };
  t.after(() => Promise.all([servers.toy.stop(), servers.loud.stop()]));
  const mesh = service('quiet', 'quiet.svc', 'toy', servers.toy.port) + service('noisy', 'noisy.svc', 'loud', servers.loud.port);
  return { servers, ...(await startFromFiles(t, { bootstrap: LISTENER, mesh, ...files })) };
}

test('two protocols on one port each reach their own service, also when callers are split in any two parts', async (t) => {
  const { port } = await setup(t);
  const ids = { toy: 5, loud: LOUD_ID };
  for (const [name, id] of Object.entries(ids)) {
    const frame = toyFrame('request', id, `${name === 'toy' ? 'quiet' : 'noisy'}.svc m|`);
    for (let at = 1; at < frame.length; at++) {
      const client = await ToyClient.connect(port('one'));
      client.socket.setNoDelay(true);
      client.send(frame.subarray(0, at));
      await new Promise(setImmediate);
      client.send(frame.subarray(at));
      const [answer] = await client.received(1);
      assert.equal(answer?.id, id);
      assert.match(answer?.body ?? '', new RegExp(`^${name} `));
      client.socket.destroy();
    }
  }
});

test('bytes of no protocol are refused, named in the log and counted', async (t) => {
  const { port, proxy, lines } = await setup(t);
  const cases = {
    http1: 'GET / HTTP/1.1\r\n',
    tls: '\x16\x03\x01\x02\x00',
    unknown: 'hello',
    'proxy-protocol': 'PROXY TCP4 ',
  };
  for (const [seen, bytes] of Object.entries(cases)) {
    const socket = await caller(t, port('one'));
    const { localPort } = socket;
    socket.write(bytes, 'latin1');
    assert.equal(await everything(socket).catch(() => ''), '');
    const line = lines.find((fields) => fields.seen === seen);
    assert.match(line?.msg ?? '', /^a connection was refused: it speaks none of loud, toy: /);
    assert.equal(line?.peer, `127.0.0.1:${localPort}`);
    assert.equal(line?.bytes, Buffer.from(bytes, 'latin1').toString('hex', 0, 16));
  }
  const counted = [...proxy.adminSource.metrics()].filter(({ family }) => family.name === 'polywire_unrecognised_connections_total');
  assert.deepEqual(
    counted.map(({ labels, value }) => [labels['seen'], value]),
    Object.keys(cases).map((seen) => [seen, 1]),
  );
});

test('a caller that says nothing yet is not refused, and one that stops inside of its first bytes is', async (t) => {
  const { port } = await setup(t, { bootstrap: `${LISTENER}  detection: {timeout: 50ms}\n` });
  const silent = await ToyClient.connect(port('one'));
  const stuck = await caller(t, port('one'));
  stuck.write('T');
  assert.equal(await everything(stuck).catch(() => ''), '');
  silent.request(1, 'quiet.svc m|');
  assert.match((await silent.received(1))[0]?.body ?? '', /^toy /);
});

test('a service that speaks first is heard behind an opaque fallback, and callers of the protocols pass it by', async (t) => {
  const greeter = await serve(t, (socket) => {
    socket.write('welcome ');
    socket.pipe(socket);
  });
  const fallback = `  detection: {timeout: 300ms, fallback: {opaque: "127.0.0.1:${greeter}"}}\n`;
  const { port } = await setup(t, { bootstrap: `${LISTENER}${fallback}` });
  const toy = await ToyClient.connect(port('one'));
  toy.request(1, 'quiet.svc m|');
  assert.match((await toy.received(1))[0]?.body ?? '', /^toy /);
  const silent = await caller(t, port('one'));
  const [greeting] = await once(silent, 'data');
  assert.equal(String(greeting), 'welcome ');
  silent.end('thanks');
  assert.equal(await everything(silent), 'thanks');
  const other = await caller(t, port('one'));
  other.end('no toy, and all of it arrives');
  assert.equal(await everything(other), 'welcome no toy, and all of it arrives');
  const short = await caller(t, port('one'));
  short.end('T');
  assert.equal(await everything(short), 'welcome T');
});

test('a listener shows all its protocols, and each explains its own routes', async (t) => {
  const { port, proxy } = await setup(t, { bootstrap: `${LISTENER}  detection: {fallback: {opaque: {host: quiet.svc, port: 80}}}\n` });
  const [listener] = proxy.adminSource.listeners();
  assert.deepEqual(listener, {
    name: 'one',
    address: `127.0.0.1:${port('one')}`,
    protocols: [
      { name: 'loud', settings: {} },
      { name: 'toy', settings: {} },
    ],
    fallback: 'quiet.svc:80',
    upstream: undefined,
    connections: 0,
  });
  const asked = { service: 'noisy.svc', method: 'm', group: undefined, version: undefined, headers: new Map() };
  assert.equal(proxy.explain('loud', asked)?.refusal, undefined);
  assert.notEqual(proxy.explain('toy', asked)?.refusal, undefined);
  assert.equal(proxy.explain('tcp', asked), undefined);
});

test('a protocol that recognises nothing must be the last, and then takes what the others leave', async (t) => {
  const { detect: _, ...blind } = { ...toyProtocol(), name: 'blind', detect: undefined };
  const bootstrap = LISTENER.replace('[loud, toy]', '[loud, blind]');
  const { port, proxy } = await setup(t, { bootstrap, protocols: [blind] });
  const client = await ToyClient.connect(port('one'));
  client.request(1, 'quiet.svc m|');
  await client.received(1);
  const stranger = await caller(t, port('one'));
  stranger.write('hello stranger');
  assert.equal(await everything(stranger), 'no frames in 14 bytes\n');
  const detected = [...proxy.adminSource.metrics()].filter(({ family }) => family.name === 'polywire_detected_connections_total');
  assert.deepEqual(
    detected.map(({ labels, value }) => [labels['protocol'], value]),
    [['blind', 2]],
  );
  const wrong = startFromFiles(t, { bootstrap: LISTENER.replace('[loud, toy]', '[blind, toy]'), protocols: [blind] });
  await assert.rejects(wrong, /the protocol blind recognises nothing and would take every connection: name it last/);
});

test('a filter that a protocol of the listener cannot serve is refused', async (t) => {
  const { routing: _, ...plain } = { ...toyProtocol(), name: 'plain' };
  const bootstrap = `${LISTENER.replace('[loud, toy]', '[loud, plain]')}  filters: [{name: picky}]\n`;
  const picky = { name: 'picky', create: () => ({ name: 'picky', requires: ['routing'] as const }) };
  await assert.rejects(
    startFromFiles(t, { bootstrap, protocols: [plain], filters: [picky] }),
    /listener one: the filter "picky" needs routing, which the protocol plain does not have/,
  );
});

test('routes for connections that are passed on say nothing of requests', async (t) => {
  const { servers } = await setup(t);
  const routes = `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: quiet}
spec:
  hosts: [quiet.svc]
  tcp: [{route: [{destination: {host: noisy.svc}}]}]
---`;
  const mesh = service('quiet', 'quiet.svc', 'toy', servers.toy.port) + service('noisy', 'noisy.svc', 'loud', servers.loud.port) + routes;
  const bytes = `${LISTENER}- {name: raw, address: "127.0.0.1:0", protocols: [tcp], upstream: {host: quiet.svc, port: 80}}\n`;
  const { port } = await startFromFiles(t, { bootstrap: bytes, mesh });
  const toy = await ToyClient.connect(port('one'));
  toy.request(1, 'quiet.svc m|');
  assert.match((await toy.received(1))[0]?.body ?? '', /^toy /);
  const raw = await ToyClient.connect(port('raw'));
  raw.request(1, 'quiet.svc m|');
  assert.match((await raw.received(1))[0]?.body ?? '', /^loud /);
});

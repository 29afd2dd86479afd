import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EndpointRule } from '../registry/endpoint-rule.ts';
import { endpointAt, entryOf } from '../testing/entries.ts';
import { startFromFiles } from '../testing/proxy-files.ts';
import { PLAIN } from '../testing/tls-peers.ts';
import { echo, ToyClient, ToyServer } from '../testing/toy-peers.ts';
import { toyFrame } from '../testing/toy-protocol.ts';

/** Requests with a header `tag` go to endpoints with that label. */
function forTag(tag: string): EndpointRule {
  const match = { kind: 'exact', value: tag } as const;
  return {
    origin: `/rules/${tag}`,
    text: `tag=${tag}`,
    match: [{ of: { kind: 'header', name: 'tag' }, match, negated: false }],
    choices: [[{ of: { kind: 'parameter', name: 'tag' }, match, negated: false }]],
    otherwise: 'refuse',
  };
}

test("a change of a registry's rules counts from the next request, and costs none that is under way", async (t) => {
  const held: (() => void)[] = [];
  const plain = await ToyServer.start((frame, socket) => {
    if (frame.body.includes('slow')) held.push(() => socket.write(toyFrame('response', frame.id, 'plain at last')));
    else echo('plain')(frame, socket);
  });
  const gray = await ToyServer.start(echo('gray'));
  t.after(() => Promise.all([plain.stop(), gray.stop()]));
  const { proxy, port } = await startFromFiles(t, { bootstrap: PLAIN });
  const endpoints = [plain, gray].map(({ port }, index) =>
    endpointAt('127.0.0.1', { port, labels: new Map([['tag', index === 0 ? 'plain' : 'gray']]) }),
  );
  const announce = (...endpointRules: EndpointRule[]): void => {
    proxy.store.source({ name: 'zk', exactIdentity: true }).upsert(entryOf('Users', [], { endpoints, endpointRules }));
  };
  announce(forTag('gray'), forTag('plain'), forTag('blue'));
  const client = await ToyClient.connect(port('one'));
  t.after(() => client.socket.destroy());
  let id = 0;
  const ask = async (text: string): Promise<string> => {
    client.request(++id, `Users ${text}|`);
    return (await client.received(id)).at(-1)?.body ?? '';
  };
  for (let round = 0; round < 4; round++) {
    assert.match(await ask('m tag=gray'), /^gray /);
    assert.match(await ask('m tag=plain'), /^plain /);
  }
  const refused = await ask('m tag=blue');
  assert.match(refused, /^no-healthy-upstream: Users has 2 endpoints, and the registry's rule tag=blue \(\/rules\/blue\) leaves none to/);
  const waiting = await ToyClient.connect(port('one'));
  t.after(() => waiting.socket.destroy());
  waiting.request(1, 'Users slow tag=plain|');
  while (held.length === 0) await new Promise(setImmediate);
  announce({ ...forTag('plain'), choices: forTag('gray').choices });
  assert.match(await ask('m tag=plain'), /^gray /);
  for (const answer of held) answer();
  assert.equal((await waiting.received(1))[0]?.body, 'plain at last');
  assert.deepEqual([plain.accepted, gray.accepted], [1, 1], 'connections stay');

  const clusters = [...proxy.adminSource.clusters()].map(({ name }) => name);
  assert.deepEqual(clusters.sort(), ['Users', 'Users|rules-1']);
  const counted = [...proxy.adminSource.metrics()].flatMap(({ family: { name }, labels: { cluster, outcome }, value }) =>
    cluster === undefined ? [] : [{ name, cluster, outcome, value }],
  );
  assert.deepEqual([...new Set(counted.map(({ cluster }) => cluster))], ['Users']);
  const ok = counted.find(({ name, outcome }) => name === 'polywire_cluster_requests_total' && outcome === 'ok');
  assert.equal(ok?.value, 10);
});

test('a rule that looks at who asks goes by the address of the connection', async (t) => {
  const service = await ToyServer.start(echo('it'));
  t.after(() => service.stop());
  const { proxy, port } = await startFromFiles(t, { bootstrap: PLAIN });
  const announce = (name: string, value: string): void => {
    const refused = {
      ...forTag(value),
      match: [{ of: { kind: 'source' }, match: { kind: 'exact', value }, negated: false }],
      choices: [],
    } as const;
    const endpoints = [endpointAt('127.0.0.1', { port: service.port })];
    proxy.store.source({ name: 'zk', exactIdentity: true }).upsert(entryOf(name, [], { endpoints, endpointRules: [refused] }));
  };
  announce('Users', '127.0.0.1');
  announce('Orders', '127.0.0.2');
  const client = await ToyClient.connect(port('one'));
  t.after(() => client.socket.destroy());
  client.request(1, 'Users m|');
  assert.match((await client.received(1))[0]?.body ?? '', /leaves none to requests with source exact "127\.0\.0\.1"/);
  client.request(2, 'Orders m|');
  assert.match((await client.received(2)).at(-1)?.body ?? '', /^it /);
});

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { nothingIsLeft } from './support/http2-left.ts';
import { http2Bootstrap, http2Entries, http2Routes } from './support/http2-mesh.ts';
import { referTri, TRI_CHECKS } from './support/http2-tri-checks.ts';
import { documents } from './support/mesh.ts';
import { suiteOwner } from './support/owner.ts';
import { Consumer, type Export, PeerError, Provider } from './support/peers.ts';
import { Polywire } from './support/polywire.ts';
import { freePorts } from './support/ports.ts';
import { requireJava } from './support/requirements.ts';

const HOST = 'peers.example';
const SERVICES = ['EchoService', 'CallService', 'StreamService'].map((name) => `io.polywire.peers.${name}`);
const SUBSETS = ['stable', 'gray'].map((version) => ({ name: version, labels: { version } }));
const CASE_TIMEOUT = { timeout: 180_000 };

describe('dubbo3 over tri, through the proxy', { skip: requireJava() }, () => {
  const owner = suiteOwner();
  let proxy: Polywire;
  let consumer: Consumer;

  before(async () => {
    const [one = 0, gray = 0, grouped = 0] = await freePorts(3);
    const exports: Export[] = [
      { name: 'one', port: one, protocol: 'tri' },
      { name: 'gray', port: gray, protocol: 'tri' },
      { name: 'grouped', port: grouped, protocol: 'tri', group: 'g', version: '1.0.0' },
    ];
    // One process for each: a provider of Dubbo finds services of another port by their path.
    for (const each of exports) await Provider.start(owner, 'dubbo3', { exports: [each] });
    proxy = await Polywire.start(owner, {
      'polywire.yaml': http2Bootstrap(),
      'mesh/entries.yaml': http2Entries([
        {
          host: HOST,
          endpoints: [
            { port: one, labels: { version: 'stable' } },
            { port: gray, labels: { version: 'gray' } },
          ],
        },
        { host: 'grouped.example', endpoints: [{ port: grouped }] },
      ]),
      'mesh/subsets.yaml': documents([{ kind: 'DestinationRule', name: HOST, spec: { host: HOST, subsets: SUBSETS } }]),
      'mesh/routes.yaml': http2Routes('*', [
        { match: [{ headers: { 'tri-service-group': { exact: 'g' } } }], to: { 'grouped.example': 100 } },
        {
          match: [{ uri: { prefix: '/io.polywire.peers.CallService/' }, headers: { colour: { exact: 'gray' } } }],
          to: { [`${HOST}|gray`]: 100 },
        },
        { match: SERVICES.map((service) => ({ uri: { prefix: `/${service}/` } })), to: { [`${HOST}|stable`]: 100 } },
      ]),
    });
    consumer = await Consumer.start(owner, 'dubbo3');
    await referTri(consumer, proxy.port);
  });

  for (const [name, check] of Object.entries(TRI_CHECKS)) test(name, CASE_TIMEOUT, () => check(consumer));

  test('an attachment decides who answers', CASE_TIMEOUT, async () => {
    assert.equal((await consumer.who('call', { colour: 'gray' })).provider, 'gray');
    assert.equal((await consumer.who('call', { colour: 'green' })).provider, 'one');
    assert.equal((await consumer.who('call')).provider, 'one');
  });

  test('an attachment with capital letters is routed by its name in small ones, and arrives as it was', CASE_TIMEOUT, async () => {
    const { provider, attachments } = await consumer.who('call', { Colour: 'gray' });
    assert.deepEqual([provider, attachments['Colour']], ['gray', 'gray']);
  });

  test('the group decides who answers', CASE_TIMEOUT, async () => {
    await consumer.refer({ on: 'grouped', service: 'CallService', url: `tri://127.0.0.1:${proxy.port}`, group: 'g', version: '1.0.0' });
    assert.equal((await consumer.who('grouped')).provider, 'grouped');
  });

  test('a service that no route takes is refused with a reason', CASE_TIMEOUT, async () => {
    await consumer.refer({ on: 'unrouted', service: 'ListenService', url: `tri://127.0.0.1:${proxy.port}` });
    await assert.rejects(consumer.call({ on: 'unrouted', method: 'publish', args: ['key', 'news'] }), (error) => {
      assert(error instanceof PeerError);
      assert.match(error.message, /UNIMPLEMENTED : .*no route/);
      return true;
    });
  });

  test('nothing is left when the caller is gone', CASE_TIMEOUT, async () => {
    await consumer.kill();
    await nothingIsLeft(proxy);
  });
});

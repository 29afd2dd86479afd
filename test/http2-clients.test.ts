import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { localCertificate } from './support/certificates.ts';
import { assertExchanges } from './support/http2-checks.ts';
import { CLIENTS, Http2Clients } from './support/http2-client-set.ts';
import { nothingIsLeft } from './support/http2-left.ts';
import { runH2load } from './support/http2-load.ts';
import { http2Bootstrap, http2Entries, http2UpstreamTls } from './support/http2-mesh.ts';
import { patternBytes, startNodeOrigin } from './support/http2-node-origin.ts';
import { ORIGINS, startOrigin } from './support/http2-origins.ts';
import { requireHttp2 } from './support/http2-requirements.ts';
import { suiteOwner } from './support/owner.ts';
import { Polywire } from './support/polywire.ts';

// Other people's HTTP/2 on both sides of the proxy: what a caller gets must be what it gets without one (http2-peers.test.ts).

const EXCHANGES_TIMEOUT = { timeout: 180_000 };

describe('HTTP/2 through the proxy', { skip: requireHttp2('nghttp2', 'curl', 'go', 'python') }, () => {
  const owner = suiteOwner();
  let clients: Http2Clients;
  let proxy: Polywire;

  before(async () => {
    const certificate = localCertificate(owner);
    clients = await Http2Clients.start(owner);
    const entries = [{ host: 'secure-node.example', endpoints: [{ port: (await startNodeOrigin(owner, { tls: certificate })).port }] }];
    for (const name of ORIGINS) entries.push({ host: `${name}.example`, endpoints: [{ port: await startOrigin(owner, name) }] });
    proxy = await Polywire.start(owner, {
      'polywire.yaml': http2Bootstrap([{ name: 'plain' }, { name: 'secure', tls: { cert: 'cert.pem', key: 'key.pem' } }]),
      'mesh/origins.yaml': http2Entries(entries),
      'mesh/tls.yaml': http2UpstreamTls('secure-node.example'),
      'cert.pem': certificate.cert,
      'key.pem': certificate.key,
    });
  });

  for (const client of CLIENTS) {
    for (const server of ORIGINS) {
      test(`${client} asks ${server}`, EXCHANGES_TIMEOUT, async () => {
        const target = { origin: `http://127.0.0.1:${proxy.portOf('plain')}`, authority: `${server}.example:8080` };
        await assertExchanges(clients.get(client), server, target);
      });
    }

    test(`${client} asks node, by TLS on both sides`, EXCHANGES_TIMEOUT, async () => {
      const target = { origin: `https://127.0.0.1:${proxy.portOf('secure')}`, authority: 'secure-node.example:8080' };
      await assertExchanges(clients.get(client), 'node', target);
    });
  }

  for (const server of ['node', 'go'] as const) {
    test(`many padded requests with priorities share a connection to ${server}`, EXCHANGES_TIMEOUT, async () => {
      const bodies = Array.from({ length: 40 }, (_, i) => patternBytes(i * 5_000));
      const origin = `http://127.0.0.1:${proxy.portOf('plain')}`;
      const requests = bodies.map((body) => ({ origin, authority: `${server}.example`, path: '/echo', method: 'POST', body }));
      const answers = await clients.python.exchange(requests, { padding: 100, priority: true, window: 20_000, tableBytes: 0 });
      assert.deepEqual(
        answers.map((answer, i) => [answer.status, answer.body.equals(bodies[i] ?? Buffer.alloc(0))]),
        bodies.map(() => [200, true]),
      );
    });
  }

  for (const server of ORIGINS) {
    test(`h2load gets what it asks ${server} for`, EXCHANGES_TIMEOUT, async () => {
      const load = { port: proxy.portOf('plain'), authority: `${server}.example`, requests: 5_000, connections: 8, streams: 32 };
      const { done, succeeded, failed } = await runH2load(load);
      assert.deepEqual({ done, succeeded, failed }, { done: 5_000, succeeded: 5_000, failed: 0 });
    });
  }

  test('an empty header arrives', async () => {
    const origin = `http://127.0.0.1:${proxy.portOf('plain')}`;
    const { body } = await clients.python.send({ origin, authority: 'node.example', path: '/request', headers: { 'x-empty': '' } });
    assert.equal(JSON.parse(body.toString()).headers['x-empty'], '');
  });

  test('nothing is left when the callers are gone', () => nothingIsLeft(proxy));
});

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { assertExchanges } from './support/http2-checks.ts';
import { CLIENTS, Http2Clients } from './support/http2-client-set.ts';
import { GrpcConsumer, type GrpcProvider, startGrpcProvider } from './support/http2-grpc.ts';
import { GRPC_CHECKS } from './support/http2-grpc-checks.ts';
import { H2SPEC_CASES, h2specFailures, runH2spec } from './support/http2-h2spec.ts';
import { INTEROP_CASES, runInterop, startInteropServer } from './support/http2-interop.ts';
import { runH2load } from './support/http2-load.ts';
import { patternBytes } from './support/http2-node-origin.ts';
import { ORIGINS, type OriginName, startOrigin } from './support/http2-origins.ts';
import { requireHttp2 } from './support/http2-requirements.ts';
import { referTri, TRI_CHECKS } from './support/http2-tri-checks.ts';
import { suiteOwner } from './support/owner.ts';
import { Consumer, Provider } from './support/peers.ts';
import { freePort } from './support/ports.ts';
import { requireJava } from './support/requirements.ts';

// What the peers do without a proxy between them: the baseline of every test that has one.

describe('HTTP/2 peers, directly', { skip: requireHttp2('nghttp2', 'curl', 'go', 'python') }, () => {
  const owner = suiteOwner();
  const ports = new Map<OriginName, number>();
  let clients: Http2Clients;

  before(async () => {
    clients = await Http2Clients.start(owner);
    for (const name of ORIGINS) ports.set(name, await startOrigin(owner, name));
  });

  const originOf = (name: OriginName) => `http://127.0.0.1:${ports.get(name)}`;

  for (const client of CLIENTS) {
    for (const server of ORIGINS) {
      test(`${client} asks ${server}`, async () => {
        await assertExchanges(clients.get(client), server, { origin: originOf(server), authority: 'calls.example:8080' });
      });
    }
  }

  for (const server of ['node', 'go'] as const) {
    test(`many padded requests with priorities share a connection to ${server}`, async () => {
      const bodies = Array.from({ length: 40 }, (_, i) => patternBytes(i * 5_000));
      const requests = bodies.map((body) => ({ origin: originOf(server), path: '/echo', method: 'POST', body }));
      const answers = await clients.python.exchange(requests, { padding: 100, priority: true, window: 20_000, tableBytes: 0 });
      assert.deepEqual(
        answers.map((answer, i) => [answer.status, answer.body.equals(bodies[i] ?? Buffer.alloc(0))]),
        bodies.map(() => [200, true]),
      );
    });
  }

  for (const server of ORIGINS) {
    test(`h2load gets what it asks ${server} for`, async () => {
      const { done, succeeded, failed } = await runH2load({ port: ports.get(server) ?? 0, requests: 2_000, streams: 32 });
      assert.deepEqual({ done, succeeded, failed }, { done: 2_000, succeeded: 2_000, failed: 0 });
    });
  }
});

describe('h2spec, directly', { skip: requireHttp2('nghttp2', 'go') }, () => {
  test('nghttpd passes all of its cases but one', async (t) => {
    const cases = await runH2spec({ port: await startOrigin(t, 'nghttpd') });
    assert.equal(cases.length, H2SPEC_CASES);
    // It takes a smaller stream id for one of a stream that was closed long ago.
    assert.deepEqual(
      h2specFailures(cases).map((line) => line.split(' ')[0]),
      ['http2/5.1.1/2'],
    );
  });
});

describe('gRPC interop, directly', { skip: requireHttp2('go') }, () => {
  const owner = suiteOwner();
  let port: number;
  before(async () => {
    port = await startInteropServer(owner);
  });

  for (const each of INTEROP_CASES) test(each, () => runInterop(each, { port }));
});

describe('grpc-js, directly', () => {
  const owner = suiteOwner();
  let provider: GrpcProvider;
  let consumer: GrpcConsumer;
  before(async () => {
    provider = await startGrpcProvider(owner);
    consumer = new GrpcConsumer(owner, provider);
  });

  for (const [name, check] of Object.entries(GRPC_CHECKS)) test(name, () => check(consumer, provider));
});

describe('dubbo3 over tri, directly', { skip: requireJava() }, () => {
  const owner = suiteOwner();
  let consumer: Consumer;
  before(async () => {
    const port = await freePort();
    await Provider.start(owner, 'dubbo3', { exports: [{ name: 'one', port, protocol: 'tri' }] });
    consumer = await Consumer.start(owner, 'dubbo3');
    await referTri(consumer, port);
  });

  for (const [name, check] of Object.entries(TRI_CHECKS)) test(name, () => check(consumer));
});

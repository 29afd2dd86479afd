import assert from 'node:assert/strict';
import type { ServerHttp2Stream } from 'node:http2';
import { describe, test } from 'node:test';
import { serveBodies, startBodyOrigin, startNodeServer } from './support/http2-body-origin.ts';
import { AUTHORITY, Http2Proxy } from './support/http2-proxy.ts';
import { begin, openSession, outcome } from './support/http2-session.ts';

// The proxy answers 503 where a request would need a connection more than `upstream.maxConnections` allows.
const CONNECTIONS = { upstream: { maxConnections: 60 }, defaultTimeout: '5m' };

describe('thousands of requests at the same time', { concurrency: 2, timeout: 240_000 }, () => {
  test('5,000 over 50 connections are open at once and all answered, with services of 100 streams a connection', async (t) => {
    const waiting: ServerHttp2Stream[] = [];
    const service = await startNodeServer(t, (stream) => waiting.push(stream), { settings: { maxConcurrentStreams: 100 } });
    const proxy = await Http2Proxy.start(t, { services: [{ ports: [service.port] }], bootstrap: CONNECTIONS });
    const sessions = await Promise.all(Array.from({ length: 50 }, () => openSession(t, proxy.origin)));
    const before = await proxy.residentBytes();
    const outcomes = Promise.all(sessions.flatMap((session) => Array.from({ length: 100 }, () => outcome(begin(session)))));
    await proxy.until('all of them are at the service', () => waiting.length === 5_000);
    const open = await proxy.stats();
    const each = (open.sum('polywire_resident_memory_bytes') - before) / 5_000;
    t.diagnostic(`${(each / 1024).toFixed(1)} KiB of memory for each, ${service.accepted()} connections to the service`);
    assert.deepEqual([open.sum('polywire_http2_upstream_open_streams'), open.sum('polywire_requests_active')], [5_000, 5_000]);
    assert.equal(service.accepted(), 50);
    for (const stream of waiting) {
      stream.respond({ ':status': 200 });
      stream.end('answered');
    }
    assert.deepEqual(tally(await outcomes), { 200: 5_000 });
    await proxy.idle();
  });

  for (const [streams, connections] of [
    [2_000, 2],
    [1_000, 1],
  ] as const) {
    test(`${streams} on ${connections === 1 ? 'one connection' : `${connections} connections`} are all answered, with services of 100 streams a connection`, async (t) => {
      const origin = await startBodyOrigin(t, { settings: { maxConcurrentStreams: 100 } });
      const proxy = await Http2Proxy.start(t, { services: [{ ports: [origin.port] }], bootstrap: CONNECTIONS });
      const sessions = await Promise.all(Array.from({ length: connections }, () => openSession(t, proxy.origin)));
      const outcomes = await Promise.all(
        sessions.flatMap((session) =>
          Array.from({ length: streams / connections }, (_, seed) =>
            outcome(begin(session, { path: '/echo', body: { seed, bytes: 1 + seed * 20 } })),
          ),
        ),
      );
      assert.deepEqual(tally(outcomes), { 200: streams });
      await proxy.idle();
    });
  }

  test('with services of one stream a connection, each is answered by the service or told that there is no room', async (t) => {
    const waiting: ServerHttp2Stream[] = [];
    const service = await startNodeServer(
      t,
      (stream, headers) => {
        if (headers[':path'] === '/wait') waiting.push(stream);
        else serveBodies(stream, headers);
      },
      { settings: { maxConcurrentStreams: 1 } },
    );
    const proxy = await Http2Proxy.start(t, { services: [{ ports: [service.port] }], bootstrap: CONNECTIONS });
    const session = await openSession(t, proxy.origin);
    // Until a service said how many it takes, it is taken to take more.
    assert.equal(await outcome(begin(session)), '200');
    const asked = Array.from({ length: 500 }, () => begin(session, { path: '/wait' }));
    let told = 0;
    const outcomes = Promise.all(asked.map((stream) => outcome(stream).finally(() => told++)));
    await proxy.until('those with room are at the service, and the others have their answers', () => told + waiting.length === 500);
    assert.ok(waiting.length > 1);
    for (const stream of waiting) {
      stream.respond({ ':status': 200 });
      stream.end();
    }
    const ends = tally(await outcomes);
    t.diagnostic(JSON.stringify(ends));
    assert.equal((ends['200'] ?? 0) + (ends['503'] ?? 0), 500);
    assert.equal(ends['200'], waiting.length);
    await proxy.idle();
    for (let again = 0; again < 50; again++) assert.equal(await outcome(begin(session)), '200');
  });

  test('callers that open more than they may are refused those, and no others', async (t) => {
    const origin = await startBodyOrigin(t);
    const proxy = await Http2Proxy.start(t, { services: [{ ports: [origin.port] }], settings: { 'max-concurrent-streams': 10 } });
    const session = await openSession(t, proxy.origin);
    await outcome(begin(session));
    assert.equal(session.remoteSettings.maxConcurrentStreams, 10);
    // node:http2 waits until it may.
    const outcomes = await Promise.all(
      Array.from({ length: 500 }, () => outcome(begin(session, { headers: { ':authority': AUTHORITY } }))),
    );
    assert.deepEqual(tally(outcomes), { 200: 500 });
    assert.equal((await proxy.idle()).sum('polywire_http2_refused_streams_total'), 0);
  });
});

function tally(outcomes: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const each of outcomes) counts[each] = (counts[each] ?? 0) + 1;
  return counts;
}

import assert from 'node:assert/strict';
import type { ClientHttp2Session, ClientHttp2Stream, ServerHttp2Stream } from 'node:http2';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Noise, noiseSum, sumOf } from './support/http2-bodies.ts';
import { type NodeServer, serveBodies, startBodyOrigin, startNodeServer } from './support/http2-body-origin.ts';
import { AUTHORITY, Http2Proxy, type Http2ProxyOptions } from './support/http2-proxy.ts';
import { startRelay } from './support/http2-relay.ts';
import { begin, finish, openSession, outcome, watch } from './support/http2-session.ts';
import { besideVictim } from './support/http2-victim.ts';

const MIB = 1024 * 1024;
/** Long enough for a victim that waits to be noticed. */
const SLOW_MILLISECONDS = 1500;
const STREAMS = 40;
const BODY_BYTES = 3 * MIB;
/**
 * Of the proxy, while 120 MiB want to pass. It may hold one stream's window, 256 KiB, on either side of each of 40 streams, which makes
 * 20 MiB; the rest is what V8 did not collect yet.
 */
const MOST_GROWTH = 48 * MIB;
/** More than the windows between the service and the caller. */
const SLOWLY_READ_BYTES = 1_000_000;
const TRICKLES = 20;
const TRICKLED_BYTES = 50;

describe('slow peers beside a caller that shares their connections', { concurrency: 3, timeout: 240_000 }, () => {
  test('a caller that does not read some of its streams gets the others as before, and all bytes once it reads', async (t) => {
    const { origin, proxy, session } = await start(t);
    const stalled = Array.from({ length: STREAMS }, (_, seed) => begin(session, { path: `/down/${BODY_BYTES}/${seed}` }));
    t.diagnostic(
      await besideVictim(proxy, session, async () => {
        await bounded(proxy, () => slowly());
        await proxy.until('all are open', (stats) => stats.sum('polywire_http2_downstream_open_streams') >= STREAMS);
      }),
    );
    assert.equal(origin.accepted(), 1, 'everything shared one connection');
    await readOrCancel(stalled);
    await proxy.idle();
  });

  test('a service that does not read some of its streams answers the others as before, and gets all bytes once it reads', async (t) => {
    const deaf: ServerHttp2Stream[] = [];
    const service = await startNodeServer(t, (stream, headers) => {
      if (headers[':path'] === '/deaf') deaf.push(stream);
      else serveBodies(stream, headers);
    });
    const { proxy, session } = await start(t, {}, service);
    const uploads = Array.from({ length: STREAMS }, (_, seed) => begin(session, { path: '/deaf', body: { seed, bytes: BODY_BYTES } }));
    t.diagnostic(await besideVictim(proxy, session, () => bounded(proxy, () => slowly())));
    assert.deepEqual([service.accepted(), deaf.length], [1, STREAMS]);
    const kept = deaf.slice(0, 10).map(async (stream) => {
      const sum = await sumOf(stream);
      stream.respond({ ':status': 200 });
      stream.end();
      return sum.sha256;
    });
    for (const stream of deaf.slice(10)) stream.close();
    const outcomes = await Promise.all(uploads.map(outcome));
    assert.equal(outcomes.filter((each) => each === '200').length, 10);
    const wanted = new Set(Array.from({ length: STREAMS }, (_, seed) => noiseSum(seed, BODY_BYTES).sha256));
    const sums = new Set(await Promise.all(kept));
    assert.equal(sums.size, 10);
    for (const sum of sums) assert.ok(wanted.has(sum), 'other bytes than were sent');
    await proxy.idle();
  });

  test('bodies that come byte by byte, from callers and services, arrive and delay nobody', async (t) => {
    const service = await startNodeServer(t, (stream, headers) => {
      if (headers[':path'] !== '/trickle') return serveBodies(stream, headers);
      stream.respond({ ':status': 200 });
      void trickle(stream, 1);
    });
    const { proxy, session } = await start(t, {}, service);
    t.diagnostic(
      await besideVictim(proxy, session, async () => {
        const each = Array.from({ length: TRICKLES }, () => [
          finish(begin(session, { path: '/trickle' })),
          finish(slowUpload(session, '/echo')),
        ]);
        const wanted = noiseSum(1, TRICKLED_BYTES);
        for (const { bytes, sha256 } of await Promise.all(each.flat())) assert.deepEqual({ bytes, sha256 }, wanted);
      }),
    );
    assert.equal(service.accepted(), 1);
    await proxy.idle();
  });

  test('a caller that reads nothing from its socket holds nobody up who shares the connection to the service', async (t) => {
    const { origin, proxy, session } = await start(t);
    const relay = await startRelay(t, proxy.port);
    const other = await openSession(t, `http://127.0.0.1:${relay.port}`);
    relay.stallAnswers();
    const stalled = Array.from({ length: STREAMS }, (_, seed) => begin(other, { path: `/down/${BODY_BYTES}/${seed}` }));
    t.diagnostic(await besideVictim(proxy, session, () => bounded(proxy, () => slowly())));
    assert.equal(origin.accepted(), 1, 'everything shared one connection');
    relay.resume();
    await readOrCancel(stalled);
    await proxy.idle();
  });

  test('a caller for whom more waits than may wait loses streams, and nothing of them stays', async (t) => {
    const { proxy, session } = await start(t, { bootstrap: { limits: { downstreamQueueBytes: '1MiB' } } });
    const relay = await startRelay(t, proxy.port);
    const other = await openSession(t, `http://127.0.0.1:${relay.port}`);
    relay.stallAnswers();
    const stalled = Array.from({ length: STREAMS }, (_, seed) => begin(other, { path: `/down/${BODY_BYTES}/${seed}` }));
    const outcomes = Promise.all(stalled.map(outcome));
    await besideVictim(proxy, session, async () => {
      await proxy.until('some are given up', (stats) => stats.sum('polywire_http2_stalled_streams_total') > 0);
      await slowly();
    });
    assert.ok((await proxy.stats()).sum('polywire_http2_queued_bytes') <= 2 * MIB);
    relay.resume();
    const ended = await outcomes;
    assert.ok(ended.includes('200') && ended.some((each) => each !== '200'), `${ended}`);
    await proxy.idle();
  });

  test('where more waits for callers than a connection to a service may hold, some lose their answers, and others notice nothing', async (t) => {
    const { origin, proxy, session } = await start(t, {}, undefined, { 'held-bytes': '1MiB' });
    const stalled = Array.from({ length: STREAMS }, (_, seed) => begin(session, { path: `/down/${BODY_BYTES}/${seed}` }));
    t.diagnostic(await besideVictim(proxy, session, () => bounded(proxy, () => slowly())));
    assert.equal(origin.accepted(), 1);
    const ended = await Promise.all(stalled.map(outcome));
    assert.ok(ended.includes('200') && ended.includes('code 11'), `${ended}`);
    await proxy.idle();
  });

  test('a service that reads nothing from its socket costs its own requests alone, and those as long as they may take', async (t) => {
    const service = await startBodyOrigin(t);
    const relay = await startRelay(t, service.port);
    const { proxy, session } = await start(t, {
      services: [{ ports: [(await startBodyOrigin(t)).port] }, { host: 'deaf.test', ports: [relay.port] }],
      bootstrap: { defaultTimeout: '3s' },
    });
    const headers = { ':authority': 'deaf.test' };
    assert.equal(await outcome(begin(session, { headers })), '200');
    relay.stallRequests();
    await besideVictim(proxy, session, () =>
      bounded(proxy, async () => {
        const asks = Array.from({ length: STREAMS }, (_, seed) =>
          begin(session, { path: '/sum', headers, body: { seed, bytes: BODY_BYTES } }),
        );
        assert.deepEqual(new Set(await Promise.all(asks.map(outcome))), new Set(['504']));
      }),
    );
    await proxy.idle();
    relay.resume();
    assert.equal(await outcome(begin(session, { headers })), '200');
  });

  test('streams whose caller stopped reading are given up after their idle time, and the others are not', async (t) => {
    const { proxy, session } = await start(t, { bootstrap: { limits: { streamIdleTimeout: '1500ms' } } });
    const stalled = Array.from({ length: STREAMS }, (_, seed) => begin(session, { path: `/down/${BODY_BYTES}/${seed}` }));
    const reading = finish(slowRead(begin(session, { path: `/down/${SLOWLY_READ_BYTES}/7` })));
    await besideVictim(proxy, session, async () => {
      await proxy.until('all of them are over', (stats) => stats.sum('polywire_http2_downstream_open_streams') <= 2);
      await slowly();
    });
    assert.equal((await reading).sha256, noiseSum(7, SLOWLY_READ_BYTES).sha256);
    for (const each of await Promise.all(stalled.map(outcome))) assert.notEqual(each, '200');
    await proxy.idle();
  });

  test('a request whose body stops coming is answered after its time, and one whose body comes slowly is not', async (t) => {
    const { proxy, session } = await start(t, { bootstrap: { defaultTimeout: `${SLOW_MILLISECONDS}ms` } });
    const stopped = begin(session, { path: '/sum', headers: { ':method': 'POST' }, trailers: {} });
    const slow = finish(slowUpload(session, '/sum', 2 * SLOW_MILLISECONDS));
    const unfinished = watch(session.request({ ':method': 'POST', ':authority': AUTHORITY, ':path': '/sum' }));
    unfinished.write('begun');
    assert.equal(await outcome(stopped), '200');
    assert.equal(await outcome(unfinished), '504');
    assert.equal((await slow).status, 200);
    await proxy.idle();
  });
});

async function start(
  t: TestContext,
  options: Partial<Http2ProxyOptions> = {},
  origin?: NodeServer,
  settings: Readonly<Record<string, string>> = {},
): Promise<{ origin: NodeServer; proxy: Http2Proxy; session: ClientHttp2Session }> {
  const service = origin ?? (await startBodyOrigin(t));
  const proxy = await Http2Proxy.start(t, { services: [{ ports: [service.port], settings }], ...options });
  const session = await openSession(t, proxy.origin);
  return { origin: service, proxy, session };
}

/** The proxy's memory stays within bounds while something goes on. */
async function bounded(proxy: Http2Proxy, trouble: () => Promise<void>): Promise<void> {
  const before = await proxy.residentBytes();
  await trouble();
  const grown = (await proxy.residentBytes()) - before;
  assert.ok(grown < MOST_GROWTH, `the proxy grew by ${(grown / MIB).toFixed(0)} MiB`);
}

/** The first ten are whole and as they were sent; the others are cancelled. */
async function readOrCancel(streams: readonly ClientHttp2Stream[]): Promise<void> {
  const answers = streams.slice(0, 10).map((stream) => finish(stream));
  for (const stream of streams.slice(10)) stream.close();
  for (const [seed, { sha256 }] of (await Promise.all(answers)).entries()) assert.equal(sha256, noiseSum(seed, BODY_BYTES).sha256);
}

function slowUpload(session: ClientHttp2Session, path: string, milliseconds = SLOW_MILLISECONDS): ClientHttp2Stream {
  const stream = watch(session.request({ ':method': 'POST', ':authority': AUTHORITY, ':path': path }));
  void trickle(stream, 1, milliseconds);
  return stream;
}

async function trickle(stream: ClientHttp2Stream | ServerHttp2Stream, seed: number, milliseconds = SLOW_MILLISECONDS): Promise<void> {
  for (const noise = new Noise(seed, TRICKLED_BYTES); noise.left > 0 && !stream.destroyed; ) {
    stream.write(noise.next(1));
    await sleep(milliseconds / TRICKLED_BYTES);
  }
  stream.end();
}

/** Takes something now and then. */
function slowRead(stream: ClientHttp2Stream): ClientHttp2Stream {
  const reading = setInterval(() => stream.resume(), 50);
  stream.on('data', () => stream.pause()).once('close', () => clearInterval(reading));
  return stream;
}

function slowly(): Promise<void> {
  return sleep(SLOW_MILLISECONDS);
}

import assert from 'node:assert/strict';
import type { ServerHttp2Stream } from 'node:http2';
import { constants } from 'node:http2';
import { describe, type TestContext, test } from 'node:test';
import { noiseSum, sumOf } from './support/http2-bodies.ts';
import { type NodeServer, serveBodies, startNodeServer } from './support/http2-body-origin.ts';
import { Http2Proxy } from './support/http2-proxy.ts';
import { begin, exchange, openSession, outcome } from './support/http2-session.ts';

const { NGHTTP2_NO_ERROR, NGHTTP2_REFUSED_STREAM, NGHTTP2_PROTOCOL_ERROR } = constants;

/** A request as a service saw it. */
interface Seen {
  readonly stream: ServerHttp2Stream;
  readonly path: string;
  /** 1: nobody saw this path before. */
  readonly attempt: number;
}

describe('services that do not do what was asked of them', { concurrency: 3, timeout: 240_000 }, () => {
  test('GOAWAY in the middle of requests: what was not done is asked again elsewhere, what was begun is waited for', async (t) => {
    const { proxy, service, seen } = await start(t, ({ stream, attempt }) => {
      // Answered below when it is the first of its kind.
      if (attempt > 1) answer(stream, 'again');
    });
    const session = await openSession(t, proxy.origin);
    const asked = Array.from({ length: 20 }, (_, i) => answerText(session, { path: `/${i}` }));
    await proxy.until('all are at the service', () => seen.length === 20);
    const last = streamId(seen[9]);
    for (const each of service.sessions) each.goaway(NGHTTP2_NO_ERROR, last);
    await proxy.until('the others are asked again', () => seen.length === 30);
    for (const { stream, attempt } of seen) if (attempt === 1 && streamId({ stream }) <= last) answer(stream, 'first');
    const answers = await Promise.all(asked);
    assert.deepEqual([answers.filter((each) => each === 'first').length, answers.filter((each) => each === 'again').length], [10, 10]);
    assert.equal(service.accepted(), 2);
    assert.equal((await proxy.idle()).sum('polywire_cluster_retries_total'), 10);
    await proxy.until('the old connection is gone', (stats) => stats.sum('polywire_http2_upstream_connections') === 1);
    assert.equal((await exchange(session, { path: '/echo', body: { seed: 1, bytes: 10 } })).status, 200);
  });

  test('GOAWAY for none of them: all are asked again, with their bodies', async (t) => {
    const { proxy, service, seen } = await start(t, ({ stream, attempt }) => {
      if (attempt > 1) void sumOf(stream).then(({ sha256 }) => answer(stream, sha256));
    });
    const session = await openSession(t, proxy.origin);
    await exchange(session, { path: '/echo', body: { seed: 1, bytes: 10 } });
    const sizes = [0, 1, 1_000, 16_384, 60_000];
    const asked = sizes.map((bytes, seed) => answerText(session, { path: `/${seed}`, body: { seed, bytes } }));
    await proxy.until('all are at the service', () => seen.length === sizes.length);
    // The first one was done.
    for (const each of service.sessions) each.goaway(NGHTTP2_NO_ERROR, 1);
    assert.deepEqual(
      await Promise.all(asked),
      sizes.map((bytes, seed) => noiseSum(seed, bytes).sha256),
    );
    await proxy.idle();
  });

  test('GOAWAY at every moment of a load loses no request and asks for none twice that was done', async (t) => {
    const done = new Map<string, number>();
    const lastDone = new Map<object, number>();
    let count = 0;
    const { proxy, service } = await start(t, ({ stream, path }) => {
      count++;
      const { session } = stream;
      if (session === undefined) return;
      const last = lastDone.get(session);
      if (count % 37 === 0 && last !== undefined) session.goaway(NGHTTP2_NO_ERROR, last);
      setTimeout(() => {
        if (stream.destroyed) return;
        done.set(path, (done.get(path) ?? 0) + 1);
        lastDone.set(session, Math.max(lastDone.get(session) ?? 0, streamId({ stream })));
        answer(stream, path);
      }, count % 3);
    });
    const sessions = await Promise.all([1, 2, 3].map(() => openSession(t, proxy.origin)));
    const outcomes = await Promise.all(
      sessions.map(async (session, caller) => {
        const ends: string[] = [];
        for (let round = 0; round < 50; round++) {
          ends.push(...(await Promise.all([0, 1, 2, 3].map((i) => outcome(begin(session, { path: `/${caller}-${round}-${i}` }))))));
        }
        return ends;
      }),
    );
    const others = outcomes.flat().filter((each) => each !== '200');
    // A request that is refused by GOAWAY again and again is told so.
    assert.ok(others.every((each) => each === '503') && others.length < 30, `${others}`);
    assert.equal([...done.values()].filter((times) => times > 1).length, 0);
    assert.ok(service.accepted() > 5);
    await proxy.idle();
  });

  test('GOAWAY with an error and a close: what was not done is asked again, the rest fails visibly', async (t) => {
    const { proxy, service, seen } = await start(t, ({ stream, attempt }) => {
      if (attempt > 1) answer(stream, 'again');
    });
    const session = await openSession(t, proxy.origin);
    const asked = Array.from({ length: 10 }, (_, i) => outcome(begin(session, { path: `/${i}` })));
    await proxy.until('all are at the service', () => seen.length === 10);
    for (const each of service.sessions) {
      each.goaway(NGHTTP2_PROTOCOL_ERROR, streamId(seen[4]));
      setImmediate(() => each.destroy());
    }
    const ends = await Promise.all(asked);
    assert.deepEqual([ends.filter((each) => each === '502').length, ends.filter((each) => each === '200').length], [5, 5]);
    await proxy.idle();
  });

  test('REFUSED_STREAM: asked again up to three times, with its body, then the caller is told', async (t) => {
    const attempts = new Map<string, number>();
    const { proxy } = await start(t, ({ stream, path, attempt }) => {
      attempts.set(path, attempt);
      if (attempt === 1 || path.startsWith('/never')) stream.close(NGHTTP2_REFUSED_STREAM);
      else void sumOf(stream).then(({ sha256 }) => answer(stream, sha256));
    });
    const session = await openSession(t, proxy.origin);
    const kept = [0, 1, 30_000].map((bytes, seed) => answerText(session, { path: `/once-${seed}`, body: { seed, bytes } }));
    assert.deepEqual(
      await Promise.all(kept),
      [0, 1, 30_000].map((bytes, seed) => noiseSum(seed, bytes).sha256),
    );
    assert.equal(await outcome(begin(session, { path: '/never' })), '503');
    assert.equal(attempts.get('/never'), 4);
    await proxy.idle();
  });

  test('REFUSED_STREAM behind more of a body than is kept is not asked again, and the caller is told', async (t) => {
    const { proxy, seen } = await start(t, ({ stream }) => {
      let bytes = 0;
      stream.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > 100_000 && !stream.closed) stream.close(NGHTTP2_REFUSED_STREAM);
      });
    });
    const session = await openSession(t, proxy.origin);
    assert.equal(await outcome(begin(session, { path: '/large', body: { seed: 1, bytes: 1_000_000 } })), '503');
    assert.equal(seen.length, 1);
    await proxy.idle();
  });

  test('REFUSED_STREAM behind the head of an answer is passed on as a failure', async (t) => {
    const { proxy, seen } = await start(t, ({ stream }) => {
      stream.respond({ ':status': 200 });
      stream.write('begun', () => stream.close(NGHTTP2_REFUSED_STREAM));
    });
    const session = await openSession(t, proxy.origin);
    // node:http2 may end what it began.
    assert.match(await outcome(begin(session, { path: '/begun' })), /^(200|code [1-9])/);
    assert.equal(seen.length, 1);
    await proxy.idle();
  });

  test('an answer before the end of its request arrives whole, and stops the request', async (t) => {
    const { proxy } = await start(t, ({ stream }) => {
      stream.once('data', () => {
        stream.respond({ ':status': 413 });
        stream.end('too much', () => stream.close(NGHTTP2_NO_ERROR));
      });
    });
    const session = await openSession(t, proxy.origin);
    for (let i = 0; i < 10; i++) {
      const asked = begin(session, { path: `/${i}`, body: { seed: 1, bytes: 50_000_000 } });
      assert.equal(await outcome(asked), '413');
    }
    await proxy.idle();
  });
});

async function start(
  t: TestContext,
  handle: (seen: Seen) => void,
): Promise<{ proxy: Http2Proxy; service: NodeServer; seen: readonly Seen[] }> {
  const seen: Seen[] = [];
  const attempts = new Map<string, number>();
  const service = await startNodeServer(t, (stream, headers) => {
    const path = String(headers[':path']);
    if (path === '/echo') return serveBodies(stream, headers);
    const attempt = (attempts.get(path) ?? 0) + 1;
    attempts.set(path, attempt);
    const each = { stream, path, attempt };
    seen.push(each);
    handle(each);
  });
  return { proxy: await Http2Proxy.start(t, { services: [{ ports: [service.port] }] }), service, seen };
}

function answer(stream: ServerHttp2Stream, text: string): void {
  if (stream.destroyed) return;
  stream.resume();
  stream.respond({ ':status': 200 });
  stream.end(text);
}

function streamId(seen: Pick<Seen, 'stream'> | undefined): number {
  return seen?.stream.id ?? assert.fail('no stream');
}

async function answerText(...ask: Parameters<typeof begin>): Promise<string> {
  const stream = begin(...ask);
  let text = '';
  stream.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  assert.equal(await outcome(stream), '200');
  return text;
}

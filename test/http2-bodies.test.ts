import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { ClientHttp2Session, ServerHttp2Stream } from 'node:http2';
import { constants } from 'node:http2';
import type { Duplex } from 'node:stream';
import { before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Noise, noiseSum, sumOf } from './support/http2-bodies.ts';
import { type NodeServer, serveBodies, startBodyOrigin, startNodeServer, TRAILERS } from './support/http2-body-origin.ts';
import { patternBytes } from './support/http2-node-origin.ts';
import { startOrigin } from './support/http2-origins.ts';
import { AUTHORITY, Http2Proxy } from './support/http2-proxy.ts';
import { PythonHttp2Client } from './support/http2-python-client.ts';
import { requireHttp2 } from './support/http2-requirements.ts';
import { begin, exchange, exchangeJson, finish, openSession } from './support/http2-session.ts';
import { suiteOwner } from './support/owner.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
/** Around the ends of frames and of windows that nobody changed. */
const SIZES = [0, 1, 16_383, 16_384, 16_385, 65_535, 65_536, 65_537, MIB];
/** Of the proxy, while 128 MiB pass: windows on both sides, and what was not collected yet. */
const MOST_GROWTH = 64 * MIB;
/** In which data comes where there is a window for it. */
const MOVE_MILLISECONDS = 30_000;
const LARGEST_FRAME = 2 ** 24 - 1;

describe('bodies', { timeout: 240_000 }, () => {
  const owner = suiteOwner();
  let origin: NodeServer;
  let proxy: Http2Proxy;

  before(async () => {
    origin = await startBodyOrigin(owner);
    proxy = await Http2Proxy.start(owner, { services: [{ ports: [origin.port] }] });
  });

  describe('through the proxy', { concurrency: 3 }, () => {
    test('arrive as they were sent, with and without lengths and trailers, all at once on one connection', async (t) => {
      await assertAllShapes(await openSession(t, proxy.origin), SIZES);
    });

    test('arrive as they were sent when both sides pad all frames', async (t) => {
      const paddingStrategy = constants.PADDING_STRATEGY_MAX;
      const padded = await startBodyOrigin(t, { paddingStrategy });
      const other = await Http2Proxy.start(t, { services: [{ ports: [padded.port] }] });
      await assertAllShapes(await openSession(t, other.origin, { paddingStrategy }), SIZES.slice(0, 8));
      await other.idle();
    });

    test('arrive as they were sent by a client that pads by every length there is', { skip: requireHttp2('python') }, async (t) => {
      const python = await PythonHttp2Client.start(t);
      for (const padding of [1, 7, 254]) {
        const bodies = SIZES.slice(0, 8).map((size) => patternBytes(size));
        const requests = bodies.map((body) => ({ origin: proxy.origin, authority: AUTHORITY, path: '/echo', method: 'POST', body }));
        const answers = await python.exchange(requests, { padding, window: 30_000 });
        assert.deepEqual(
          answers.map(({ body }, i) => body.equals(bodies[i] ?? Buffer.alloc(0))),
          bodies.map(() => true),
        );
      }
    });

    test('of 64 MiB pass both ways at the same time in little memory', async (t) => {
      // Of its own: the others need memory, too.
      const other = await Http2Proxy.start(t, { services: [{ ports: [origin.port] }] });
      const session = await openSession(t, other.origin);
      await exchange(session, { path: `/down/${8 * MIB}/1` });
      const before = await other.residentBytes();
      let most = before;
      const watching = { over: false };
      const watch = (async () => {
        for (; !watching.over; await sleep(50)) most = Math.max(most, await other.residentBytes());
      })();
      const large = 64 * MIB;
      const began = performance.now();
      const [down, up] = await Promise.all([
        exchange(session, { path: `/down/${large}/7`, headers: { 'x-length': 'yes' } }),
        exchangeJson(session, { path: '/sum', body: { seed: 8, bytes: large, length: true } }),
      ]);
      watching.over = true;
      await watch;
      t.diagnostic(`128 MiB in ${(performance.now() - began).toFixed(0)} ms, ${((most - before) / MIB).toFixed(0)} MiB more memory`);
      assert.deepEqual([down.bytes, down.sha256, down.headers['content-length']], [large, noiseSum(7, large).sha256, `${large}`]);
      assert.deepEqual([up['bytes'], up['sha256']], [large, noiseSum(8, large).sha256]);
      assert.ok(most - before < MOST_GROWTH, `the proxy grew by ${((most - before) / MIB).toFixed(0)} MiB`);
    });

    for (const server of ['nghttpd', 'go'] as const) {
      test(`pass to and from ${server}`, { skip: requireHttp2('nghttp2', 'go') }, async (t) => {
        const port = await startOrigin(t, server);
        const other = await Http2Proxy.start(t, { services: [{ ports: [port] }] });
        const session = await openSession(t, other.origin);
        const sizes = [...SIZES.slice(1), 4 * MIB];
        const answers = await Promise.all(sizes.map((bytes, seed) => exchange(session, { path: '/echo', body: { seed, bytes } })));
        assert.deepEqual(
          answers.map(({ bytes, sha256 }) => ({ bytes, sha256 })),
          sizes.map((bytes, seed) => noiseSum(seed, bytes)),
        );
        await other.idle();
      });
    }

    test('pass through windows of few bytes, on either side or both', async (t) => {
      for (const window of [1, 100]) {
        const small = await startBodyOrigin(t, { settings: { initialWindowSize: window } });
        const other = await Http2Proxy.start(t, { services: [{ ports: [small.port] }] });
        const narrow = { settings: { initialWindowSize: window } };
        await assertAllShapes(await openSession(t, other.origin), [0, 1, 2, 700]);
        await assertAllShapes(await openSession(t, other.origin, narrow), [0, 1, 2, 700]);
        await assertAllShapes(await openSession(t, proxy.origin, narrow), [0, 1, 2, 700]);
        await other.idle();
      }
    });

    test('pass through the smallest windows and the largest frames that the proxy can be told to have', async (t) => {
      const settings = { 'stream-window': '1KiB', 'connection-window': '65535', 'max-frame-size': `${LARGEST_FRAME}` };
      const other = await Http2Proxy.start(t, { services: [{ ports: [origin.port], settings }], settings });
      await assertAllShapes(await openSession(t, other.origin), SIZES);
      await other.idle();
    });

    test('pass in frames of every size that peers can ask for', async (t) => {
      for (const maxFrameSize of [16_384, 16_385, LARGEST_FRAME]) {
        const settings = { maxFrameSize, initialWindowSize: 4 * MIB };
        const framed = await startBodyOrigin(t, { settings });
        const other = await Http2Proxy.start(t, {
          services: [{ ports: [framed.port], settings: { 'max-frame-size': `${maxFrameSize}` } }],
          settings: { 'max-frame-size': `${maxFrameSize}` },
        });
        await assertAllShapes(await openSession(t, other.origin, { settings }), [1, 3 * MIB]);
        await other.idle();
      }
    });

    test('go on when a client changes its windows in the middle, below what it got already', async (t) => {
      const session = await openSession(t, proxy.origin);
      const bytes = 4 * MIB;
      const streams = [1, 2, 3].map((seed) => begin(session, { path: `/down/${bytes}/${seed}` }));
      const answers = streams.map((stream) => finish(stream));
      await changeWindows(session, streams);
      for (const [index, { sha256 }] of (await Promise.all(answers)).entries()) assert.equal(sha256, noiseSum(index + 1, bytes).sha256);
    });

    test('go on when a service changes its windows in the middle, below what it got already', async (t) => {
      const bytes = 4 * MIB;
      const arriving: ServerHttp2Stream[] = [];
      const service = await startNodeServer(t, (stream, headers) => {
        arriving.push(stream);
        serveBodies(stream, headers);
      });
      const other = await Http2Proxy.start(t, { services: [{ ports: [service.port] }] });
      const session = await openSession(t, other.origin);
      const sums = [1, 2, 3].map((seed) => exchangeJson(session, { path: '/sum', body: { seed, bytes } }));
      await other.until('they arrive', () => arriving.length === 3);
      const [serving] = service.sessions;
      assert.ok(serving !== undefined);
      await changeWindows(serving, arriving);
      for (const [index, sum] of (await Promise.all(sums)).entries()) assert.equal(sum['sha256'], noiseSum(index + 1, bytes).sha256);
      await other.idle();
    });

    test('come with headers and trailers of many frames, either way', async (t) => {
      const long = (size: number) => Object.fromEntries(Array.from({ length: 5 }, (_, i) => [`x-long-${i}`, noiseText(i, size)]));
      const service = await startNodeServer(t, (stream, headers) => {
        const { ':path': _path, ...rest } = headers;
        const given = Object.fromEntries(Object.entries(rest).filter(([name]) => name.startsWith('x-long')));
        let trailers = {};
        stream.on('trailers', (fields: object) => {
          trailers = fields;
        });
        stream.on('wantTrailers', () => stream.sendTrailers(onlyLong(trailers)));
        void sumOf(stream).then(() => {
          stream.respond({ ':status': 200, ...given }, { waitForTrailers: true });
          stream.end('body');
        });
      });
      const other = await Http2Proxy.start(t, { services: [{ ports: [service.port] }] });
      const session = await openSession(t, other.origin);
      for (const size of [3_000, 10_000, 12_000]) {
        const many = Array.from({ length: 4 }, () =>
          exchange(session, { headers: long(size), body: { seed: 1, bytes: 10 }, trailers: long(size) }),
        );
        for (const { headers, trailers } of await Promise.all(many)) {
          assert.deepEqual(onlyLong(headers), long(size));
          assert.deepEqual(onlyLong(trailers), long(size));
        }
      }
      await other.idle();
    });
  });

  test('after all this nothing is left', async () => {
    await proxy.idle();
  });
});

/** Every combination of size, length and trailers, echoed and hashed, all at the same time. */
async function assertAllShapes(session: ClientHttp2Session, sizes: readonly number[]): Promise<void> {
  const shapes = sizes.flatMap((bytes, seed) =>
    [true, false].flatMap((length) => [true, false].map((trailers) => ({ bytes, seed, length, trailers }))),
  );
  await Promise.all(
    shapes.map(async ({ bytes, seed, length, trailers }) => {
      const more = trailers ? { trailers: TRAILERS } : {};
      const headers = { ...(length ? { 'x-length': 'yes' } : {}), ...(trailers ? { 'x-trailers': 'yes' } : {}) };
      const [echoed, summed, down] = await Promise.all([
        exchange(session, { path: '/echo', headers, body: { seed, bytes, length }, ...more }),
        exchangeJson(session, { path: '/sum', headers, body: { seed, bytes, length }, ...more }),
        exchange(session, { path: `/down/${bytes}/${seed}`, headers }),
      ]);
      const wanted = noiseSum(seed, bytes);
      const shape = JSON.stringify({ bytes, length, trailers });
      assert.deepEqual({ bytes: echoed.bytes, sha256: echoed.sha256 }, wanted, `echoed ${shape}`);
      assert.deepEqual({ bytes: down.bytes, sha256: down.sha256 }, wanted, `sent ${shape}`);
      assert.deepEqual({ bytes: summed['bytes'], sha256: summed['sha256'] }, wanted, `received ${shape}`);
      assert.deepEqual(echoed.trailers, trailers ? TRAILERS : {}, shape);
      assert.deepEqual(summed['trailers'], trailers ? TRAILERS : {}, shape);
      assert.equal(echoed.headers['content-length'], length ? `${bytes}` : undefined, shape);
      assert.equal((summed['headers'] as Record<string, string>)['content-length'], length ? `${bytes}` : undefined, shape);
    }),
  );
}

/** Windows of a session, from wide to none and back, while bodies arrive: where there is a window, something comes. */
async function changeWindows(session: Pick<ClientHttp2Session, 'settings'>, bodies: readonly Duplex[]): Promise<void> {
  let ended = 0;
  for (const body of bodies) body.setMaxListeners(0).once('end', () => ended++);
  await anyData(bodies);
  for (const initialWindowSize of [1_000, 200_000, 0, 1, 70_000, 10, 0, 65_535, 1_000_000]) {
    await new Promise<void>((resolve, reject) => {
      session.settings({ initialWindowSize }, (error) => (error ? reject(error) : resolve()));
    });
    if (initialWindowSize >= 65_535) await anyData(bodies);
  }
  assert.ok(ended < bodies.length, 'all of it came before the windows had changed');
}

async function anyData(bodies: readonly Duplex[]): Promise<void> {
  const signal = AbortSignal.timeout(MOVE_MILLISECONDS);
  await Promise.race(bodies.map((body) => once(body, 'data', { signal })));
}

function onlyLong(fields: object): Record<string, string> {
  return Object.fromEntries(Object.entries(fields).flatMap(([name, value]) => (name.startsWith('x-long') ? [[name, `${value}`]] : [])));
}

/** Text that does not compress. */
function noiseText(seed: number, size: number): string {
  return new Noise(seed, size).next(size).toString('base64').slice(0, size);
}

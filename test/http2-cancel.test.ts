import assert from 'node:assert/strict';
import type { ClientHttp2Session, ClientHttp2Stream, ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import { constants } from 'node:http2';
import type { Socket } from 'node:net';
import { before, describe, test } from 'node:test';
import { serveBodies, startNodeServer } from './support/http2-body-origin.ts';
import { MOMENTS, type Moment, MomentService, UNANSWERED } from './support/http2-moments.ts';
import { AUTHORITY, Http2Proxy } from './support/http2-proxy.ts';
import { block, data, headers, reset } from './support/http2-raw.ts';
import { RawPeer, RawService } from './support/http2-raw-peer.ts';
import { startRelay } from './support/http2-relay.ts';
import { begin, exchange, openSession, outcome, watch } from './support/http2-session.ts';
import { suiteOwner } from './support/owner.ts';

/** At each moment. */
const EACH = 6;
const MOMENT_NAMES = Object.keys(MOMENTS) as Moment[];
const AFTERWARDS = 100;

interface Stopped {
  readonly moment: Moment;
  readonly stream: ClientHttp2Stream;
  readonly serving: ServerHttp2Stream;
}

describe('exchanges that are broken off at every moment', { timeout: 240_000 }, () => {
  const owner = suiteOwner();
  let service: MomentService;
  let proxy: Http2Proxy;
  /** The proxy's, at the service. */
  const sockets = new Set<Socket>();

  before(async () => {
    service = await MomentService.start(owner);
    service.node.server.on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    });
    proxy = await Http2Proxy.start(owner, { services: [{ ports: [service.node.port] }] });
  });

  /** Exchanges that stand at each moment, all on one connection. */
  async function stopAll(session: ClientHttp2Session, name: string): Promise<Stopped[]> {
    const names = MOMENT_NAMES.flatMap((moment) => Array.from({ length: EACH }, (_, i) => ({ moment, name: `${name}-${i}` })));
    return Promise.all(
      names.map(async ({ moment, name: each }) => {
        const stream = await service.open(session, moment, each);
        const serving = service.stopped.get(`/at/${moment}/${each}`);
        assert.ok(serving !== undefined);
        return { moment, stream, serving };
      }),
    );
  }
  /** Nothing of them is left anywhere, and what comes next works. */
  async function assertOver(session: ClientHttp2Session): Promise<void> {
    await proxy.idle();
    await proxy.until('nothing goes on at the service', () => service.stopped.size === 0);
    const asks = Array.from({ length: AFTERWARDS }, (_, seed) => exchange(session, { path: '/echo', body: { seed, bytes: seed * 500 } }));
    assert.deepEqual(
      (await Promise.all(asks)).map(({ status, bytes }) => [status, bytes]),
      asks.map((_, seed) => [200, seed * 500]),
    );
    await proxy.idle();
  }

  describe('by their callers', () => {
    test('who reset their streams', async (t) => {
      const session = await openSession(t, proxy.origin);
      for (const { stream } of await stopAll(session, 'reset')) stream.close(constants.NGHTTP2_CANCEL);
      await assertOver(session);
      assert.equal(service.node.accepted(), 1, 'the connection to the service lives on');
    });

    test('who reset their streams as soon as they opened them', async (t) => {
      const session = await openSession(t, proxy.origin);
      for (let round = 0; round < 20; round++) {
        const streams = Array.from({ length: 20 }, () => begin(session, { path: '/down/100000/1' }));
        // Requests and resets leave together, or with less and less between them.
        for (let turn = 0; turn < round; turn++) await new Promise(setImmediate);
        for (const stream of streams) stream.close(constants.NGHTTP2_CANCEL);
      }
      await assertOver(session);
    });

    test('who reset their streams in the moment in which they end', async (t) => {
      const session = await openSession(t, proxy.origin);
      const stopped = (await stopAll(session, 'end')).filter(({ moment }) => moment === 'part' || moment === 'both');
      for (const { stream, serving } of stopped) {
        serving.end();
        stream.close(constants.NGHTTP2_CANCEL);
      }
      session.destroy();
      await proxy.alone();
      await assertOver(await openSession(t, proxy.origin));
    });

    test('who end their connection', async (t) => {
      const session = await openSession(t, proxy.origin);
      await stopAll(session, 'ended');
      session.destroy();
      await proxy.alone();
      await assertOver(await openSession(t, proxy.origin));
    });

    test('who end their side of the connection and say nothing', async () => {
      const path = '/at/head/silent';
      const asked = block([
        [':method', 'GET'],
        [':scheme', 'http'],
        [':authority', AUTHORITY],
        [':path', path],
      ]);
      const peer = await RawPeer.connect(proxy.port);
      peer.write(headers(1, asked));
      await proxy.until('it is at the service', () => service.stopped.has(path));
      peer.socket.end();
      await proxy.alone();
      await proxy.until('it is over at the service', () => !service.stopped.has(path));
    });

    test('whose connection breaks', async (t) => {
      const relay = await startRelay(t, proxy.port);
      await stopAll(await openSession(t, `http://127.0.0.1:${relay.port}`), 'broken');
      relay.destroy();
      await proxy.alone();
      await assertOver(await openSession(t, proxy.origin));
      assert.equal(service.node.accepted(), 1, 'the connection to the service lives on');
    });

    test('hundreds at once, while their answers are on their way, beside others on the same connection to the service', async (t) => {
      const many = 900;
      const held: ServerHttp2Stream[] = [];
      const origin = await startNodeServer(t, (stream, headers) => {
        if (headers[':path'] !== '/hold') return serveBodies(stream, headers);
        held.push(stream);
        stream.respond({ ':status': 200 });
      });
      const relay = await startRelay(t, origin.port);
      const other = await Http2Proxy.start(t, { services: [{ ports: [relay.port] }] });
      const session = await openSession(t, other.origin);
      const gone = await openSession(t, other.origin);
      // SETTINGS are here now, so that all share a connection.
      await exchange(session);
      const asked = Array.from({ length: many }, () => begin(gone, { path: '/hold' }));
      await other.until('they are at the service', () => held.length === many);
      relay.stallAnswers();
      for (const stream of held) stream.write('late');
      const others = Array.from({ length: 50 }, () => outcome(begin(session)));
      for (const stream of asked) stream.close(constants.NGHTTP2_CANCEL);
      await other.until('they are cancelled', (stats) => stats.sum('polywire_http2_upstream_open_streams') === 50);
      relay.resume();
      assert.deepEqual(new Set(await Promise.all(others)), new Set(['200']));
      assert.equal(origin.accepted(), 1, 'the connection to the service lives on');
      await other.idle();
    });
  });

  describe('by their services', () => {
    /** What their callers see: an answer of the proxy's as long as there was none, else that theirs is not whole. */
    async function assertSeen(stopped: readonly Stopped[], end: () => void, graceful = false): Promise<void> {
      const outcomes = stopped.map(({ stream }) => outcome(stream));
      end();
      for (const [index, each] of (await Promise.all(outcomes)).entries()) {
        const { moment } = stopped[index] as Stopped;
        if (UNANSWERED.includes(moment)) assert.equal(each, '502', MOMENTS[moment]);
        else if (!graceful) assert.match(each, /^code [1-9]/, MOMENTS[moment]);
      }
    }

    for (const name of ['NO_ERROR', 'INTERNAL_ERROR', 'CANCEL', 'ENHANCE_YOUR_CALM'] as const) {
      test(`that reset their streams with ${name}`, async (t) => {
        const session = await openSession(t, proxy.origin);
        const stopped = await stopAll(session, name);
        // node:http2 ends an answer that was begun before it resets its stream, if it can.
        const end = () => stopped.forEach(({ serving }) => void serving.close(constants[`NGHTTP2_${name}`]));
        await assertSeen(stopped, end, true);
        await assertOver(session);
      });
    }

    test('that reset their streams in the middle of answers, with any code', async (t) => {
      const codes = Array.from({ length: 14 }, (_, code) => code);
      const raw = await RawService.start(t, (peer, id) => {
        peer.write(headers(id, block([[':status', '200']]), false), data(id, 'begun'), reset(id, codes[(id - 1) / 2]));
      });
      const other = await Http2Proxy.start(t, { services: [{ ports: [raw.port] }] });
      const session = await openSession(t, other.origin);
      for (const code of codes) {
        const seen = await outcome(begin(session));
        assert.match(seen, /^code [1-9]/, `RST_STREAM with ${code}`);
      }
      await other.idle();
    });

    test('hundreds at once, while their bodies are on their way, beside others on the same connection of the caller', async (t) => {
      const many = 900;
      const held: ServerHttp2Stream[] = [];
      const origin = await startNodeServer(t, (stream, fields) => {
        if (fields[':path'] === '/hold') held.push(stream);
        else serveBodies(stream, fields);
      });
      const other = await Http2Proxy.start(t, { services: [{ ports: [origin.port] }] });
      const relay = await startRelay(t, other.port);
      const session = await openSession(t, `http://127.0.0.1:${relay.port}`);
      await exchange(session);
      const bodies = Array.from({ length: many }, () => beginUpload(session));
      await other.until('they are at the service', () => held.length === many);
      relay.stallRequests();
      for (const stream of bodies) stream.write('late');
      const refused = Promise.all(bodies.map(outcome));
      const others = Array.from({ length: 50 }, () => outcome(begin(session)));
      for (const stream of held) stream.close(constants.NGHTTP2_INTERNAL_ERROR);
      await other.until('they are over', (stats) => stats.sum('polywire_http2_upstream_open_streams') === 0);
      relay.resume();
      assert.deepEqual(new Set(await refused), new Set(['502']));
      assert.deepEqual(new Set(await Promise.all(others)), new Set(['200']));
      await other.idle();
    });

    test('that end their connections', async (t) => {
      const session = await openSession(t, proxy.origin);
      const stopped = await stopAll(session, 'gone');
      await assertSeen(stopped, () => service.node.sessions.forEach((each: ServerHttp2Session) => void each.destroy()));
      await assertOver(session);
    });

    test('whose connections break', async (t) => {
      const session = await openSession(t, proxy.origin);
      const stopped = await stopAll(session, 'killed');
      await assertSeen(stopped, () => sockets.forEach((socket) => void socket.resetAndDestroy()));
      await assertOver(session);
    });
  });

  test('after all this nobody is connected, and nothing is left', async () => {
    await proxy.alone();
  });
});

/** A request whose body is not ended. */
function beginUpload(session: ClientHttp2Session): ClientHttp2Stream {
  const stream = watch(session.request({ ':method': 'POST', ':authority': AUTHORITY, ':path': '/hold' }));
  stream.write('first');
  return stream;
}

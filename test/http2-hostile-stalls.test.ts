import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CODE,
  data,
  FLAG,
  frame,
  headers,
  PREFACE,
  ping,
  request,
  settings,
  streamId,
  TYPE,
  times,
  windowUpdate,
} from './support/http2-raw.ts';
import { RawPeer } from './support/http2-raw-peer.ts';
import { assertGoAway, Siege } from './support/http2-siege.ts';
import { suiteOwner } from './support/owner.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const GET = request('/');
const LARGE = request(`/bytes/${MIB}`);
const UPLOAD = request('/echo', [], 'POST');
/** Of headers, of acknowledgements and of streams on which nothing moves. */
const PATIENCE_MS = 1000;
const SETTINGS = { 'header-timeout': `${PATIENCE_MS}ms`, 'settings-timeout': `${PATIENCE_MS}ms` };
const LIMITS = { streamIdleTimeout: `${PATIENCE_MS}ms`, idleTimeout: '2s', downstreamQueueBytes: '4MiB' };
/** Above a limit, for its time, or inside of its answer for the time of that. */
const GIVEN_UP: readonly number[] = [CODE.calm, CODE.cancel, CODE.internal];
/** What is timed is noticed long before anything else ends: a request that says nothing of its own may take a minute. */
const NOTICED_MS = 20_000;

describe('callers that stall cost what limits say, and nobody else notices', { timeout: 300_000 }, () => {
  const owner = suiteOwner();
  let siege: Siege;

  before(async () => {
    siege = await Siege.start(owner, { settings: SETTINGS, limits: LIMITS });
  });

  function open(count: number, greeting: Buffer = Buffer.concat([PREFACE, settings()])): Promise<RawPeer[]> {
    return Promise.all(Array.from({ length: count }, () => RawPeer.connect(siege.proxy.port, { greeting })));
  }

  /** All of them at once, on connections that stay. */
  function stall(name: string, count: number, run: (peer: RawPeer, index: number) => Promise<void>, greeting?: Buffer): void {
    test(name, async () => {
      await siege.beside(name, async () => {
        const peers = await open(count, greeting);
        try {
          await Promise.all(peers.map(run));
        } finally {
          for (const peer of peers) peer.end();
        }
      });
    });
  }

  const NO_WINDOW = Buffer.concat([PREFACE, settings({ window: 0, tableBytes: 0 })]);
  stall(
    'windows of 0 that are never opened: their streams are given up',
    4,
    async (peer) => {
      const ids = Array.from({ length: 50 }, (_, index) => streamId(index));
      peer.write(...ids.map((id) => headers(id, LARGE)));
      await peer.until('all are reset', () => peer.resets.size === ids.length, NOTICED_MS);
      const codes = [...new Set(peer.resets.values())];
      assert.ok(
        codes.every((code) => GIVEN_UP.includes(code)),
        `codes ${codes}: ${peer}`,
      );
      assert.equal(peer.dataBytes.size, 0);
    },
    NO_WINDOW,
  );

  stall("a connection's window that is never opened: its streams are given up", 4, async (peer) => {
    peer.write(settings({ window: 0x7fffffff }));
    const ids = Array.from({ length: 50 }, (_, index) => streamId(index));
    peer.write(...ids.map((id) => headers(id, LARGE)));
    await peer.until('all are reset', () => peer.resets.size === ids.length, NOTICED_MS);
    const bytes = [...peer.dataBytes.values()].reduce((sum, each) => sum + each, 0);
    assert.equal(bytes, 65_535);
  });

  stall(
    'windows that are opened by one byte after the other: nobody waits for them',
    4,
    async (peer) => {
      const ids = Array.from({ length: 10 }, (_, index) => streamId(index));
      peer.write(...ids.map((id) => headers(id, LARGE)));
      const end = performance.now() + 3 * PATIENCE_MS;
      while (performance.now() < end && !peer.refused) {
        peer.write(...ids.map((id) => windowUpdate(id, 1)));
        await sleep(5);
      }
      // Each took something all the time.
      assert.ok(!peer.refused && peer.resets.size === 0, `${peer}`);
      assert.ok((peer.dataBytes.get(1) ?? 0) > 50, `${peer}`);
    },
    NO_WINDOW,
  );

  test('callers that do not read their answers are reset at their limit', async () => {
    const deaf: RawPeer[] = [];
    await siege.beside('deaf callers', async () => {
      for (let count = 0; count < 4; count++) {
        const peer = await RawPeer.connect(siege.proxy.port);
        await peer.greeted();
        deaf.push(peer);
        peer.socket.pause();
        peer.write(settings({ window: 0x7fffffff }), windowUpdate(0, 0x7fff0000 - 65_535));
        peer.write(...Array.from({ length: 50 }, (_, index) => headers(streamId(index), LARGE)));
      }
      await siege.until('the victim is alone', (stat) => stat('polywire_http2_downstream_open_streams') <= 1);
    });
    for (const peer of deaf) peer.end();
  });

  stall('headers of which a byte comes now and then end with their time', 100, async (peer) => {
    await peer.greeted();
    const whole = frame(TYPE.headers, FLAG.endHeaders | FLAG.endStream, 1, GET);
    await trickle(peer, whole);
    await assertGoAway(peer, CODE.calm, /header-timeout/);
  });
  stall('CONTINUATION now and then does not make headers last longer', 50, async (peer) => {
    await peer.greeted();
    peer.write(frame(TYPE.headers, FLAG.endStream, 1, GET));
    for (let turn = 0; turn < 40 && !peer.refused; turn++) {
      peer.write(frame(TYPE.continuation, 0, 1, Buffer.from([0x88])));
      await sleep(PATIENCE_MS / 10);
    }
    await assertGoAway(peer, CODE.calm, /header-timeout/);
  });
  test('frames that are cut everywhere but whole in time do not end their connection', async () => {
    await siege.once(async (peer) => {
      await peer.greeted();
      const piece = headers(0, GET);
      // Every chunk ends inside of the next frame.
      const all = times(200, (index) => {
        piece.writeUInt32BE(streamId(index), 5);
        return Buffer.from(piece);
      });
      const cut = Math.floor(piece.length / 2);
      let at = 0;
      for (let to = cut; at < all.length; to += piece.length) {
        peer.write(all.subarray(at, Math.min(to, all.length)));
        at = Math.min(to, all.length);
        await sleep((3 * PATIENCE_MS) / 200);
      }
      await peer.until('all answers', () => peer.ended.size === 200 || peer.refused);
      assert.equal(peer.goAway, undefined, `${peer}`);
    });
  });

  test('a preface of which a byte comes now and then ends with its time', async () => {
    await siege.beside('slow preface', async () => {
      const peers = await open(100, Buffer.alloc(0));
      await Promise.all(peers.map((peer) => trickle(peer, PREFACE, 12)));
      await Promise.all(peers.map((peer) => peer.until('the connection ends', () => peer.over, NOTICED_MS)));
      for (const peer of peers) peer.end();
    });
  });
  test('connections that say nothing are closed when they are idle', async () => {
    await siege.beside('silence', async () => {
      const peers = await open(200, Buffer.alloc(0));
      await Promise.all(peers.map((peer) => peer.until('the connection ends', () => peer.over, NOTICED_MS)));
      for (const peer of peers) peer.end();
    });
  });

  test('a caller that never acknowledges SETTINGS loses its connection with SETTINGS_TIMEOUT', async () => {
    await siege.beside('no acknowledgement', async () => {
      const peers = await Promise.all(Array.from({ length: 50 }, () => RawPeer.connect(siege.proxy.port, { acknowledges: false })));
      for (const peer of peers) {
        await assertGoAway(peer, CODE.settingsTimeout, /SETTINGS/);
        peer.end();
      }
    });
  });

  stall('requests whose bodies never end are given up', 4, async (peer) => {
    const ids = Array.from({ length: 50 }, (_, index) => streamId(index));
    peer.write(...ids.map((id) => Buffer.concat([headers(id, UPLOAD, false), data(id, 'begin')])));
    await peer.until('all are reset', () => ids.every((id) => peer.resets.has(id) || peer.ended.has(id)), NOTICED_MS);
  });
  stall('bodies of one byte a frame reach the service, and cost others nothing', 2, async (peer) => {
    peer.write(headers(1, UPLOAD, false));
    const bytes = times(1000, data(1, 'x'));
    for (let sent = 0; sent < 20 && !peer.refused; sent++) {
      peer.write(bytes);
      await sleep(20);
    }
    peer.write(data(1, '', true));
    await peer.until('the answer', () => peer.ended.has(1) || peer.refused);
    assert.equal(peer.dataBytes.get(1), 20_000, `${peer}`);
  });

  stall('callers that end their side are gone, and so are their requests', 20, async (peer) => {
    await peer.greeted();
    peer.write(headers(1, request('/slow/60000')), headers(3, UPLOAD, false), data(3, 'begin'));
    peer.socket.end();
    await peer.until('the connection ends', () => peer.over, NOTICED_MS);
    assert.equal(peer.ended.size, 0, `${peer}`);
  });

  test('a caller that sends more than its window allows loses the stream', async () => {
    await siege.attack('data beyond the window', async (peer) => {
      await peer.greeted();
      // Nobody reads it.
      peer.write(headers(1, request('/slow/60000', [], 'POST'), false), times(20, data(1, Buffer.alloc(16 * KIB))));
      await peer.until('the stream is reset', () => peer.resets.has(1) || peer.refused);
      assert.equal(peer.resets.get(1), CODE.flowControl, `${peer}`);
      peer.write(headers(3, GET));
      await peer.until('the next answer', () => peer.ended.has(3));
    });
  });

  test('callers that vanish anywhere leave nothing', async () => {
    const whole = Buffer.concat([PREFACE, settings(), headers(1, UPLOAD, false), data(1, 'x'.repeat(50)), ping(), headers(3, LARGE)]);
    await siege.beside('vanishing', async () => {
      for (let cut = 1; cut < whole.length; cut += 5) {
        const peer = await RawPeer.connect(siege.proxy.port, { greeting: whole.subarray(0, cut) });
        peer.socket.write('', () => peer.socket.resetAndDestroy());
      }
    });
    await siege.until('the victim is alone', (stat) => stat('polywire_http2_downstream_connections') === 1);
  });
});

test('callers that stall stop no stream that shares its connection to the service with theirs', { timeout: 300_000 }, async (t) => {
  const siege = await Siege.start(t, { origin: { 'held-bytes': '4MiB' } });
  const greeting = Buffer.concat([PREFACE, settings({ window: 0 })]);
  const message = Buffer.alloc(8000, 'x');
  await siege.once(async (innocent) => {
    innocent.write(headers(1, UPLOAD, false));
    const echo = async () => {
      const whole = (innocent.dataBytes.get(1) ?? 0) + message.length;
      innocent.write(data(1, message), windowUpdate(0, message.length), windowUpdate(1, message.length));
      await innocent.until('the echo', () => (innocent.dataBytes.get(1) ?? 0) >= whole);
    };
    await echo();
    const stalling = await Promise.all(Array.from({ length: 3 }, () => RawPeer.connect(siege.proxy.port, { greeting })));
    for (const peer of stalling) peer.write(...Array.from({ length: 40 }, (_, index) => headers(streamId(index), LARGE)));
    await siege.until('much is held', (stat) => stat('polywire_http2_unreturned_window_bytes') > 3 * MIB);
    // More than the window of the connection that they share.
    for (let sent = 0; sent < 2 * MIB; sent += message.length) await echo();
    // Its caller takes it as fast as it comes, and yet it waits for windows all the time.
    innocent.onFrame = ({ type, id, payload }) => {
      if (type === TYPE.data && id === 3) innocent.write(windowUpdate(0, payload.length), windowUpdate(3, payload.length));
    };
    innocent.write(headers(3, request(`/bytes/${4 * MIB}`)));
    await innocent.until('the download', () => innocent.ended.has(3) || innocent.resets.has(3));
    assert.equal(innocent.dataBytes.get(3), 4 * MIB, `${innocent}`);
    for (const peer of stalling) peer.end();
  });
  await siege.settled();
});

/** A byte at a time, for longer than the proxy waits. */
async function trickle(peer: RawPeer, bytes: Buffer, count = bytes.length - 1): Promise<void> {
  for (let at = 0; at < count && !peer.refused; at++) {
    peer.write(bytes.subarray(at, at + 1));
    await sleep((2 * PATIENCE_MS) / count);
  }
}

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import {
  block,
  CODE,
  data,
  FLAG,
  frame,
  goAway,
  headers,
  indexed,
  LAST_ID,
  literal,
  longHeaders,
  MOST_WINDOW,
  PREFACE,
  ping,
  priority,
  request,
  reset,
  settings,
  streamId,
  TYPE,
  tableSize,
  times,
  windowUpdate,
} from './support/http2-raw.ts';
import { type RawOptions, type RawPeer, RawService } from './support/http2-raw-peer.ts';
import { Siege } from './support/http2-siege.ts';
import { suiteOwner } from './support/owner.ts';

const MIB = 1024 * 1024;
const MOST_BYTES = 16 * MIB;
const OK = block([[':status', '200']]);
/** Which services that keep to it must not miss on a busy machine. */
const PATIENCE = '1s';
const SETTINGS = { 'settings-timeout': PATIENCE, 'header-timeout': PATIENCE, 'flood-window': '10m' };

/** What a service does with every request, and what it hears of it. */
interface Hostile {
  readonly answer: (peer: RawPeer, id: number) => unknown;
  /** The code of GOAWAY, or of RST_STREAM. Absent: neither has to come. */
  readonly goAway?: number;
  readonly reset?: number;
  /** What its caller gets; 502, or a stream that is reset behind its head. */
  readonly status?: number;
  readonly options?: RawOptions;
}

const goingAway = (code: number, ...frames: Buffer[]): Hostile => ({ answer: (peer) => peer.write(...frames), goAway: code });
const resetting = (code: number, write: (id: number) => Buffer[]): Hostile => ({
  answer: (peer, id) => peer.write(...write(id)),
  reset: code,
});
const answering = (...fields: [string, string][]): Hostile => resetting(CODE.protocol, (id) => [headers(id, block(fields))]);
const flooding = (piece: (id: number) => Buffer, begin?: (id: number) => Buffer): Hostile => ({
  answer(peer, id) {
    if (begin !== undefined) peer.write(begin(id));
    void peer.flood(piece(id), MOST_BYTES);
  },
  goAway: CODE.calm,
});

const SHAPES: Readonly<Record<string, Hostile>> = {
  'answers on a stream that nobody opened': { answer: (peer, id) => peer.write(headers(id + 2, OK)), goAway: CODE.protocol },
  'answers on an even stream': goingAway(CODE.protocol, headers(2, OK)),
  'answers on stream 0': goingAway(CODE.protocol, headers(0, OK)),
  pushes: {
    answer: (peer, id) =>
      peer.write(frame(TYPE.pushPromise, FLAG.endHeaders, id, Buffer.concat([Buffer.from([0, 0, 0, 2]), request('/')]))),
    goAway: CODE.protocol,
  },
  'enables push': goingAway(CODE.protocol, settings({ push: 1 })),
  'opens the window of the connection too wide': goingAway(CODE.flowControl, windowUpdate(0, MOST_WINDOW)),
  'opens the window of a stream too wide': resetting(CODE.flowControl, (id) => [windowUpdate(id, MOST_WINDOW)]),
  'opens a window by nothing': resetting(CODE.protocol, (id) => [windowUpdate(id, 0)]),
  'wants a window of 2^32 - 1': goingAway(CODE.flowControl, settings({ window: 0xffffffff })),
  'sends a frame of 16 MiB': goingAway(CODE.frameSize, Buffer.from([0xff, 0xff, 0xff, TYPE.data, 0, 0, 0, 0, 1])),
  'compresses wrongly': { answer: (peer, id) => peer.write(headers(id, indexed(1000))), goAway: CODE.compression },
  'makes the table too large': { answer: (peer, id) => peer.write(headers(id, tableSize(1 << 20))), goAway: CODE.compression },
  'answers as HTTP/1 does': {
    answer: () => undefined,
    options: { greeting: Buffer.from('HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n') },
    goAway: CODE.protocol,
  },
  'begins without SETTINGS': { answer: () => undefined, options: { greeting: ping() }, goAway: CODE.protocol },
  'sends data before its head': resetting(CODE.protocol, (id) => [data(id, 'x', true)]),
  'sends trailers that do not end the stream': {
    ...resetting(CODE.protocol, (id) => [headers(id, OK, false), headers(id, block([['x', 'y']]), false)]),
    status: 200,
  },
  'sends two heads at once': { answer: (peer, id) => peer.write(headers(id, OK), headers(id, OK)), status: 200 },
  'sends an interim head that ends the stream': answering([':status', '103']),
  'sends a header list over the limit': resetting(CODE.calm, (id) =>
    [longHeaders(id, Buffer.concat([OK, literal('x', 'y'.repeat(66_000))]))].slice(0, 1),
  ),
  'sends a bomb': resetting(CODE.calm, (id) => [
    headers(id, Buffer.concat([OK, literal('x', 'y'.repeat(4000), true), times(10_000, indexed(62))])),
  ]),
  'sends one interim head after the other': resetting(CODE.calm, (id) => [times(200, headers(id, block([[':status', '103']]), false))]),
  'has no status': answering(['x', 'y']),
  'has two statuses': answering([':status', '200'], [':status', '200']),
  'has a status of one digit': answering([':status', '2']),
  'has a status with a space': answering([':status', '200 ']),
  'has status 101': answering([':status', '101']),
  'has a path': answering([':status', '200'], [':path', '/']),
  'has CRLF in a value': answering([':status', '200'], ['x', 'a\r\nset-cookie: b']),
  'has CRLF in a name': answering([':status', '200'], ['x\r\ny', 'b']),
  'has an upper-case name': answering([':status', '200'], ['Set-Cookie', 'b']),
  'has transfer-encoding': answering([':status', '200'], ['transfer-encoding', 'chunked']),
  'has connection': answering([':status', '200'], ['connection', 'close']),
  'has two content-lengths': answering([':status', '200'], ['content-length', '0'], ['content-length', '1']),
  'has a negative content-length': answering([':status', '200'], ['content-length', '-1']),
  'has less data than content-length says': answering([':status', '200'], ['content-length', '5']),
  'has more data than content-length says': {
    answer: (peer, id) =>
      peer.write(
        headers(
          id,
          block([
            [':status', '200'],
            ['content-length', '3'],
          ]),
          false,
        ),
        data(id, 'four', true),
      ),
    reset: CODE.protocol,
    status: 200,
  },
  'resets with an error that nobody knows': { answer: (peer, id) => peer.write(reset(id, 0xffffffff)) },
  'resets without an error': { answer: (peer, id) => peer.write(reset(id, CODE.none)) },
  'refuses every stream': { answer: (peer, id) => peer.write(reset(id, CODE.refused)) },
  'goes away before every request': { answer: (peer) => peer.write(goAway(0)) },
  'goes away from a stream that nobody opened': { answer: (peer, id) => peer.write(goAway(LAST_ID), headers(id, OK)), status: 200 },
  'goes away from an even stream': { answer: (peer, id) => peer.write(goAway(id + 1), headers(id, OK)), status: 200 },
  'goes away twice, the second time from more': {
    answer: (peer, id) => peer.write(goAway(id), goAway(id + 100), headers(id, OK)),
    status: 200,
  },
  'goes away for an error in the midst of its answer': {
    answer: (peer, id) => peer.write(headers(id, OK, false), goAway(id, CODE.internal), data(id, 'whole', true)),
    status: 200,
  },
  'closes inside of a frame': {
    answer(peer, id) {
      peer.write(headers(id, OK).subarray(0, 10));
      peer.socket.end();
    },
  },
  'closes inside of its data': {
    answer(peer, id) {
      peer.write(headers(id, OK, false), data(id, 'half of it').subarray(0, 12));
      peer.socket.end();
    },
    status: 200,
  },
  'resets its connection': { answer: (peer) => peer.socket.resetAndDestroy() },
  'takes no streams': { answer: (peer, id) => peer.write(reset(id, CODE.refused)), options: { greeting: settings({ streams: 0 }) } },
  'never acknowledges SETTINGS': { answer: () => undefined, options: { acknowledges: false }, goAway: CODE.settingsTimeout },
  'sends headers that never end': {
    answer: (peer, id) => peer.greeted().then(() => peer.write(frame(TYPE.headers, 0, id, OK))),
    goAway: CODE.calm,
  },
};

const FLOODS: Readonly<Record<string, Hostile>> = {
  PING: flooding(() => times(500, ping())),
  SETTINGS: flooding(() => times(100, settings())),
  PRIORITY: flooding(() => times(500, priority(1, 3))),
  'window updates': flooding(() => times(500, windowUpdate(0, 1))),
  'frames of unknown types': flooding(() => times(500, frame(0xfa, 0, 0, Buffer.alloc(10)))),
  GOAWAY: flooding(() => times(500, goAway(LAST_ID))),
  'DATA without data': {
    ...flooding(
      (id) => times(500, data(id, '')),
      (id) => headers(id, OK, false),
    ),
    status: 200,
  },
  'CONTINUATION without anything': {
    ...flooding(
      (id) => times(500, frame(TYPE.continuation, 0, id)),
      (id) => frame(TYPE.headers, 0, id, OK),
    ),
    options: { acknowledges: false },
  },
  'headers that never end': {
    ...flooding(
      (id) => times(10, frame(TYPE.continuation, 0, id, Buffer.alloc(10_000, indexed(2)))),
      (id) => frame(TYPE.headers, 0, id, OK),
    ),
    options: { acknowledges: false },
  },
};

describe('hostile services cost their own callers an answer, and nobody else anything', { timeout: 300_000 }, () => {
  const owner = suiteOwner();
  const all = Object.entries({ ...SHAPES, ...FLOODS });
  const services: RawService[] = [];
  let siege: Siege;

  before(async () => {
    for (const [, { answer, options }] of all) services.push(await RawService.start(owner, answer, options));
    siege = await Siege.start(owner, {
      services: Object.fromEntries(services.map(({ port }, index) => [host(index), { port, settings: SETTINGS }])),
    });
  });

  function host(index: number): string {
    return `hostile-${index}.test`;
  }

  /** One request, and what both sides heard. */
  async function ask(name: string): Promise<void> {
    const index = all.findIndex(([each]) => each === name);
    const { status = 502, ...expected } = all[index]?.[1] ?? assert.fail(name);
    const service = services[index] ?? assert.fail(name);
    const path = block([
      [':method', 'GET'],
      [':scheme', 'http'],
      [':authority', host(index)],
      [':path', '/'],
    ]);
    await siege.once(async (caller) => {
      caller.write(headers(1, path));
      await caller.until(`${name}: an answer`, () => caller.ended.has(1) || caller.resets.has(1));
      const got = caller.statuses.get(1) ?? 0;
      assert.ok(got === status || (status === 502 && got === 503), `${name}: ${caller}`);
      assert.equal(caller.goAway, undefined, `${name}: ${caller}`);
    });
    const heard = () => service.peers.some((peer) => heardBy(peer, expected));
    const last = service.peers.at(-1);
    await (last ?? assert.fail(`${name} was not connected to`)).until(name, heard).catch((error) => assert.fail(`${name}: ${error}`));
  }

  test('whatever a service says wrongly, its caller is answered and its connection hears the right error', async () => {
    await siege.beside('wrong services', async () => {
      const failures: string[] = [];
      for (const name of Object.keys(SHAPES)) await ask(name).catch((error) => failures.push(String(error)));
      assert.deepEqual(failures, []);
    });
  });
  test('a service that takes no streams has no more connections than it has requests', async () => {
    for (let turn = 0; turn < 20; turn++) await ask('takes no streams');
    const { peers } = services[all.findIndex(([name]) => name === 'takes no streams')] ?? assert.fail();
    const open = () => peers.filter(({ over }) => !over).length;
    await (peers[0] ?? assert.fail()).until(`${open()} connections are ended`, () => open() === 0);
    peers.length = 0;
  });
  test('no request makes more than a few connections', () => {
    for (const [index, [name]] of all.entries()) {
      const count = services[index]?.peers.length ?? 0;
      assert.ok(count <= 4, `${name}: ${count} connections`);
    }
  });
  for (const name of Object.keys(FLOODS)) {
    test(`a service that floods with ${name} loses its connection`, async () => {
      await siege.beside(`service: ${name}`, async () => {
        await ask(name);
        await ask(name);
      });
    });
  }
});

describe('what services and their callers leave to the proxy', { timeout: 300_000 }, () => {
  const owner = suiteOwner();
  const chosen: number[] = [];
  let narrow: RawService;
  let wide: RawService;
  let siege: Siege;

  before(async () => {
    narrow = await RawService.start(owner, (_peer, id) => chosen.push(id), { greeting: settings({ window: 50_000 }) });
    wide = await RawService.start(owner, (peer, id) => {
      peer.write(headers(id, OK, false), times(20, data(id, Buffer.alloc(16_384))));
    });
    const interim = block([
      [':status', '103'],
      ['x', 'y'.repeat(16_000)],
    ]);
    const talkative = await RawService.start(owner, (peer, id) => peer.write(times(60, headers(id, interim, false)), headers(id, OK)));
    const services = { 'narrow.test': narrow, 'wide.test': wide, 'talkative.test': talkative };
    siege = await Siege.start(owner, { services });
  });

  test('one that a service makes smaller than what is under way is kept to, below 0, too', async () => {
    const post = block([
      [':method', 'POST'],
      [':scheme', 'http'],
      [':authority', 'narrow.test'],
      [':path', '/'],
    ]);
    await siege.once(async (caller) => {
      await caller.greeted();
      caller.write(headers(1, post, false), times(12, data(1, Buffer.alloc(10_000))), data(1, 'end', true));
      await caller.until('the request', () => chosen.length === 1 && (narrow.peers[0]?.dataBytes.get(1) ?? 0) >= 50_000);
      const peer = narrow.peers[0] ?? assert.fail();
      const seen = async () => {
        const pings = peer.counts.get(TYPE.ping) ?? 0;
        peer.write(ping());
        await peer.until('the answer to PING', () => (peer.counts.get(TYPE.ping) ?? 0) > pings);
        return peer.dataBytes.get(1);
      };
      const first = await seen();
      assert.ok(first !== undefined && first >= 50_000 && first <= 65_535, `${first}`);
      peer.write(settings({ window: 1000 }), windowUpdate(0, MIB));
      assert.equal(await seen(), first);
      // What was sent beyond the new window is made up for, and 10 bytes more.
      peer.write(windowUpdate(1, first - 1000 + 10));
      await peer.until('10 bytes more', () => (peer.dataBytes.get(1) ?? 0) > first);
      assert.equal(await seen(), first + 10);
      peer.write(settings({ window: 0 }), settings({ window: MOST_WINDOW }));
      await peer.until('the rest', () => peer.ended.has(1));
      assert.equal(peer.dataBytes.get(1), 120_003);
      peer.write(headers(1, OK));
      await caller.until('the answer', () => caller.ended.has(1));
    });
  });

  test('a service that sends more than its window allows loses the stream, as its caller does', async () => {
    const greeting = Buffer.concat([PREFACE, settings({ window: 0, tableBytes: 0 })]);
    const get = block([
      [':method', 'GET'],
      [':scheme', 'http'],
      [':authority', 'wide.test'],
      [':path', '/'],
    ]);
    await siege.attack(
      'a service beyond its window',
      async (caller) => {
        caller.write(headers(1, get));
        await caller.until('the stream is reset', () => caller.resets.has(1));
        assert.equal(caller.statuses.get(1), 200);
      },
      { greeting },
    );
    assert.ok(wide.peers.some((peer) => [...peer.resets.values()].includes(CODE.flowControl)));
  });

  test('heads that a service sends and its caller does not read are bounded as data is', async () => {
    const get = block([
      [':method', 'GET'],
      [':scheme', 'http'],
      [':authority', 'talkative.test'],
      [':path', '/'],
    ]);
    await siege.beside('heads that are not read', () =>
      siege.once(async (caller) => {
        await caller.greeted();
        caller.socket.pause();
        caller.write(times(500, (index) => headers(streamId(index), get)));
        await siege.until('the caller is gone', (stat) => stat('polywire_http2_downstream_connections') === 1);
      }),
    );
  });
});

function heardBy(peer: RawPeer, { goAway, reset }: Pick<Hostile, 'goAway' | 'reset'>): boolean {
  if (goAway !== undefined) return peer.goAway?.code === goAway;
  return reset === undefined || [...peer.resets.values()].includes(reset);
}

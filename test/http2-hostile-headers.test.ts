import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import {
  block,
  CODE,
  data,
  type Fields,
  FLAG,
  frame,
  goAway,
  headers,
  indexed,
  integer,
  LAST_ID,
  literal,
  longHeaders,
  PREFACE,
  ping,
  request,
  settings,
  streamId,
  TYPE,
  tableSize,
  times,
} from './support/http2-raw.ts';
import { RawService } from './support/http2-raw-peer.ts';
import { assertGoAway, Siege } from './support/http2-siege.ts';
import { suiteOwner } from './support/owner.ts';

const MIB = 1024 * 1024;
const MOST_BYTES = 16 * MIB;
const GET = request('/');
/** Index 62 is the entry that came into the table last. */
const NEWEST = indexed(62);
const OK = Buffer.from([0x88]);
const HOST = 'quiet.test';

describe('headers and requests that nobody should send', { timeout: 300_000 }, () => {
  const owner = suiteOwner();
  let siege: Siege;
  let quiet: RawService;
  /** Streams on which something came to the service that should hear of none. */
  let heard: string[] = [];

  before(async () => {
    quiet = await RawService.start(owner, (peer, id) => {
      heard.push(`HEADERS on ${id}`);
      peer.write(headers(id, OK));
    });
    siege = await Siege.start(owner, { settings: { 'flood-window': '10m' }, services: { [HOST]: { port: quiet.port } } });
  });

  function bomb(name: string, block: Buffer): void {
    test(name, async () => {
      await siege.attack(name, async (peer) => {
        let next = 0;
        await peer.flood(() => times(5, () => longHeaders(streamId(next++), block)), MOST_BYTES);
        await assertGoAway(peer, CODE.calm, /stream-errors/);
        assert.equal(peer.statuses.get(1), 431, `${peer}`);
      });
    });
  }

  const large = literal('x-large', 'x'.repeat(4000), true);
  bomb('12,000 references to one large header are not unpacked', Buffer.concat([GET, large, times(12_000, NEWEST)]));
  bomb('60,000 references, in CONTINUATION frames, are not unpacked', Buffer.concat([GET, large, times(60_000, NEWEST)]));
  bomb('header lists of very many small fields are refused', Buffer.concat([GET, times(2100, literal('a', ''))]));

  test('a caller that offers an endless table is compressed with a small one', async () => {
    const greeting = Buffer.concat([PREFACE, settings({ tableBytes: 0xffffffff })]);
    await siege.attack(
      'an endless table',
      async (peer) => {
        const ids = Array.from({ length: 100 }, (_, index) => streamId(index));
        // Answers with what was asked, so that no two are alike.
        peer.write(...ids.map((id) => headers(id, request(`/request?${id}`))));
        await peer.until('all answers', () => peer.ended.size === ids.length);
        const first = peer.frames.find(({ type }) => type === TYPE.headers)?.payload[0] ?? 0;
        assert.ok((first & 0xe0) !== 0x20, 'the table was made larger than it was');
      },
      { greeting },
    );
  });

  const GARBAGE: Readonly<Record<string, Buffer>> = {
    'a Huffman code that is none': Buffer.concat([Buffer.from([0x00, 0x84]), Buffer.alloc(4, 0xff), Buffer.from([0x01, 0x61])]),
    'Huffman padding of a whole octet': Buffer.from([0x00, 0x82, 0x1f, 0xff, 0x01, 0x61]),
    'index 0': Buffer.from([0x80]),
    'an index beyond the table': indexed(1000),
    'an index of 2^60': integer(2 ** 52, 7, 0x80),
    'an integer without an end': Buffer.concat([Buffer.from([0xff]), Buffer.alloc(1000, 0x80), Buffer.from([0])]),
    'a string longer than its block': Buffer.concat([Buffer.from([0x00]), integer(100_000, 7), Buffer.from('abc')]),
    'a table above its limit': tableSize(1 << 20),
    'a table of 2^32 - 1 octets': tableSize(0xffffffff),
    'a table that changes between fields': Buffer.concat([GET, tableSize(0)]),
    'half a field': GET.subarray(0, GET.length - 1),
  };
  test('what cannot be decompressed ends its connection with COMPRESSION_ERROR', async () => {
    await siege.beside('garbage', async () => {
      for (const [name, garbage] of Object.entries(GARBAGE)) {
        await siege.once(async (peer) => {
          peer.write(headers(1, garbage));
          await assertGoAway(peer, CODE.compression).catch((error) => assert.fail(`${name}: ${error}`));
        });
      }
      await siege.once(async (peer) => {
        await peer.flood(() => longHeaders(1, Buffer.concat([GET, literal('x', 'y'.repeat(40_000)), Buffer.from([0x80])])), 1);
        await assertGoAway(peer, CODE.compression);
      });
    });
  });

  const GOOD: Fields = [
    [':method', 'POST'],
    [':scheme', 'http'],
    [':authority', HOST],
    [':path', '/'],
  ];
  /** The good fields with one changed. */
  function but(name: string, value: string): Fields {
    return GOOD.map((field) => (field[0] === name ? [name, value] : field));
  }
  const MALFORMED: Readonly<Record<string, Fields>> = {
    ...Object.fromEntries(
      ['a\r\nb', 'a\nb', 'a\rb', 'a\0b', '\r\n\r\nGET / HTTP/1.1', ' a', 'a ', 'a\t'].map((value) => [
        `the value ${JSON.stringify(value)}`,
        [...GOOD, ['x', value] as const],
      ]),
    ),
    ...Object.fromEntries(
      ['', 'Upper', 'x y', 'x:y', 'x\r\ny', 'x\0', 'x\x7f', '\xe9', ':'].map((name) => [
        `the name ${JSON.stringify(name)}`,
        [...GOOD, [name, 'v'] as const],
      ]),
    ),
    ...Object.fromEntries(
      ['', 'x', '*', '/a b', '/a\r\nHost: other', '/a\0', '/a#b', '/\t', ' /', 'http://other/'].map((path) => [
        `:path ${JSON.stringify(path)}`,
        but(':path', path),
      ]),
    ),
    ...Object.fromEntries(['', 'GET /', 'G\r\nT', 'a b'].map((method) => [`:method ${JSON.stringify(method)}`, but(':method', method)])),
    ...Object.fromEntries(['', 'ht tp', 'http\r\n', '1'].map((scheme) => [`:scheme ${JSON.stringify(scheme)}`, but(':scheme', scheme)])),
    ...Object.fromEntries(
      [`${HOST}/x`, `${HOST} x`, `user@${HOST}`, `${HOST}\r\nx: y`, `${HOST}#`].map((authority) => [
        `:authority ${JSON.stringify(authority)}`,
        but(':authority', authority),
      ]),
    ),
    ...Object.fromEntries(GOOD.map((field) => [`${field[0]} twice`, [...GOOD, field]])),
    ...Object.fromEntries([':method', ':scheme', ':path'].map((name) => [`no ${name}`, GOOD.filter(([each]) => each !== name)])),
    'a pseudo-header behind a header': [['x', 'y'], ...GOOD],
    'a status': [...GOOD, [':status', '200']],
    'a pseudo-header that is none': [...GOOD, [':other', 'x']],
    ':protocol without CONNECT': [...GOOD, [':protocol', 'websocket']],
    'transfer-encoding': [...GOOD, ['transfer-encoding', 'chunked']],
    connection: [...GOOD, ['connection', 'x']],
    'keep-alive': [...GOOD, ['keep-alive', '1']],
    'proxy-connection': [...GOOD, ['proxy-connection', 'close']],
    upgrade: [...GOOD, ['upgrade', 'h2c']],
    'te of more than trailers': [...GOOD, ['te', 'trailers, gzip']],
    'a host that is not the authority': [...GOOD, ['host', 'other.test']],
    'two hosts': [...GOOD, ['host', HOST], ['host', HOST]],
    ...Object.fromEntries(
      ['', '+5', '-1', '5, 5', '1e3', '0x5', ' 5', '5 ', '99999999999999999999'].map((length) => [
        `content-length ${JSON.stringify(length)}`,
        [...GOOD, ['content-length', length] as const],
      ]),
    ),
    'two content-lengths': [...GOOD, ['content-length', '5'], ['content-length', '6']],
    'a content-length without a body': [...GOOD, ['content-length', '5']],
    'CONNECT with a path': but(':method', 'CONNECT'),
    'CONNECT without an authority': [[':method', 'CONNECT']],
  };
  test('requests that one parser might read otherwise than another never reach a service', async () => {
    heard = [];
    await siege.beside('malformed requests', () =>
      siege.once(async (peer) => {
        const names = Object.keys(MALFORMED);
        for (const [index, fields] of Object.values(MALFORMED).entries()) peer.write(headers(streamId(index), block(fields)));
        await peer.until('all are refused', () => peer.resets.size >= names.length || peer.refused);
        for (const [index, name] of names.entries()) assert.equal(peer.resets.get(streamId(index)), CODE.protocol, `${name}: ${peer}`);
        assert.deepEqual([heard, peer.statuses.size], [[], 0]);
        // Their connection is as good as it was.
        const id = streamId(names.length);
        peer.write(headers(id, block(GOOD)));
        await peer.until('an answer', () => peer.ended.has(id));
        assert.equal(peer.statuses.get(id), 200);
      }),
    );
  });

  test('tunnels are refused, and their connection goes on', async () => {
    heard = [];
    await siege.once(async (peer) => {
      peer.write(
        headers(
          1,
          block([
            [':method', 'CONNECT'],
            [':authority', `${HOST}:443`],
          ]),
          false,
        ),
      );
      peer.write(headers(3, block([...but(':method', 'CONNECT'), [':protocol', 'websocket']]), false));
      await peer.until('both are answered', () => peer.ended.has(1) && peer.ended.has(3));
      assert.deepEqual([peer.statuses.get(1), peer.statuses.get(3), heard], [501, 501, []]);
      peer.write(headers(5, block(GOOD)));
      await peer.until('an answer', () => peer.ended.has(5));
    });
  });

  const LIES: Readonly<Record<string, (id: number) => Buffer[]>> = {
    'less than content-length says': (id) => [data(id, 'abc', true)],
    'more than content-length says': (id) => [data(id, 'abcd'), data(id, 'ef', true)],
    'trailers before all of it': (id) => [data(id, 'abc'), headers(id, block([['x', 'y']]))],
    'pseudo-headers in trailers': (id) => [data(id, 'abcde'), headers(id, block([[':path', '/']]))],
    'transfer-encoding in trailers': (id) => [data(id, 'abcde'), headers(id, block([['transfer-encoding', 'chunked']]))],
    'CRLF in trailers': (id) => [data(id, 'abcde'), headers(id, block([['x', 'a\r\nb']]))],
    'trailers that depend on themselves': (id) => [
      data(id, 'abcde'),
      frame(
        TYPE.headers,
        FLAG.endHeaders | FLAG.endStream | FLAG.priority,
        id,
        Buffer.concat([Buffer.from([0, 0, 0, id, 1]), block([['x', 'y']])]),
      ),
    ],
  };
  test('a body that is not what its head says never ends as a whole one', async () => {
    await siege.beside('lies', async () => {
      for (const [name, write] of Object.entries(LIES)) {
        await siege.once(async (peer) => {
          peer.write(headers(1, block([...but(':path', '/upload'), ['content-length', '5']]), false), ...write(1));
          await peer.until(`${name} is refused`, () => peer.resets.has(1) || peer.ended.has(1));
          assert.equal(peer.resets.get(1), CODE.protocol, `${name}: ${peer}`);
        });
      }
    });
    for (const peer of quiet.peers) {
      const whole = peer.frames.filter(({ type, flags }) => type === TYPE.data && (flags & FLAG.endStream) !== 0);
      assert.deepEqual(whole, []);
    }
  });

  const CONNECTION_ERRORS: Readonly<Record<string, readonly [code: number, ...Buffer[]]>> = {
    'PUSH_PROMISE of a client': [
      CODE.protocol,
      headers(1, GET),
      frame(TYPE.pushPromise, FLAG.endHeaders, 1, Buffer.concat([Buffer.from([0, 0, 0, 2]), GET])),
    ],
    'an even stream': [CODE.protocol, headers(2, GET)],
    'stream 0': [CODE.protocol, headers(0, GET)],
    'a stream before the last one': [CODE.protocol, headers(LAST_ID, GET), headers(1, GET)],
    'GOAWAY inside of headers': [CODE.protocol, frame(TYPE.headers, 0, 1, GET), goAway(0)],
    'GOAWAY on a stream': [CODE.protocol, frame(TYPE.goAway, 0, 1, Buffer.alloc(8))],
    'GOAWAY that is too short': [CODE.frameSize, frame(TYPE.goAway, 0, 0, Buffer.alloc(7))],
    'CONTINUATION of nothing': [CODE.protocol, frame(TYPE.continuation, FLAG.endHeaders, 1, GET)],
    'CONTINUATION of another stream': [CODE.protocol, frame(TYPE.headers, 0, 1, GET), frame(TYPE.continuation, FLAG.endHeaders, 3)],
    'DATA of nothing': [CODE.protocol, data(1, 'x')],
    'more padding than payload': [CODE.protocol, headers(1, GET, false), frame(TYPE.data, FLAG.padded, 1, Buffer.from([200, 1, 2]))],
    'a frame of 16 MiB': [CODE.frameSize, Buffer.from([0xff, 0xff, 0xff, TYPE.headers, FLAG.endHeaders, 0, 0, 0, 1])],
    'DATA of 16 MiB': [CODE.frameSize, headers(1, GET, false), Buffer.from([0xff, 0xff, 0xff, TYPE.data, 0, 0, 0, 0, 1])],
    'PING of 7 octets': [CODE.frameSize, frame(TYPE.ping, 0, 0, Buffer.alloc(7))],
    'a window of 2^31': [CODE.flowControl, settings({ window: 0x80000000 })],
    'frames of one octet': [CODE.protocol, settings({ frameBytes: 1 })],
    'SETTINGS of a stream': [CODE.protocol, frame(TYPE.settings, 0, 1)],
    'an acknowledgement with settings': [CODE.frameSize, frame(TYPE.settings, FLAG.ack, 0, Buffer.alloc(6))],
    "a connection's window of nothing": [CODE.protocol, frame(TYPE.windowUpdate, 0, 0, Buffer.alloc(4))],
    "a connection's window above 2^31 - 1": [CODE.flowControl, frame(TYPE.windowUpdate, 0, 0, Buffer.from([0x7f, 0xff, 0xff, 0xff]))],
    'SETTINGS that make a window too wide': [
      CODE.flowControl,
      headers(1, request('/slow/60000')),
      frame(TYPE.windowUpdate, 0, 1, Buffer.from([0x7f, 0xff, 0, 0])),
      settings({ window: 0x7fffffff }),
    ],
  };
  test('what is wrong for the whole connection ends it with the error that the RFC names', async () => {
    await siege.beside('connection errors', async () => {
      for (const [name, [code, ...frames]] of Object.entries(CONNECTION_ERRORS)) {
        await siege.once(async (peer) => {
          await peer.greeted();
          peer.write(...frames);
          await assertGoAway(peer, code).catch((error) => assert.fail(`${name}: ${error}`));
        });
      }
    });
  });

  test('a connection that does not begin with SETTINGS ends with PROTOCOL_ERROR', async () => {
    for (const first of [goAway(0), ping(), headers(1, GET), frame(0xfa, 0, 0), frame(TYPE.settings, FLAG.ack, 0)]) {
      const greeting = Buffer.concat([PREFACE, first]);
      await siege.once((peer) => assertGoAway(peer, CODE.protocol), { greeting, acknowledges: false });
    }
  });

  test('a caller that says GOAWAY is still answered', async () => {
    await siege.once(async (peer) => {
      peer.write(headers(1, request('/slow/100')), goAway(0, CODE.internal), goAway(LAST_ID), headers(3, GET));
      await peer.until('both answers', () => peer.ended.size === 2);
      assert.deepEqual([peer.statuses.get(1), peer.statuses.get(3)], [200, 200]);
    });
  });

  test('a caller that used up its stream ids is answered on the last one', async () => {
    await siege.once(async (peer) => {
      peer.write(headers(LAST_ID, GET));
      await peer.until('an answer', () => peer.ended.has(LAST_ID));
      peer.write(headers(LAST_ID, GET));
      await assertGoAway(peer, CODE.streamClosed);
    });
  });
});

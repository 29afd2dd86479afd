import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CONTINUATION,
  DATA,
  END_HEADERS,
  END_STREAM,
  GOAWAY,
  HEADERS,
  PADDED,
  PING,
  PREFACE,
  PRIORITY,
  PRIORITY_FLAG,
  PUSH_PROMISE,
  RST_STREAM,
  SETTINGS,
  WINDOW_UPDATE,
} from './frame.ts';
import { frame, GET, headersFrame, literalBlock, POST, settingsFrame, word32, wordFrame } from './testing/frames.ts';
import { CallerPeer } from './testing/peers.ts';

const get = (id: number) => headersFrame(id, END_STREAM, GET);
const post = (id: number) => headersFrame(id, 0, POST);

/** What a caller sends, and the frame that it must get last. */
const CASES: readonly (readonly [name: string, sent: readonly Buffer[], answer: string])[] = [
  ['DATA on stream 0', [frame(DATA, 0, 0, 'x')], 'GOAWAY 0 PROTOCOL_ERROR'],
  ['DATA on an idle stream', [frame(DATA, 0, 1, 'x')], 'GOAWAY 0 PROTOCOL_ERROR'],
  ['DATA behind its end', [post(1), frame(DATA, END_STREAM, 1, 'x'), frame(DATA, 0, 1, 'x')], 'RST_STREAM 1 STREAM_CLOSED'],
  ['DATA behind a reset of its own', [post(1), wordFrame(RST_STREAM, 1, 8), frame(DATA, 0, 1, 'x')], 'RST_STREAM 1 STREAM_CLOSED'],
  ['DATA with too much padding', [post(1), frame(DATA, PADDED, 1, '\x05abc')], 'GOAWAY 1 PROTOCOL_ERROR'],
  ['HEADERS on stream 0', [get(0)], 'GOAWAY 0 PROTOCOL_ERROR'],
  ['HEADERS on an even stream', [get(2)], 'GOAWAY 0 PROTOCOL_ERROR'],
  ['HEADERS on a stream below the last', [get(5), get(3)], 'GOAWAY 5 PROTOCOL_ERROR'],
  ['HEADERS behind the end', [get(1), get(1)], 'RST_STREAM 1 STREAM_CLOSED'],
  ['HEADERS with too much padding', [frame(HEADERS, END_HEADERS | PADDED, 1, '\x09ab')], 'GOAWAY 0 PROTOCOL_ERROR'],
  [
    'HEADERS that depend on themselves',
    [frame(HEADERS, END_HEADERS | PRIORITY_FLAG, 1, Buffer.concat([word32(1), Buffer.from([0]), literalBlock(GET)]))],
    'RST_STREAM 1 PROTOCOL_ERROR',
  ],
  ['trailers without an end', [post(1), headersFrame(1, 0, [['a', 'b']])], 'RST_STREAM 1 PROTOCOL_ERROR'],
  ['trailers with a pseudo-header', [post(1), headersFrame(1, END_STREAM, [[':path', '/']])], 'RST_STREAM 1 PROTOCOL_ERROR'],
  ['headers that no table has', [frame(HEADERS, END_HEADERS, 1, Buffer.from([0xff, 0x70]))], 'GOAWAY 0 COMPRESSION_ERROR'],
  ['a frame inside of headers', [frame(HEADERS, 0, 1, literalBlock(GET)), frame(PING, 0, 0, '12345678')], 'GOAWAY 0 PROTOCOL_ERROR'],
  ['CONTINUATION of another stream', [frame(HEADERS, 0, 1, literalBlock(GET)), frame(CONTINUATION, 4, 3)], 'GOAWAY 0 PROTOCOL_ERROR'],
  ['CONTINUATION without HEADERS', [get(1), frame(CONTINUATION, 4, 1)], 'GOAWAY 1 PROTOCOL_ERROR'],
  ['PRIORITY on stream 0', [frame(PRIORITY, 0, 0, '12345')], 'GOAWAY 0 PROTOCOL_ERROR'],
  ['PRIORITY of a wrong length', [post(1), frame(PRIORITY, 0, 1, '1234')], 'RST_STREAM 1 FRAME_SIZE_ERROR'],
  ['PRIORITY on itself', [post(1), frame(PRIORITY, 0, 1, Buffer.concat([word32(1), Buffer.from([1])]))], 'RST_STREAM 1 PROTOCOL_ERROR'],
  ['RST_STREAM on stream 0', [wordFrame(RST_STREAM, 0, 8)], 'GOAWAY 0 PROTOCOL_ERROR'],
  ['RST_STREAM on an idle stream', [wordFrame(RST_STREAM, 1, 8)], 'GOAWAY 0 PROTOCOL_ERROR'],
  ['RST_STREAM of a wrong length', [get(1), frame(RST_STREAM, 0, 1, '123')], 'GOAWAY 1 FRAME_SIZE_ERROR'],
  ['SETTINGS on a stream', [frame(SETTINGS, 0, 1)], 'GOAWAY 0 PROTOCOL_ERROR'],
  ['SETTINGS of a wrong length', [frame(SETTINGS, 0, 0, '123')], 'GOAWAY 0 FRAME_SIZE_ERROR'],
  ['an acknowledgement with settings', [frame(SETTINGS, 1, 0, '123456')], 'GOAWAY 0 FRAME_SIZE_ERROR'],
  ['ENABLE_PUSH of 2', [settingsFrame([[2, 2]])], 'GOAWAY 0 PROTOCOL_ERROR'],
  ['INITIAL_WINDOW_SIZE of 2^31', [settingsFrame([[4, 0x80000000]])], 'GOAWAY 0 FLOW_CONTROL_ERROR'],
  ['MAX_FRAME_SIZE of 16383', [settingsFrame([[5, 16_383]])], 'GOAWAY 0 PROTOCOL_ERROR'],
  ['MAX_FRAME_SIZE of 2^24', [settingsFrame([[5, 16_777_216]])], 'GOAWAY 0 PROTOCOL_ERROR'],
  ['an unknown setting', [settingsFrame([[0xff, 1]])], 'SETTINGS ack'],
  ['PUSH_PROMISE', [get(1), frame(PUSH_PROMISE, 4, 1, word32(2))], 'GOAWAY 1 PROTOCOL_ERROR'],
  ['PING', [frame(PING, 0, 0, '12345678')], 'PING ack'],
  ['PING on a stream', [frame(PING, 0, 1, '12345678')], 'GOAWAY 0 PROTOCOL_ERROR'],
  ['PING of a wrong length', [frame(PING, 0, 0, '1234567')], 'GOAWAY 0 FRAME_SIZE_ERROR'],
  ['GOAWAY on a stream', [frame(GOAWAY, 0, 1, '12345678')], 'GOAWAY 0 PROTOCOL_ERROR'],
  ['WINDOW_UPDATE of 0', [wordFrame(WINDOW_UPDATE, 0, 0)], 'GOAWAY 0 PROTOCOL_ERROR'],
  ['WINDOW_UPDATE of 0 for a stream', [post(1), wordFrame(WINDOW_UPDATE, 1, 0)], 'RST_STREAM 1 PROTOCOL_ERROR'],
  ['WINDOW_UPDATE for an idle stream', [wordFrame(WINDOW_UPDATE, 1, 1)], 'GOAWAY 0 PROTOCOL_ERROR'],
  ['WINDOW_UPDATE of a wrong length', [frame(WINDOW_UPDATE, 0, 0, '123')], 'GOAWAY 0 FRAME_SIZE_ERROR'],
  ['a window over 2^31 - 1', [wordFrame(WINDOW_UPDATE, 0, 0x7fffffff)], 'GOAWAY 0 FLOW_CONTROL_ERROR'],
  ["a stream's window over 2^31 - 1", [post(1), wordFrame(WINDOW_UPDATE, 1, 0x7fffffff)], 'RST_STREAM 1 FLOW_CONTROL_ERROR'],
  [
    'SETTINGS that make a window too wide',
    [post(1), wordFrame(WINDOW_UPDATE, 1, 0x7fff0000), settingsFrame([[4, 0x7fffffff]])],
    'GOAWAY 1 FLOW_CONTROL_ERROR',
  ],
  ['a frame over the limit', [frame(DATA, 0, 1, Buffer.alloc(16_385))], 'GOAWAY 0 FRAME_SIZE_ERROR'],
  [
    'more data than announced',
    [headersFrame(1, 0, [...POST, ['content-length', '2']]), frame(DATA, 0, 1, '123')],
    'RST_STREAM 1 PROTOCOL_ERROR',
  ],
  [
    'less data than announced',
    [headersFrame(1, 0, [...POST, ['content-length', '2']]), frame(DATA, END_STREAM, 1, '1')],
    'RST_STREAM 1 PROTOCOL_ERROR',
  ],
  ['no data though announced', [headersFrame(1, END_STREAM, [...POST, ['content-length', '2']])], 'RST_STREAM 1 PROTOCOL_ERROR'],
  [
    'less data than announced before trailers',
    [headersFrame(1, 0, [...POST, ['content-length', '2']]), headersFrame(1, END_STREAM, [['a', 'b']])],
    'RST_STREAM 1 PROTOCOL_ERROR',
  ],
  ['a malformed request', [headersFrame(1, END_STREAM, [[':method', 'GET']])], 'RST_STREAM 1 PROTOCOL_ERROR'],
];

for (const [name, sent, answer] of CASES) {
  test(`${name} is answered with ${answer}`, () => {
    const peer = new CallerPeer();
    const got = peer.send(...sent);
    assert.equal(got.at(-1), answer);
    assert.equal(peer.transport.ended, answer.startsWith('GOAWAY'));
    const exchanges = peer.handler.exchanges;
    if (peer.transport.ended)
      assert.ok(
        exchanges.every(({ events }) => events.at(-1)?.startsWith('reset')),
        'every request hears of it',
      );
  });

  test(`${name} is answered with ${answer} when it comes byte by byte`, () => {
    const peer = new CallerPeer();
    for (const byte of Buffer.concat(sent)) peer.connection.onBytes(Buffer.from([byte]));
    assert.equal(peer.read().at(-1), answer);
  });
}

test('a connection that does not begin with the preface is closed, and a caller of HTTP/1 reads why', () => {
  const binary = new CallerPeer({}, []);
  binary.connection.onBytes(Buffer.from([0xda, 0xbb, 2]));
  assert.equal(binary.transport.take().length, 0);
  assert.ok(binary.transport.ended);
  const http1 = new CallerPeer({}, []);
  http1.connection.onBytes(Buffer.from('GET / HTTP/1.1\r\nhost: shop\r\n\r\n'));
  assert.match(http1.transport.take().toString(), /^HTTP\/1\.1 400 .*\r\n\r\nthis port speaks HTTP\/2 alone\n$/s);
  assert.deepEqual(http1.handler.unreadable, ['the connection does not begin as HTTP/2 does: the caller speaks HTTP/1']);
});

test('a caller that begins with TLS is named so', () => {
  const peer = new CallerPeer({}, []);
  peer.connection.onBytes(Buffer.from([0x16, 3, 1, 2, 0, 1]));
  assert.ok(peer.transport.ended);
  assert.deepEqual(peer.handler.unreadable, [
    'the connection does not begin as HTTP/2 does: the caller begins with TLS, which this listener does not take',
  ]);
});

test("the first frame must be the caller's own SETTINGS", () => {
  for (const first of [frame(PING, 0, 0, '12345678'), frame(SETTINGS, 1, 0)]) {
    const peer = new CallerPeer({}, [PREFACE]);
    assert.equal(peer.send(first).at(-1), 'GOAWAY 0 PROTOCOL_ERROR');
  }
});

test('frames of unknown types and unknown flags are ignored', () => {
  const peer = new CallerPeer();
  assert.deepEqual(peer.send(frame(0x16, 0xff, 0, 'anything'), frame(0x17, 0, 7, 'anything')), []);
  assert.deepEqual(peer.send(frame(PING, 0x10, 0, '12345678')), ['PING ack']);
});

test('what comes for a stream that was reset here is ignored, headers included', () => {
  const peer = new CallerPeer();
  peer.send(post(1));
  peer.exchange.stream?.abort('broken');
  assert.deepEqual(peer.read(), ['RST_STREAM 1 INTERNAL_ERROR']);
  const late = [
    frame(DATA, 0, 1, 'x'),
    headersFrame(1, END_STREAM, [['a', 'b']]),
    wordFrame(WINDOW_UPDATE, 1, 5),
    wordFrame(RST_STREAM, 1, 8),
  ];
  assert.deepEqual(peer.send(...late), []);
});

test('frames for a stream that was ended both ways end the connection', () => {
  for (const late of [frame(DATA, 0, 1, 'x'), get(1)]) {
    const peer = new CallerPeer();
    peer.send(get(1));
    peer.exchange.stream?.reply({ reason: 'no-route', message: 'none' });
    peer.read();
    assert.deepEqual(peer.send(late), ['GOAWAY 1 STREAM_CLOSED']);
  }
});

test('nothing is read behind an error', () => {
  const peer = new CallerPeer();
  peer.send(get(2));
  assert.deepEqual(peer.send(get(3)), []);
  assert.equal(peer.handler.exchanges.length, 0);
});

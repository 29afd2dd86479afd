import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PING, RST_STREAM } from './frame.ts';
import { frame, GET, headersFrame, POST, settingsFrame, word32, wordFrame } from './testing/frames.ts';
import { response } from './testing/heads.ts';
import { CallerPeer, ServicePeer } from './testing/peers.ts';

const get = (id: number) => headersFrame(id, END_STREAM, GET);
const post = (id: number) => headersFrame(id, 0, POST);
const ok = headersFrame(1, 0, [[':status', '200']]);
const goAway = (lastId: number, code: number, text = '') =>
  frame(GOAWAY, 0, 0, Buffer.concat([word32(lastId), word32(code), Buffer.from(text)]));
const head = response([[':status', '200']]);
const MAX_CONCURRENT_STREAMS = 3;

test('a request comes with its body and trailers, and its answer goes with both', () => {
  const peer = new CallerPeer();
  peer.send(post(1), frame(DATA, 0, 1, 'abc'), frame(DATA, 0, 1, 'de'), headersFrame(1, END_STREAM, [['sum', '5']]));
  const { stream, events } = peer.exchange;
  assert.deepEqual(events, ['POST /', 'data 3', 'data 2', 'trailers sum=5']);
  stream?.respondInterim(response([[':status', '103']]));
  stream?.respond(head, undefined, false);
  stream?.respondData(Buffer.from('hello'), false);
  stream?.respondTrailers([{ name: 'grpc-status', value: '0', neverIndexed: false }]);
  assert.deepEqual(peer.read(), ['HEADERS 1', 'HEADERS 1', 'DATA 1 5', 'HEADERS 1 end']);
  assert.equal(peer.connection.open, 0);
  assert.equal(peer.counters.callerStreams, 0);
});

test('a whole answer to half a request ends both: the rest is not wanted', () => {
  const peer = new CallerPeer();
  peer.send(post(1));
  peer.exchange.stream?.reply({ reason: 'denied', message: 'no' });
  assert.deepEqual(peer.read(), ['HEADERS 1', 'DATA 1 2 end', 'RST_STREAM 1 NO_ERROR']);
  const service = new ServicePeer();
  const { exchange } = service.open(false, POST);
  service.read();
  assert.deepEqual(service.send(headersFrame(1, END_STREAM, [[':status', '403']])), ['RST_STREAM 1 NO_ERROR']);
  assert.deepEqual(exchange.events, ['head 403 end']);
});

test('CONNECT is refused, of both kinds', () => {
  const peer = new CallerPeer();
  const tunnel = headersFrame(1, 0, [
    [':method', 'CONNECT'],
    [':authority', 'shop:443'],
  ]);
  assert.deepEqual(peer.send(tunnel), ['HEADERS 1', 'DATA 1 24 end', 'RST_STREAM 1 NO_ERROR']);
  const socket = headersFrame(3, 0, [...GET.slice(1), [':method', 'CONNECT'], [':protocol', 'websocket']]);
  assert.deepEqual(peer.send(socket), ['HEADERS 3', 'DATA 3 24 end', 'RST_STREAM 3 NO_ERROR']);
  assert.equal(peer.handler.exchanges.length, 0);
});

test('headers longer than a frame go in several', () => {
  const peer = new ServicePeer();
  peer.open(true, [...GET, ['x', '\u00ff'.repeat(20_000)]]);
  const frames = peer.readFrames().map(({ type, flags, payload }) => [type, flags, payload.length > 0]);
  assert.deepEqual(frames, [
    [HEADERS, END_STREAM, true],
    [CONTINUATION, END_HEADERS, true],
  ]);
});

test('whoever cancels cancels at the service, and the other way round with its code', () => {
  const peer = new CallerPeer();
  peer.send(get(1), wordFrame(RST_STREAM, 1, 8));
  assert.deepEqual(peer.exchange.events, ['GET / end', 'reset cancelled']);
  peer.send(get(3));
  peer.exchange.stream?.respond(head, undefined, false);
  peer.read();
  peer.exchange.stream?.abort('broken off', 11);
  assert.deepEqual(peer.read(), ['RST_STREAM 3 ENHANCE_YOUR_CALM']);

  const service = new ServicePeer();
  const first = service.open();
  service.read();
  first.stream.cancel('cancelled');
  first.stream.cancel('cancelled');
  assert.deepEqual(service.read(), ['RST_STREAM 1 CANCEL']);
  assert.deepEqual(service.send(ok, frame(DATA, END_STREAM, 1, 'late')), []);
  const second = service.open();
  service.send(wordFrame(RST_STREAM, 3, 2));
  assert.deepEqual(second.exchange.events, ['reset cancelled 2: RST_STREAM with INTERNAL_ERROR']);
  const third = service.open();
  service.send(wordFrame(RST_STREAM, 5, 7));
  assert.deepEqual(third.exchange.events, ['reset connection-closed unprocessed 7: the service refused the stream']);
});

test('a service greets and is greeted: no push, our windows', () => {
  const peer = new ServicePeer();
  assert.deepEqual(peer.greeting, ['SETTINGS', 'WINDOW_UPDATE 0 983041']);
});

test('an answer comes with heads before it, its body and its trailers', () => {
  const peer = new ServicePeer();
  const { exchange } = peer.open();
  peer.send(headersFrame(1, 0, [[':status', '103']]), ok, frame(DATA, 0, 1, 'abc'), headersFrame(1, END_STREAM, [['grpc-status', '0']]));
  assert.deepEqual(exchange.events, ['interim 103', 'head 200', 'data 3', 'trailers grpc-status=0']);
  assert.equal(peer.counters.serviceStreams, 0);
});

const BROKEN: readonly (readonly [name: string, answer: readonly Buffer[], method?: string])[] = [
  ['status 101', [headersFrame(1, 0, [[':status', '101']])]],
  ['an end with status 100', [headersFrame(1, END_STREAM, [[':status', '100']])]],
  ['DATA before headers', [frame(DATA, 0, 1, 'x')]],
  ['no status', [headersFrame(1, 0, [['a', 'b']])]],
  [
    'more data than announced',
    [
      headersFrame(1, 0, [
        [':status', '200'],
        ['content-length', '1'],
      ]),
      frame(DATA, 0, 1, 'xy'),
    ],
  ],
  [
    'less data than announced',
    [
      headersFrame(1, 0, [
        [':status', '200'],
        ['content-length', '3'],
      ]),
      frame(DATA, END_STREAM, 1, 'xy'),
    ],
  ],
  [
    'data for HEAD',
    [
      headersFrame(1, 0, [
        [':status', '200'],
        ['content-length', '2'],
      ]),
      frame(DATA, END_STREAM, 1, 'xy'),
    ],
    'HEAD',
  ],
  ['data with status 204', [headersFrame(1, 0, [[':status', '204']]), frame(DATA, END_STREAM, 1, 'xy')]],
  ['trailers without an end', [ok, headersFrame(1, 0, [['a', 'b']])]],
];
for (const [name, answer, method = 'GET'] of BROKEN) {
  test(`a service that answers with ${name} loses the stream, and the request is told so`, () => {
    const peer = new ServicePeer();
    const { exchange } = peer.open(true, [[':method', method], ...GET.slice(1)]);
    peer.read();
    assert.deepEqual(peer.send(...answer), ['RST_STREAM 1 PROTOCOL_ERROR']);
    assert.match(exchange.events.at(-1) ?? '', /^reset protocol-error: /);
    assert.equal(peer.transport.ended, false);
  });
}

test('HEAD is answered with the length of what GET would be', () => {
  const peer = new ServicePeer();
  const { exchange } = peer.open(true, [[':method', 'HEAD'], ...GET.slice(1)]);
  peer.send(
    headersFrame(1, END_STREAM, [
      [':status', '200'],
      ['content-length', '5'],
    ]),
  );
  assert.deepEqual(exchange.events, ['head 200 end']);
});

test('a service takes as many streams as it says, and 100 before it says so', () => {
  const peer = new ServicePeer({}, [[MAX_CONCURRENT_STREAMS, 2]]);
  const first = peer.open();
  assert.ok(peer.connection.usable);
  peer.open();
  assert.equal(peer.connection.usable, false);
  first.stream.cancel('cancelled');
  assert.ok(peer.connection.usable);
  const silent = new ServicePeer({}, 'silent');
  for (let i = 0; i < 100; i++) silent.open();
  assert.equal(silent.connection.usable, false);
  silent.send(settingsFrame());
  assert.ok(silent.connection.usable, 'it said nothing of a limit');
});

test('GOAWAY of a service: what it will not do may go elsewhere, the rest is waited for', () => {
  const peer = new ServicePeer();
  const [one, three] = [peer.open(), peer.open()];
  assert.deepEqual(peer.send(goAway(1, 0, 'maintenance')).slice(2), []);
  assert.deepEqual(peer.owner.events, ['leaving']);
  assert.deepEqual(three.exchange.events, ['reset connection-closed unprocessed 0: the service sent GOAWAY with NO_ERROR: maintenance']);
  assert.equal(peer.connection.usable, false);
  assert.deepEqual(peer.send(headersFrame(1, END_STREAM, [[':status', '200']])), ['GOAWAY 0 NO_ERROR']);
  assert.deepEqual(one.exchange.events, ['head 200 end']);
  assert.deepEqual(peer.owner.events, ['leaving', 'given up']);
  assert.ok(peer.transport.ended);
});

test('ids that are used up lead to another connection', () => {
  const peer = new ServicePeer({ options: { maxStreamId: 3 } });
  peer.open();
  assert.deepEqual(peer.owner.events, []);
  const last = peer.open();
  assert.deepEqual(peer.owner.events, ['leaving']);
  assert.equal(peer.connection.usable, false);
  peer.send(headersFrame(3, END_STREAM, [[':status', '200']]));
  assert.deepEqual(last.exchange.events, ['head 200 end']);
  assert.equal(peer.transport.ended, false);
});

test('what was not handed to the socket when a service goes may be sent again', () => {
  const peer = new ServicePeer();
  const sent = peer.open();
  peer.connection.onFlushed();
  const unsent = peer.open();
  peer.connection.onClose('reset by peer');
  assert.deepEqual(peer.owner.events, ['closed: reset by peer']);
  assert.deepEqual(sent.exchange.events, ['reset connection-closed: reset by peer']);
  assert.deepEqual(unsent.exchange.events, ['reset connection-closed unprocessed: reset by peer']);
  assert.equal(peer.counters.serviceConnections, 0);
  assert.equal(peer.counters.serviceStreams, 0);
  assert.equal(peer.wheel.size, 0);
});

test('a caller that goes away is told to every request', () => {
  const peer = new CallerPeer();
  peer.send(get(1), post(3));
  peer.connection.onClose('gone');
  for (const { events } of peer.handler.exchanges) assert.equal(events.at(-1), 'reset connection-closed');
  assert.equal(peer.handler.closed, 'gone');
  assert.equal(peer.counters.callerConnections, 0);
  assert.equal(peer.counters.callerStreams, 0);
  assert.equal(peer.wheel.size, 0);
});

test('a caller that ended its side is gone with everything that it asked', () => {
  const peer = new CallerPeer();
  peer.send(get(1), post(3));
  peer.connection.onEnd();
  for (const exchange of peer.handler.exchanges) assert.equal(exchange.events.at(-1), 'reset connection-closed');
  assert.deepEqual(peer.read(), []);
  assert.ok(peer.transport.ended);
  assert.equal(peer.counters.callerStreams, 0);
});

test('a connection that drains takes what was on its way, then refuses, and ends behind the last answer', () => {
  const peer = new CallerPeer();
  peer.send(get(1));
  peer.connection.goAway();
  peer.connection.goAway();
  const [first, ping, ...rest] = peer.readFrames();
  assert.equal(first?.payload.readUInt32BE(0), 0x7fffffff);
  assert.deepEqual(rest, []);
  peer.send(get(3));
  assert.equal(peer.handler.exchanges.length, 2);
  assert.deepEqual(peer.send(frame(PING, 1, 0, ping?.payload)), ['GOAWAY 3 NO_ERROR']);
  assert.deepEqual(peer.send(get(5)), ['RST_STREAM 5 REFUSED_STREAM']);
  for (const { stream } of peer.handler.exchanges) {
    assert.equal(peer.transport.ended, false);
    stream?.respond(head, undefined, true);
  }
  assert.deepEqual(peer.read(), ['HEADERS 1 end', 'HEADERS 3 end']);
  assert.ok(peer.transport.ended);
});

test('a caller that does not answer PING drains all the same', () => {
  const peer = new CallerPeer();
  peer.connection.goAway();
  peer.read();
  peer.wheel.pass(1000);
  assert.deepEqual(peer.read(), ['GOAWAY 0 NO_ERROR']);
  assert.ok(peer.transport.ended);
});

test('a request that ends is forgotten, so that thousands leave nothing', () => {
  const peer = new CallerPeer({ options: { maxConcurrentStreams: 5000 } });
  for (let id = 1; id < 6000; id += 2) peer.send(get(id));
  assert.equal(peer.connection.open, 3000);
  for (const { stream } of peer.handler.exchanges) stream?.respond(head, undefined, true);
  assert.equal(peer.connection.open, 0);
  assert.equal(peer.counters.callerStreams, 0);
});

test('a service that speaks HTTP/1 is named so', () => {
  const peer = new ServicePeer({}, 'silent');
  const { exchange } = peer.open();
  peer.connection.onBytes(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'));
  assert.deepEqual(exchange.events, ['reset protocol-error: the other side speaks HTTP/1, or no HTTP at all']);
});

test('a service that wants TLS, and ends the connection behind an alert of it, is suspected of that', () => {
  const peer = new ServicePeer({}, 'silent');
  peer.open();
  peer.connection.onBytes(Buffer.from([0x15, 3, 1, 0, 2, 2, 70]));
  peer.connection.onEnd();
  assert.match(peer.transport.reason ?? '', /before it said anything in HTTP\/2: does its port take TLS/);
});

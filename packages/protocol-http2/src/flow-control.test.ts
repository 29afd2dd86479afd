import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ACK, DATA, END_STREAM, PADDED, PREFACE, RST_STREAM, SETTINGS, WINDOW_UPDATE } from './frame.ts';
import { Http2Stream } from './stream.ts';
import { frame, GET, headersFrame, OK, POST, settingsFrame, wordFrame } from './testing/frames.ts';
import { response } from './testing/heads.ts';
import { CallerPeer, ServicePeer } from './testing/peers.ts';

const KIB = 1024;
const get = (id: number) => headersFrame(id, END_STREAM, GET);
const post = (id: number) => headersFrame(id, 0, POST);
const data = (id: number, bytes: number, flags = 0) => frame(DATA, flags, id, Buffer.alloc(bytes));
const head = response(OK.map(({ name, value }) => [name, value] as const));
const INITIAL_WINDOW_SIZE = 4;

test('what is passed on is given back by halves of a window, on both levels', () => {
  const peer = new CallerPeer({ options: { streamWindow: 64 * KIB, connectionWindow: 128 * KIB } });
  peer.send(post(1));
  assert.deepEqual(peer.send(data(1, 16 * KIB)), []);
  assert.deepEqual(peer.send(data(1, 16 * KIB)), ['WINDOW_UPDATE 1 32768']);
  assert.deepEqual(peer.send(data(1, 16 * KIB), data(1, 16 * KIB)), ['WINDOW_UPDATE 0 65536', 'WINDOW_UPDATE 1 32768']);
});

test('padding counts, and is given back', () => {
  const peer = new CallerPeer({ options: { streamWindow: 1024, connectionWindow: 65_536 } });
  peer.send(post(1));
  const padded = frame(DATA, PADDED, 1, Buffer.concat([Buffer.from([255]), Buffer.from('ab'), Buffer.alloc(255)]));
  assert.deepEqual(peer.send(padded), []);
  assert.deepEqual(peer.send(padded), ['WINDOW_UPDATE 1 514']);
  assert.equal(peer.exchange.bytes, 4);
});

test('a stream that cannot be passed on gets nothing back, and its connection does', () => {
  const peer = new CallerPeer({ options: { streamWindow: 32 * KIB, connectionWindow: 65_536 } });
  peer.handler.more = false;
  peer.send(post(1), post(3));
  const { exchange } = peer;
  const [first] = peer.handler.exchanges;
  assert.ok(first !== undefined);
  assert.deepEqual(peer.send(data(1, 16 * KIB), data(1, 16 * KIB)), ['WINDOW_UPDATE 0 32768']);
  assert.equal(peer.counters.heldBytes, 32 * KIB);
  exchange.more = true;
  assert.deepEqual(peer.send(data(3, 16 * KIB)), ['WINDOW_UPDATE 3 16384']);
  first.stream?.resume();
  assert.deepEqual(peer.read(), ['WINDOW_UPDATE 1 32768']);
  assert.equal(peer.counters.heldBytes, 0);
});

test('what waits for slow streams is bounded: beyond the limit the connection gets nothing back until one of them moves', () => {
  const peer = new CallerPeer({ options: { streamWindow: 64 * KIB, connectionWindow: 65_536, heldBytes: 65_535 } });
  peer.handler.more = false;
  peer.send(post(1), post(3));
  const [first] = peer.handler.exchanges;
  const sixteen = (id: number) => data(id, 16 * KIB);
  assert.deepEqual(peer.send(sixteen(1), sixteen(1)), ['WINDOW_UPDATE 0 32768']);
  assert.deepEqual(peer.send(sixteen(1), sixteen(1)), ['WINDOW_UPDATE 0 32768']);
  assert.deepEqual(peer.send(sixteen(3), sixteen(3)), []);
  first?.stream?.resume();
  assert.deepEqual(peer.read(), ['WINDOW_UPDATE 0 32768', 'WINDOW_UPDATE 1 65536']);
});

test('the connection to a service goes on for others: of too many slow callers the one that has not read for the longest loses its answer', () => {
  const peer = new ServicePeer({ options: { streamWindow: 64 * KIB, connectionWindow: 65_536, heldBytes: 65_535 } });
  const slow = [peer.open(), peer.open()] as const;
  const other = peer.open();
  const sixteen = (id: number) => data(id, 16 * KIB);
  for (const [at, { exchange }] of [...slow, other].entries()) {
    exchange.more = at === 2;
    peer.send(headersFrame(1 + 2 * at, 0, [[':status', '200']]));
  }
  peer.send(sixteen(1), sixteen(1), sixteen(3));
  assert.deepEqual(peer.send(sixteen(3)), ['WINDOW_UPDATE 0 32768', 'RST_STREAM 1 CANCEL']);
  assert.match(slow[0].exchange.events.at(-1) ?? '', /^reset local 11: its caller does not read it/);
  assert.equal(peer.counters.heldBytes, 32 * KIB);
  peer.send(sixteen(5), sixteen(5));
  assert.equal(other.exchange.bytes, 32 * KIB);
  assert.equal(slow[1].exchange.events.at(-1), 'data 16384');
});

test('data for a stream that is over still gives the connection its window back', () => {
  const peer = new CallerPeer({ options: { connectionWindow: 65_536 } });
  peer.send(post(1));
  peer.exchange.stream?.abort('broken');
  peer.read();
  assert.deepEqual(peer.send(data(1, 16 * KIB), data(1, 16 * KIB)), ['WINDOW_UPDATE 0 32768']);
});

test('one byte over a window is an error of the stream, or of the connection', () => {
  const peer = new CallerPeer({ options: { streamWindow: 16 * KIB, connectionWindow: 65_536 } });
  peer.handler.more = false;
  peer.send(post(1), data(1, 16 * KIB));
  assert.deepEqual(peer.send(data(1, 1)), ['RST_STREAM 1 FLOW_CONTROL_ERROR']);
  assert.equal(peer.exchange.events.at(-1), 'reset protocol-error');
  assert.equal(peer.counters.heldBytes, 0);

  const wide = new CallerPeer({ options: { streamWindow: 256 * KIB, connectionWindow: 65_535, heldBytes: 1 } });
  wide.handler.more = false;
  wide.send(post(1), data(1, 16 * KIB), data(1, 16 * KIB), data(1, 16 * KIB), data(1, 16 * KIB - 1));
  assert.deepEqual(wide.send(data(1, 1)), ['GOAWAY 1 FLOW_CONTROL_ERROR']);
});

test('until SETTINGS are acknowledged a stream has the window that holds without them', () => {
  const peer = new CallerPeer({ options: { streamWindow: 1024, connectionWindow: 1024 * KIB } }, [PREFACE, settingsFrame()]);
  peer.handler.more = false;
  const most = [data(1, 16 * KIB), data(1, 16 * KIB), data(1, 16 * KIB), data(1, 16 * KIB - 1)];
  assert.deepEqual(peer.send(post(1), ...most), []);
  peer.send(frame(SETTINGS, ACK, 0));
  assert.deepEqual(peer.send(data(1, 1)), ['RST_STREAM 1 FLOW_CONTROL_ERROR']);
});

test('an answer waits for its stream and for its connection, and its end comes with its last data', () => {
  const peer = new CallerPeer({}, [PREFACE, settingsFrame([[INITIAL_WINDOW_SIZE, 10]]), frame(SETTINGS, ACK, 0)]);
  peer.send(get(1));
  const { stream, events } = peer.exchange;
  assert.ok(stream !== undefined);
  stream.respond(head, undefined, false);
  assert.equal(stream.respondData(Buffer.alloc(25), false), false);
  assert.deepEqual(peer.read(), ['HEADERS 1', 'DATA 1 10']);
  assert.equal(peer.counters.queuedBytes, 15);
  assert.deepEqual(peer.send(wordFrame(WINDOW_UPDATE, 1, 14)), ['DATA 1 14']);
  assert.equal(events.includes('drain'), false);
  assert.deepEqual(peer.send(wordFrame(WINDOW_UPDATE, 1, 14)), ['DATA 1 1']);
  assert.ok(events.includes('drain'));
  assert.equal(stream.respondData(Buffer.alloc(13), true), true);
  assert.deepEqual(peer.read(), ['DATA 1 13 end']);
  assert.equal(peer.counters.queuedBytes, 0);
  assert.equal(peer.connection.open, 0);
});

test('trailers wait for the data before them', () => {
  const peer = new CallerPeer({}, [PREFACE, settingsFrame([[INITIAL_WINDOW_SIZE, 3]]), frame(SETTINGS, ACK, 0)]);
  peer.send(get(1));
  const { stream } = peer.exchange;
  stream?.respond(head, undefined, false);
  stream?.respondData(Buffer.from('abcdef'), false);
  stream?.respondTrailers([{ name: 'grpc-status', value: '0', neverIndexed: false }]);
  assert.deepEqual(peer.read(), ['HEADERS 1', 'DATA 1 3']);
  assert.deepEqual(peer.send(wordFrame(WINDOW_UPDATE, 1, 3)), ['DATA 1 3', 'HEADERS 1 end']);
});

test('an end without data needs no window', () => {
  const peer = new CallerPeer({}, [PREFACE, settingsFrame([[INITIAL_WINDOW_SIZE, 0]]), frame(SETTINGS, ACK, 0)]);
  peer.send(get(1));
  peer.exchange.stream?.respond(head, undefined, false);
  peer.exchange.stream?.respondData(Buffer.alloc(0), true);
  assert.deepEqual(peer.read(), ['HEADERS 1', 'DATA 1 0 end']);
});

test('SETTINGS change the windows of open streams, below 0, too', () => {
  const peer = new CallerPeer({}, [PREFACE, settingsFrame([[INITIAL_WINDOW_SIZE, 10]]), frame(SETTINGS, ACK, 0)]);
  peer.send(get(1));
  const { stream } = peer.exchange;
  stream?.respond(head, undefined, false);
  stream?.respondData(Buffer.alloc(12), false);
  peer.read();
  assert.deepEqual(peer.send(settingsFrame([[INITIAL_WINDOW_SIZE, 4]])), ['SETTINGS ack']);
  assert.deepEqual(peer.send(wordFrame(WINDOW_UPDATE, 1, 6)), []);
  assert.deepEqual(peer.send(settingsFrame([[INITIAL_WINDOW_SIZE, 5]])), ['SETTINGS ack', 'DATA 1 1']);
});

test("streams that wait for the connection's window take turns, a frame each", () => {
  const peer = new CallerPeer({}, [PREFACE, settingsFrame([[INITIAL_WINDOW_SIZE, 1024 * KIB]]), frame(SETTINGS, ACK, 0)]);
  const first: string[] = [];
  for (const id of [1, 3, 5]) {
    peer.send(get(id));
    peer.exchange.stream?.respond(head, undefined, false);
    peer.exchange.stream?.respondData(Buffer.alloc(id === 1 ? 100_000 : 40_000), true);
    first.push(...peer.read());
  }
  assert.deepEqual(first, ['HEADERS 1', 'DATA 1 16384', 'DATA 1 16384', 'DATA 1 16384', 'DATA 1 16383', 'HEADERS 3', 'HEADERS 5']);
  const turns = peer.send(wordFrame(WINDOW_UPDATE, 0, 6 * 16_384));
  assert.deepEqual(turns, ['DATA 1 16384', 'DATA 3 16384', 'DATA 5 16384', 'DATA 1 16384', 'DATA 3 16384', 'DATA 5 16384']);
  assert.deepEqual(peer.send(wordFrame(WINDOW_UPDATE, 0, 1024 * KIB)), ['DATA 1 1697 end', 'DATA 3 7232 end', 'DATA 5 7232 end']);
});

test('a full socket takes no data: it waits in its stream, and others are asked to pause', () => {
  const peer = new CallerPeer();
  peer.send(get(1), get(3));
  const [one, three] = peer.handler.exchanges;
  for (const exchange of [one, three]) exchange?.stream?.respond(head, undefined, false);
  peer.read();
  peer.transport.full = true;
  assert.equal(one?.stream?.respondData(Buffer.alloc(5), false), false);
  assert.deepEqual(peer.read(), []);
  assert.deepEqual(peer.drain(), ['DATA 1 5']);
  assert.deepEqual([one?.events.at(-1), three?.events.at(-1)], ['drain', 'GET / end']);
});

test('a reset drops what waits', () => {
  const peer = new CallerPeer({}, [PREFACE, settingsFrame([[INITIAL_WINDOW_SIZE, 0]]), frame(SETTINGS, ACK, 0)]);
  peer.send(get(1));
  peer.exchange.stream?.respond(head, undefined, false);
  peer.exchange.stream?.respondData(Buffer.alloc(1000), true);
  assert.equal(peer.counters.queuedBytes, 1000);
  peer.send(wordFrame(RST_STREAM, 1, 8));
  assert.equal(peer.counters.queuedBytes, 0);
  assert.deepEqual(peer.send(wordFrame(WINDOW_UPDATE, 1, 1000)), []);
});

test('an answer that its caller gives no window is given up after the idle time', () => {
  const peer = new CallerPeer({ limits: { streamIdleTimeout: 1000 } }, [
    PREFACE,
    settingsFrame([[INITIAL_WINDOW_SIZE, 1]]),
    frame(SETTINGS, ACK, 0),
  ]);
  peer.send(get(1));
  peer.exchange.stream?.respond(head, undefined, false);
  peer.exchange.stream?.respondData(Buffer.alloc(3), true);
  peer.read();
  peer.wheel.pass(1000);
  peer.send(wordFrame(WINDOW_UPDATE, 1, 1));
  peer.wheel.pass(1000);
  assert.equal(peer.connection.open, 1, 'it moved');
  peer.wheel.pass(1000);
  assert.deepEqual(peer.read(), ['RST_STREAM 1 CANCEL']);
  assert.equal(peer.exchange.events.at(-1), 'reset local');
  assert.equal(peer.counters.stalledStreams, 1);
});

test('a caller whose answers would need more than the queue limit loses the one that is too much', () => {
  const peer = new CallerPeer({ limits: { downstreamQueueBytes: 1000 } }, [
    PREFACE,
    settingsFrame([[INITIAL_WINDOW_SIZE, 0]]),
    frame(SETTINGS, ACK, 0),
  ]);
  peer.send(get(1), get(3));
  const [one, three] = peer.handler.exchanges;
  one?.stream?.respondData(Buffer.alloc(600), false);
  three?.stream?.respondData(Buffer.alloc(600), false);
  assert.deepEqual(peer.read(), ['RST_STREAM 3 ENHANCE_YOUR_CALM']);
  assert.equal(peer.counters.queuedBytes, 600);
});

test('a request body waits for the windows of its service, and an answer gives the service its window back', () => {
  const peer = new ServicePeer({ options: { streamWindow: 1024 } }, [[INITIAL_WINDOW_SIZE, 4]]);
  const { stream, exchange } = peer.open(false, POST);
  assert.equal(stream.sendData(Buffer.from('abcdef'), false), false);
  stream.sendTrailers([{ name: 'sum', value: '1', neverIndexed: false }]);
  assert.deepEqual(peer.read(), ['HEADERS 1', 'DATA 1 4']);
  assert.deepEqual(peer.send(wordFrame(WINDOW_UPDATE, 1, 9)), ['DATA 1 2', 'HEADERS 1 end']);
  assert.deepEqual(peer.send(headersFrame(1, 0, [[':status', '200']]), data(1, 600)), ['WINDOW_UPDATE 1 600']);
  exchange.more = false;
  assert.deepEqual(peer.send(data(1, 600)), []);
  stream.resume();
  assert.deepEqual(peer.read(), ['WINDOW_UPDATE 1 600']);
});

test('streams that are over wait for no window: a caller that opens none collects none', () => {
  const peer = new CallerPeer();
  for (let id = 1; id < 21; id += 2) {
    peer.send(get(id));
    const { stream } = peer.exchange;
    stream?.respond(head, undefined, false);
    stream?.respondData(Buffer.alloc(65_536), true);
    assert.ok(stream instanceof Http2Stream);
    assert.equal(stream.isReady, id > 1);
    peer.send(wordFrame(RST_STREAM, id, 8));
    assert.equal(stream.isReady, false);
    assert.equal(stream.previousReady, undefined);
  }
  assert.equal(peer.counters.queuedBytes, 0);
});

test('a caller that will send nothing more gets no window back', () => {
  const peer = new CallerPeer({ options: { streamWindow: 32 * KIB } });
  peer.send(post(1), post(3));
  assert.deepEqual(peer.send(data(1, 16 * KIB, END_STREAM)), []);
  peer.exchange.more = false;
  peer.send(data(3, 16 * KIB, END_STREAM));
  peer.exchange.stream?.resume();
  assert.deepEqual(peer.read(), []);
});

test('an answer that filled the socket goes on when that takes data again', () => {
  const peer = new CallerPeer();
  peer.send(get(1));
  const { stream, events } = peer.exchange;
  stream?.respond(head, undefined, false);
  const { writeRange } = peer.transport;
  peer.transport.writeRange = (buffer, from, to) => {
    writeRange.call(peer.transport, buffer, from, to);
    peer.transport.full = true;
  };
  assert.equal(stream?.respondData(Buffer.from('some'), false), false);
  assert.deepEqual(peer.read(), ['HEADERS 1', 'DATA 1 4']);
  assert.equal(events.includes('drain'), false);
  peer.drain();
  assert.equal(events.at(-1), 'drain');
});

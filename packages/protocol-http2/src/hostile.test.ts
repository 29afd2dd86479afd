import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CONTINUATION,
  DATA,
  END_HEADERS,
  END_STREAM,
  HEADERS,
  PING,
  PREFACE,
  PRIORITY,
  RST_STREAM,
  SETTINGS,
  WINDOW_UPDATE,
} from './frame.ts';
import { HpackDecoder } from './hpack/decoder.ts';
import { frame, GET, headersFrame, literalBlock, POST, settingsFrame, wordFrame } from './testing/frames.ts';
import { response } from './testing/heads.ts';
import { CallerPeer, ServicePeer } from './testing/peers.ts';

const get = (id: number) => headersFrame(id, END_STREAM, GET);
const post = (id: number) => headersFrame(id, 0, POST);
const CALM = /^GOAWAY \d+ ENHANCE_YOUR_CALM$/;

/** How often `next` may be sent before the connection ends for it; -1: it did not. */
function sentBefore(peer: CallerPeer, most: number, next: (index: number) => Buffer): number {
  for (let i = 0; i < most; i++) if (CALM.test(peer.send(next(i)).at(-1) ?? '')) return i;
  return -1;
}

const FLOODS: readonly (readonly [name: string, allowed: number, before: readonly Buffer[], next: (index: number) => Buffer])[] = [
  ['PING', 100, [], () => frame(PING, 0, 0, '12345678')],
  ['acknowledged PING', 100, [], () => frame(PING, 1, 0, '12345678')],
  ['SETTINGS', 10, [], () => settingsFrame()],
  ['PRIORITY', 100, [], () => frame(PRIORITY, 0, 1, '12345')],
  ['WINDOW_UPDATE', 100, [], () => wordFrame(WINDOW_UPDATE, 0, 1)],
  ['unknown frames', 100, [], () => frame(0x77, 0, 0)],
  ['DATA without data', 104, [post(1)], () => frame(DATA, 0, 1)],
  ['ends of a stream that was reset', 104, [post(1), wordFrame(WINDOW_UPDATE, 1, 0)], () => frame(DATA, END_STREAM, 1)],
  ['RST_STREAM for streams that are over', 104, [post(1), wordFrame(RST_STREAM, 1, 8)], () => wordFrame(RST_STREAM, 1, 8)],
  ['empty CONTINUATION', 100, [frame(HEADERS, 0, 1)], () => frame(CONTINUATION, 0, 1)],
];
for (const [name, allowed, before, next] of FLOODS) {
  test(`a flood of ${name} ends its connection`, () => {
    const peer = new CallerPeer({ options: { idleFrames: 100, floodWindowMs: 600_000 } }, [PREFACE, settingsFrame()]);
    peer.send(...before);
    // The SETTINGS of the greeting cost as much as ten.
    const count = sentBefore(peer, 200, next);
    assert.ok(count >= allowed - 15 && count <= allowed, `${count}`);
    assert.equal(peer.counters.floods, 1);
    assert.ok(peer.transport.ended);
  });
}

test('streams that are reset at once end their connection after so many, and those that are answered count for nothing', () => {
  const peer = new CallerPeer({ options: { streamResets: 50, floodWindowMs: 600_000 } });
  const rapid = (i: number) => Buffer.concat([get(2 * i + 1), wordFrame(RST_STREAM, 2 * i + 1, 8)]);
  assert.equal(sentBefore(peer, 100, rapid), 50);
  assert.ok(peer.handler.exchanges.every(({ events }) => events.at(-1) === 'reset cancelled'));
  assert.equal(peer.counters.callerStreams, 0);

  const fair = new CallerPeer({ options: { streamResets: 50, floodWindowMs: 600_000 } });
  for (let id = 1; id < 400; id += 4) {
    fair.send(get(id));
    fair.exchange.stream?.reply({ reason: 'no-route', message: 'none' });
    fair.send(get(id + 2), wordFrame(RST_STREAM, id + 2, 8));
  }
  assert.equal(fair.transport.ended, false);
});

test('streams that must be reset for errors end their connection after so many', () => {
  const peer = new CallerPeer({ options: { streamErrors: 20, floodWindowMs: 600_000 } });
  const broken = (i: number) => Buffer.concat([post(2 * i + 1), wordFrame(WINDOW_UPDATE, 2 * i + 1, 0)]);
  assert.equal(sentBefore(peer, 50, broken), 20);
});

test('allowances come back with time', async () => {
  const peer = new CallerPeer({ options: { idleFrames: 100, floodWindowMs: 20 } });
  const ping = frame(PING, 0, 0, '12345678');
  for (let round = 0; round < 5; round++) {
    peer.send(...new Array<Buffer>(80).fill(ping));
    const until = performance.now() + 21;
    while (performance.now() < until) await new Promise(setImmediate);
  }
  assert.equal(peer.transport.ended, false);
});

test('headers without end are refused before they are kept', () => {
  const peer = new CallerPeer({ options: { maxHeaderListBytes: 4096 } });
  const some = frame(CONTINUATION, 0, 1, Buffer.alloc(1000, 'a'));
  const sent = [frame(HEADERS, 0, 1, literalBlock(GET))];
  const count = sentBefore(peer, 20, (i) => sent[i] ?? some);
  assert.equal(count, 6);
});

test('a header list over the limit is answered with 431, and its connection goes on', () => {
  const peer = new CallerPeer({ options: { maxHeaderListBytes: 1024 } });
  const large = headersFrame(1, END_STREAM, [...GET, ['x', 'a'.repeat(1000)]]);
  peer.connection.onBytes(large);
  const [answer, ...rest] = peer.readFrames();
  assert.ok(answer !== undefined && rest.length === 0);
  const decoder = new HpackDecoder({ maxTableBytes: 4096, maxListBytes: 4096 });
  assert.equal(decoder.decode(answer.payload, 0, answer.payload.length).fields[0]?.value, '431');
  assert.deepEqual(peer.send(headersFrame(3, 0, [...POST, ['x', 'a'.repeat(1000)]])), ['HEADERS 3 end', 'RST_STREAM 3 NO_ERROR']);
  assert.deepEqual(peer.handler.localReplies, ['too-large', 'too-large']);
  assert.equal(peer.handler.exchanges.length, 0);
  peer.send(get(5));
  assert.equal(peer.handler.exchanges.length, 1);
});

test('requests above the limit are refused, and nothing else is', () => {
  const peer = new CallerPeer({ options: { maxConcurrentStreams: 2 } });
  assert.deepEqual(peer.send(get(1), get(3), get(5)), ['RST_STREAM 5 REFUSED_STREAM']);
  peer.exchange.stream?.abort('over');
  peer.read();
  assert.deepEqual(peer.send(get(7)), []);
  assert.equal(peer.counters.refusedStreams, 1);
});

test('headers that trickle end their connection after the time, whole ones do not', () => {
  const peer = new CallerPeer({ options: { headerTimeoutMs: 500 } });
  peer.send(get(1).subarray(0, 12));
  peer.wheel.pass(400);
  peer.send(get(1).subarray(12));
  peer.wheel.pass(400);
  assert.equal(peer.transport.ended, false);
  peer.send(frame(HEADERS, 0, 3, literalBlock(GET)));
  peer.wheel.pass(400);
  peer.send(frame(CONTINUATION, 0, 3, literalBlock([['a', 'b']])));
  peer.wheel.pass(200);
  assert.match(peer.read().at(-1) ?? '', CALM);
});

test('frames that are whole in time last as long as they like, wherever chunks cut them', () => {
  const peer = new CallerPeer({ options: { headerTimeoutMs: 500 } });
  peer.send(get(1).subarray(0, 12));
  for (let id = 1; id < 20; id += 2) {
    peer.wheel.pass(400);
    peer.send(get(id).subarray(12), get(id + 2).subarray(0, 12));
  }
  assert.equal(peer.transport.ended, false);
  peer.wheel.pass(500);
  assert.match(peer.read().at(-1) ?? '', CALM);
});

test('a preface that stops ends its connection after the time', () => {
  const peer = new CallerPeer({ options: { headerTimeoutMs: 500 } }, []);
  peer.connection.onBytes(PREFACE.subarray(0, 5));
  peer.wheel.pass(500);
  assert.ok(peer.transport.ended);
});

test('SETTINGS that are never acknowledged end their connection after the time', () => {
  const peer = new CallerPeer({ options: { settingsTimeoutMs: 500 } }, [PREFACE, settingsFrame()]);
  peer.wheel.pass(499);
  assert.equal(peer.transport.ended, false);
  peer.wheel.pass(1);
  assert.equal(peer.read().at(-1), 'GOAWAY 0 SETTINGS_TIMEOUT');
});

test('a peer that does not read the answers to its frames loses its connection', () => {
  const peer = new CallerPeer({ options: { controlReplies: 30 } });
  peer.transport.full = true;
  assert.equal(
    sentBefore(peer, 100, () => frame(PING, 0, 0, '12345678')),
    30,
  );
});

test('heads that a caller does not read are bounded as data is', () => {
  const peer = new CallerPeer({ limits: { downstreamQueueBytes: 1000 } });
  peer.send(get(1), get(3));
  const [first, second] = peer.handler.exchanges;
  peer.transport.full = true;
  peer.transport.queuedBytes = 1000;
  first?.stream?.respondInterim(response([[':status', '103']]));
  assert.equal(peer.transport.reason, undefined);
  peer.transport.queuedBytes = 1001;
  second?.stream?.respondInterim(response([[':status', '103']]));
  assert.match(peer.transport.reason ?? '', /does not read its answers: 1001 bytes/);
});

test('whoever does not end after an error is not waited for', () => {
  const peer = new CallerPeer();
  peer.send(get(2));
  peer.wheel.pass(1000);
  assert.equal(peer.transport.reason, 'it was ended, and the other side did not end');
  assert.equal(peer.wheel.size, 0);
});

test('a service that sends more heads than it may before its answer loses the stream', () => {
  const peer = new ServicePeer({ options: { interimResponses: 3 } });
  const { exchange } = peer.open();
  peer.read();
  const early = headersFrame(1, 0, [[':status', '103']]);
  assert.deepEqual(peer.send(early, early, early, early), ['RST_STREAM 1 ENHANCE_YOUR_CALM']);
  assert.equal(exchange.events.filter((event) => event === 'interim 103').length, 3);
  assert.match(exchange.events.at(-1) ?? '', /^reset protocol-error: more than 3 heads/);
});

test('a connection on which a service takes no streams ends behind its last answer', () => {
  const peer = new ServicePeer();
  const { exchange } = peer.open();
  peer.send(settingsFrame([[3, 0]]));
  assert.deepEqual([peer.connection.usable, peer.transport.ended], [false, false]);
  peer.send(wordFrame(RST_STREAM, 1, 7));
  assert.match(exchange.events.at(-1) ?? '', /^reset/);
  assert.ok(peer.transport.ended);
});

test('a service that floods loses its connection, and its requests are answered', () => {
  const peer = new ServicePeer({ options: { idleFrames: 100, floodWindowMs: 600_000 } });
  const { exchange } = peer.open();
  peer.send(...new Array<Buffer>(200).fill(settingsFrame()));
  assert.match(peer.read().at(-1) ?? 'GOAWAY 0 ENHANCE_YOUR_CALM', CALM);
  assert.match(exchange.events.at(-1) ?? '', /^reset protocol-error: too many SETTINGS/);
  assert.deepEqual(peer.owner.events, ['leaving']);
  assert.equal(peer.counters.serviceStreams, 0);
});

test('an acknowledgement that nobody waits for is counted as a frame that carries nothing', () => {
  const peer = new CallerPeer({ options: { idleFrames: 100, floodWindowMs: 600_000 } });
  const count = sentBefore(peer, 200, () => frame(SETTINGS, 1, 0));
  assert.ok(count > 50 && count <= 100, `${count}`);
});

test('a block of END_HEADERS alone is no request', () => {
  const peer = new CallerPeer();
  assert.deepEqual(peer.send(frame(HEADERS, END_HEADERS | END_STREAM, 1)), ['RST_STREAM 1 PROTOCOL_ERROR']);
});

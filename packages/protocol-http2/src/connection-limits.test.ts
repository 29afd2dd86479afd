import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ACK, DATA, END_STREAM, PING, PREFACE, SETTINGS } from './frame.ts';
import { frame, GET, headersFrame, settingsFrame } from './testing/frames.ts';
import { response } from './testing/heads.ts';
import { CallerPeer, ServicePeer } from './testing/peers.ts';

const get = (id: number) => headersFrame(id, END_STREAM, GET);
const head = response([[':status', '200']]);
const MAX_CONCURRENT_STREAMS = 3;

test('an answer that was broken off is never taken for a whole one', () => {
  const peer = new CallerPeer();
  peer.send(get(1));
  peer.exchange.stream?.respond(head, undefined, false);
  peer.read();
  peer.exchange.stream?.abort('the service said NO_ERROR', 0);
  assert.deepEqual(peer.read(), ['RST_STREAM 1 INTERNAL_ERROR']);
});

test('a service that took no streams on its last connection gets a request on the next one', () => {
  const first = new ServicePeer({}, [[MAX_CONCURRENT_STREAMS, 0]]);
  const next = new ServicePeer({ knownLimits: first.knownLimits }, 'silent');
  assert.ok(next.connection.usable);
  next.open();
  assert.equal(next.connection.usable, false);
});

test('requests above a limit that the caller cannot know yet, or that were on their way to who drains, are refused and no errors', () => {
  const options = { maxConcurrentStreams: 1, streamErrors: 1, floodWindowMs: 600_000 };
  const early = new CallerPeer({ options }, [PREFACE, settingsFrame()]);
  early.send(get(1));
  for (let id = 3; id < 23; id += 2) assert.deepEqual(early.send(get(id)), [`RST_STREAM ${id} REFUSED_STREAM`]);
  early.send(frame(SETTINGS, ACK, 0), get(23));
  assert.match(early.send(get(25)).at(-1) ?? '', /^GOAWAY 25 ENHANCE_YOUR_CALM/);

  const draining = new CallerPeer({ options });
  draining.send(get(1));
  draining.connection.goAway();
  draining.read();
  draining.send(frame(PING, ACK, 0, 'draining'));
  for (let id = 3; id < 23; id += 2) assert.deepEqual(draining.send(get(id)), [`RST_STREAM ${id} REFUSED_STREAM`]);
});

test('whoever still reads what is queued for an ended connection has time for it, and who stands still has not', () => {
  const peer = new CallerPeer();
  peer.transport.queuedBytes = 100;
  peer.send(frame(DATA, 0, 0));
  assert.ok(peer.transport.ended);
  for (let left = 99; left > 50; left--) {
    peer.transport.queuedBytes = left;
    peer.wheel.pass(1000);
  }
  assert.equal(peer.transport.reason, undefined);
  for (let seconds = 0; seconds < 12; seconds++) peer.wheel.pass(1000);
  assert.match(peer.transport.reason ?? '', /the other side did not end/);
});

test('a connection to a service takes no more requests than limits allow, of their number and of their bytes', () => {
  const few = new ServicePeer({ limits: { maxPendingPerConnection: 2 } });
  few.open();
  assert.ok(few.connection.usable);
  few.open();
  assert.equal(few.connection.usable, false);

  const slow = new ServicePeer({ limits: { upstreamQueueBytes: 1000 } });
  slow.transport.full = true;
  slow.transport.queuedBytes = 999;
  assert.ok(slow.connection.usable);
  slow.transport.queuedBytes = 1000;
  assert.equal(slow.connection.usable, false);
});

test('an idle caller is told which of its requests was the last one that was looked at', () => {
  const peer = new CallerPeer();
  peer.send(get(1));
  peer.exchange.stream?.respond(head, undefined, true);
  peer.read();
  assert.equal(peer.connection.endIdle(), true);
  assert.deepEqual(peer.read(), ['GOAWAY 1 NO_ERROR']);
  assert.ok(peer.transport.ended);
  assert.deepEqual(peer.send(get(3)), []);
  assert.equal(peer.connection.endIdle(), false);
  assert.equal(new CallerPeer({}, []).connection.endIdle(), false);
});

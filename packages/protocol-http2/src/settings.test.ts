import assert from 'node:assert/strict';
import { test } from 'node:test';
import { END_STREAM, HEADERS } from './frame.ts';
import { GET, headersFrame, settingsFrame } from './testing/frames.ts';
import { response } from './testing/heads.ts';
import { CallerPeer, ServicePeer } from './testing/peers.ts';

test('a table that became small in passing is told of, as one that stays small (RFC 7541, 4.2)', () => {
  const peer = new CallerPeer();
  peer.send(
    settingsFrame([
      [1, 1],
      [1, 65_536],
    ]),
    headersFrame(1, END_STREAM, GET),
  );
  peer.exchange.stream?.respond(response([[':status', '200']]), undefined, true);
  const headers = peer.readFrames().find(({ type }) => type === HEADERS);
  assert.equal(headers?.payload.toString('hex'), '213fe11f88');
});

test('the next connection to an address takes no more requests before its service says how many', () => {
  const first = new ServicePeer({}, 'silent');
  for (let i = 0; i < 99; i++) first.open();
  assert.ok(first.connection.usable);
  first.open();
  assert.ok(!first.connection.usable);
  first.send(settingsFrame([[3, 2]]));
  const next = new ServicePeer({ knownLimits: first.knownLimits }, 'silent');
  next.open();
  assert.ok(next.connection.usable);
  next.open();
  assert.ok(!next.connection.usable);
});

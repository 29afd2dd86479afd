import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PING } from './frame.ts';
import { frame } from './testing/frames.ts';
import { CallerPeer } from './testing/peers.ts';

/** The answer to a PING with this text. */
const pong = (text: string) => frame(PING, 1, 0, text);
const ping = (text: string) => frame(PING, 0, 0, text);

/** Two connections that have said who they are, and hold no memory. */
function twoIdle(): [CallerPeer, CallerPeer] {
  const idle = () => {
    const peer = new CallerPeer();
    peer.connection.onFlushed();
    peer.transport.take();
    return peer;
  };
  return [idle(), idle()];
}

test('memory whose bytes the system has not taken is written over by nobody', () => {
  const [slow, other] = twoIdle();
  slow.connection.onBytes(ping('slowslow'));
  slow.transport.queuedBytes = 17;
  slow.connection.onFlushed();
  other.connection.onBytes(ping('otherone'));
  assert.deepEqual(slow.transport.take(), pong('slowslow'));
  assert.deepEqual(other.transport.take(), pong('otherone'));
});

test('memory whose bytes the system has taken is used again', () => {
  const [first, second] = twoIdle();
  first.connection.onBytes(ping('firstone'));
  first.connection.onFlushed();
  second.connection.onBytes(ping('secondon'));
  assert.deepEqual(first.transport.take(), pong('secondon'));
});

test('memory of which some is on its way is used behind that', () => {
  const [slow, other] = twoIdle();
  slow.connection.onBytes(ping('slowslow'));
  slow.transport.queuedBytes = 17;
  slow.connection.onFlushed();
  other.connection.onBytes(ping('otherone'));
  other.connection.onFlushed();
  slow.transport.queuedBytes = 0;
  slow.connection.onBytes(ping('againone'));
  assert.deepEqual(slow.transport.take(), Buffer.concat([pong('slowslow'), pong('againone')]));
  assert.deepEqual(other.transport.take(), pong('againone'), 'what was taken is written over, from where it began');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClosedStreams, ENDED, NEVER_OPEN, RESET_BY_PEER, RESET_HERE } from './closed-streams.ts';

test('as many streams as could be open are remembered when all of them are reset', () => {
  for (const open of [1, 256, 1000, 5000]) {
    const closed = new ClosedStreams(open);
    const remembered = Math.max(256, open);
    for (let i = 0; i < 3 * remembered; i++) closed.add(2 * i + 1, RESET_HERE);
    for (let i = 0; i < 2 * remembered; i++) assert.equal(closed.how(2 * i + 1), NEVER_OPEN);
    for (let i = 2 * remembered; i < 3 * remembered; i++) assert.equal(closed.how(2 * i + 1), RESET_HERE);
  }
});

test('how a stream ended is told apart', () => {
  const closed = new ClosedStreams(1000);
  closed.add(1, ENDED);
  closed.add(3, RESET_BY_PEER);
  closed.add(5, RESET_HERE);
  assert.deepEqual(
    [1, 3, 5, 7].map((id) => closed.how(id)),
    [ENDED, RESET_BY_PEER, RESET_HERE, NEVER_OPEN],
  );
});

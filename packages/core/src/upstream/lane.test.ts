import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Backoff } from './backoff.ts';
import { Lane } from './lane.ts';

const BACKOFF = new Backoff({ initialMs: 10, maxMs: 10 });
const NOW = 0x7fffff00 | 0;

function connection(unanswered: number, sinceMoved = 0) {
  return { connection: { usable: true, unanswered, movedUs: (NOW - sinceMoved) | 0 } };
}

test('an idle connection is free, whatever else is known', () => {
  const lane = new Lane(0, 2, BACKOFF);
  const idle = connection(0, 1_000_000);
  lane.shared[0] = connection(1);
  lane.shared[1] = idle;
  assert.equal(lane.free(NOW), idle);
});

test('a busy connection is free only while its service is known to be fast', () => {
  const lane = new Lane(0, 1, BACKOFF);
  const busy = connection(3);
  lane.shared[0] = busy;
  assert.equal(lane.free(NOW), undefined, 'nothing is known yet');
  lane.answered(20);
  assert.equal(lane.free(NOW), busy);
  for (let i = 0; i < 20; i++) lane.answered(5000);
  assert.equal(lane.free(NOW), undefined);
  for (let i = 0; i < 100; i++) lane.answered(10);
  assert.equal(lane.free(NOW), busy);
});

test('a connection that stands still is not free, also when its service was fast, and when the clock wraps', () => {
  const lane = new Lane(0, 1, BACKOFF);
  lane.answered(10);
  lane.shared[0] = connection(1, 5000);
  assert.equal(lane.free(NOW), undefined);
  const wrapped = (NOW + 5000) | 0;
  assert.equal(lane.free(wrapped), undefined);
});

test('where all are busy, the one with the shortest wait is the least', () => {
  const lane = new Lane(0, 3, BACKOFF);
  lane.answered(1000);
  const short = connection(2);
  lane.shared[0] = connection(5);
  lane.shared[1] = short;
  lane.shared[2] = { connection: { ...connection(0).connection, usable: false } };
  assert.equal(lane.least(NOW), short);
});

test('requests that arrived together stay together while their connection takes more', () => {
  const lane = new Lane(0, 1, BACKOFF);
  const first = connection(5);
  lane.use(7, first);
  assert.equal(lane.inUse(7), first);
  assert.equal(lane.inUse(8), undefined, 'that arrived later');
  const full = { connection: { ...first.connection, usable: false } };
  lane.use(8, full);
  assert.equal(lane.inUse(8), undefined);
});

test('places are filled before there are more, and there are at most so many', () => {
  const lane = new Lane(0, 1, BACKOFF);
  assert.equal(lane.place(2), 0);
  lane.shared[0] = connection(1);
  assert.equal(lane.place(2), 1);
  lane.shared[1] = connection(1);
  assert.equal(lane.place(2), -1);
  lane.remove(lane.shared[0] ?? connection(0));
  assert.equal(lane.place(2), 0);
});

test('a millisecond is too long to wait, and less is not', () => {
  const lane = new Lane(0, 1, BACKOFF);
  lane.answered(500);
  for (const [unanswered, sinceMoved, free] of [
    [1, 999, true],
    [1, 1000, false],
    [2, 0, false],
  ] as const) {
    lane.shared[0] = connection(unanswered, sinceMoved);
    assert.equal(lane.free(NOW) !== undefined, free, `${unanswered} unanswered, ${sinceMoved} us since the last answer`);
  }
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Ready, ReadyList } from './ready-list.ts';

class Waiting implements Ready<Waiting> {
  nextReady: Waiting | undefined = undefined;
  previousReady: Waiting | undefined = undefined;
  isReady = false;
}

test('whoever is deleted has no turn, and the others keep theirs', () => {
  for (const gone of [[0], [1], [2], [0, 2], [1, 2], [2, 1, 0]]) {
    const list = new ReadyList<Waiting>();
    const streams = [new Waiting(), new Waiting(), new Waiting()];
    for (const stream of [...streams, ...streams]) list.add(stream);
    for (const at of [...gone, ...gone]) list.delete(streams[at] ?? new Waiting());
    const left = streams.filter((_, at) => !gone.includes(at));
    assert.equal(list.size, left.length);
    const late = new Waiting();
    list.add(late);
    for (const stream of [...left, late]) assert.equal(list.shift(), stream);
    assert.equal(list.shift(), undefined);
    for (const stream of streams) assert.deepEqual({ ...stream }, { ...new Waiting() });
  }
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacedLeaves } from './paced-leaves.ts';

/** What is told, and a count that lasts until `counted` is called. */
function paced() {
  const told: string[] = [];
  const counts: (() => void)[] = [];
  const sink = {
    set: () => undefined,
    remove: (path: string) => told.push(path),
    hold: (path: string, reason: string) => told.push(`${path} ${reason}`),
    losing: (paths: Iterable<string>) => {
      told.push(`losing ${[...paths].join(' ')}`);
      return new Promise<void>((resolve) => counts.push(resolve));
    },
  };
  const leaves = new PacedLeaves({ sink, path: (node) => node, forget: () => true, log: assert.fail });
  const counted = async (): Promise<void> => {
    counts.shift()?.();
    await new Promise(setImmediate);
  };
  const lose = (...nodes: readonly string[]): void => {
    for (const node of nodes) leaves.remove(node);
    leaves.flush();
  };
  return { leaves, lose, counted, told };
}

test('leaves that go while others are counted are counted, too, before the first of them goes', async () => {
  const { leaves, lose, counted, told } = paced();
  lose('a', 'b');
  lose('c', 'd');
  let isOver = false;
  leaves.afterAll(() => {
    isOver = true;
  });
  await counted();
  assert.deepEqual([told, isOver], [['losing a b', 'a', 'b', 'losing c d'], false]);
  await counted();
  assert.deepEqual([told.slice(4), isOver], [['c', 'd'], true]);
});

test('leaves that are back before they were counted are not, and those that go again are counted once', async () => {
  const { leaves, lose, counted, told } = paced();
  lose('a', 'b');
  lose('c', 'd', 'e', 'f');
  leaves.keep('c');
  leaves.keep('d');
  lose('d');
  leaves.hold('e', 'denied');
  lose('g');
  await counted();
  await counted();
  assert.deepEqual(told, ['losing a b', 'a', 'b', 'e denied', 'losing f d g', 'f', 'd', 'g']);
});

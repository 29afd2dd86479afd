import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ChildReader } from './child-reader.ts';
import type { Announcement } from './layout.ts';

const announcement: Announcement = {
  service: {
    host: 'a',
    identity: { name: 'A', group: undefined, version: undefined },
    protocol: 'dubbo',
    port: { name: 'dubbo', number: 1, protocol: 'TCP' },
    annotations: new Map(),
  },
  endpoint: { address: '10.0.0.1', port: 1, weight: 1, labels: new Map(), metadata: new Map(), origin: '/a' },
  timestamp: 0,
};

const children = (...all: (readonly [string, string])[]): Map<string, Buffer> =>
  new Map(all.map(([name, data]) => [name, Buffer.from(data)]));

test('children are read once, and a leaf of which nothing changed is the same reading', () => {
  const read: string[] = [];
  const reader = new ChildReader({
    read: (name, data) => {
      read.push(`${name} ${data.toString()}`);
      return { ...announcement };
    },
    onOther: () => assert.fail('all of them announce something'),
  });
  const first = reader.read(children(['x', '1'], ['y', '1']));
  assert.equal(reader.read(children(['y', '1'], ['x', '1'])), first);
  const second = reader.read(children(['x', '1'], ['y', '2']));
  assert.equal(second.announcements[0], first.announcements[0]);
  assert.notEqual(second.announcements[1], first.announcements[1]);
  assert.deepEqual(reader.read(children(['x', '1'])).announcements, [first.announcements[0]]);
  assert.deepEqual(read, ['x 1', 'y 1', 'y 2']);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { styleFor } from '../terminal.ts';
import { compareEntries } from './compare.ts';
import { comparisonText } from './compare-output.ts';
import { endpoint, entry } from './fake-registry.test-support.ts';

const WHOLE = { held: new Set<string>(), isWhole: true };
const PLAIN = styleFor({ write: () => true }, {});
const labels = (...pairs: readonly (readonly [string, string])[]): ReadonlyMap<string, string> => new Map(pairs);

test('what a person would want to know, in one order', () => {
  const there = [
    entry('b', [
      endpoint('10.0.0.1', { labels: labels(['a', '1'], ['gone', 'x']) }),
      endpoint('10.0.0.2'),
      endpoint('10.0.0.3', { labels: labels(['same', 's']) }),
    ]),
    entry('same', [endpoint('10.0.0.1', { metadata: labels(['timestamp', '1']) })]),
    entry('c', [endpoint('::1')]),
    entry('ports', []),
  ];
  const entries = [
    entry('ports', [], { ports: [{ name: 'dubbo', number: 1, protocol: 'TCP' }], annotations: new Map() }),
    entry('same', [endpoint('10.0.0.1', { metadata: labels(['timestamp', '2']) })]),
    entry('b', [
      endpoint('10.0.0.3', { labels: labels(['same', 's']) }),
      endpoint('10.0.0.4', { weight: 7, labels: labels(['v', '1']) }),
      endpoint('10.0.0.1', { weight: 200, labels: labels(['a', '2'], ['new', 'y']) }),
    ]),
    entry('a', []),
  ];
  const comparison = compareEntries(there, { entries, ...WHOLE });
  assert.equal(
    comparisonText(comparison, PLAIN),
    `+ a
~ b
  + 10.0.0.4:20880  weight 7  v=1
  - 10.0.0.2:20880  weight 100
  ~ 10.0.0.1:20880  weight 100 -> 200, a 1 -> 2, gone x (gone), new y (new)
- c
  - [::1]:20880  weight 100
~ ports
    polywire.io/service ports (gone)
    ports dubbo 20880/TCP -> dubbo 1/TCP
1 added, 2 changed, 1 removed; 1 service is the same
`,
  );
});

test('nothing is different', () => {
  assert.equal(comparisonText(compareEntries([], { entries: [], ...WHOLE }), PLAIN), 'no difference; 0 services are the same\n');
});

test('what is held is never removed, nor compared, and what may be unread is not called removed', () => {
  const there = [entry('held', [endpoint('10.0.0.1')]), entry('gone', [endpoint('10.0.0.1')])];
  const whole = compareEntries(there, { entries: [], held: new Set(['held']), isWhole: true });
  assert.deepEqual(
    whole.services.map(({ host, change }) => [host, change]),
    [['gone', 'removed']],
  );
  const partial = compareEntries(there, { entries: [], held: new Set(), isWhole: false });
  assert.match(comparisonText(partial, PLAIN), /^\? gone {2}not announced.*\n\? held .*\n0 added, 0 changed, 0 removed, 2 unconfirmed; 0/);
});

test('an endpoint of weight 0 is not there, as in the dump', () => {
  const comparison = compareEntries([entry('a', [])], { entries: [entry('a', [endpoint('10.0.0.1', { weight: 0 })])], ...WHOLE });
  assert.deepEqual(comparison, { services: [], same: 1 });
});

test('a label that is called like something of every JavaScript object is a label', () => {
  const entries = [entry('a', [endpoint('10.0.0.1', { labels: labels(['constructor', 'x']) })])];
  const [change] = compareEntries([entry('a', [endpoint('10.0.0.1')])], { entries, ...WHOLE }).services;
  assert.deepEqual(change?.changed[0]?.changes, [{ name: 'constructor', from: undefined, to: 'x' }]);
});

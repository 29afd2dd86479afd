import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FLEET, Governed } from '../testing/governed.ts';

const NODE = `${FLEET}::.condition-router`;

/** A rule of version 3.1. */
function rule(...conditions: readonly string[]): string {
  const list = conditions.map((each) => `  - ${each}\n`).join('');
  return `configVersion: v3.1\nscope: service\nforce: true\nruntime: true\nenabled: true\nkey: ${FLEET}\nconditions:\n${list}`;
}

function ruled(...conditions: readonly string[]): Governed {
  return new Governed()
    .read()
    .providers({ 1: { region: 'east' }, 2: { region: 'west' } })
    .config(NODE, rule(...conditions));
}

test('several sets of providers have their calls divided by weight, 100 where none above 0 is said', () => {
  const sets = '{ match: "region = east", weight: 10 }, { match: "region = west", weight: 0 }, { match: "port = 9" }';
  const [divided] = ruled(`{ from: { match: "method = echo" }, to: [${sets}] }`).rules;
  assert.equal(divided?.fault, undefined);
  assert.deepEqual(divided?.weights, [10, 100, 100]);
  const exact = (kind: 'parameter' | 'address', value: string) => ({
    of: kind === 'parameter' ? { kind, name: 'region' } : { kind },
    match: kind === 'parameter' ? { kind: 'exact', value } : { kind: 'regex', value },
    negated: false,
  });
  assert.deepEqual(divided?.choices, [[exact('parameter', 'east')], [exact('parameter', 'west')], [exact('address', '[\\s\\S]*:9')]]);
  assert.equal(divided?.text, 'method = echo => region = east weight 10 | region = west weight 100 | port = 9 weight 100');
  assert.equal(divided?.otherwise, 'refuse');
});

test('one set has no weight; none at all refuses the calls, with or without force', () => {
  const one = ruled('{ from: { match: "method=echo" }, to: [{ match: "port = 2", weight: 7 }] }');
  assert.deepEqual(one.takers(), [2]);
  assert.deepEqual(one.takers({}, 'date'), [1, 2]);
  assert.equal(one.rules[0]?.weights, undefined);
  const none = one.config(NODE, rule('{ from: { match: "host = 10.9.9.9" } }').replace('force: true', 'force: false'));
  assert.deepEqual(none.takers(), []);
  assert.deepEqual(none.takers({}, 'echo', '10.1.1.1'), [1, 2]);
});

test('a set that says nothing, or false, has every provider', () => {
  for (const match of ['""', '"false"', '']) assert.deepEqual(ruled(`{ from: { match: }, to: [{ match: ${match} }] }`).takers(), [1, 2]);
  assert.deepEqual(ruled('{ to: [{ match: "port = 2" }] }').takers(), [2], 'from nobody in particular');
});

test('a set whose providers the proxy cannot know has the whole condition left aside', () => {
  const [rule] = ruled('{ to: [{ match: "region = $region" }, { match: "port = 1" }] }').rules;
  assert.match(rule?.fault ?? '', /\$region is what a consumer says of itself/);
});

test('a weight that is no whole number, or a condition of an older version, leaves in force what was', () => {
  const governed = ruled('{ to: [{ match: "port = 2" }] }');
  for (const [wrong, why] of [
    ['{ to: [{ match: "port = 1", weight: 1.5 }] }', 'weight 1.5 is no whole number'],
    ['=> port = 1', 'a condition of version 3.1 has from: and to:'],
  ] as const) {
    governed.config(NODE, rule(wrong));
    assert.deepEqual(governed.takers(), [2]);
    assert.ok(governed.log.at(-1)?.includes(why), governed.log.at(-1));
  }
});

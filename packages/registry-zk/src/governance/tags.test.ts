import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Governed } from '../testing/governed.ts';

const GRAY = { 'dubbo.tag': 'gray' };
const FORCED = { ...GRAY, 'dubbo.force.tag': 'true' };

// As Dubbo Admin writes it.
const RULE = `configVersion: v2.7
force: false
enabled: true
runtime: false
key: fleet-provider
tags:
  - name: gray
    addresses: ["127.0.0.1:1"]
  - name: blue
    addresses: ["127.0.0.1:2", "10.0.*.*"]
`;

test('without a rule, tagged providers get the calls that ask for their tag, and no others', () => {
  const fleet = new Governed().read().providers({ 1: GRAY, 2: {}, 3: {} });
  assert.deepEqual(fleet.takers(), [2, 3]);
  assert.deepEqual(fleet.takers({ 'dubbo.tag': '' }), [2, 3]);
  assert.deepEqual(fleet.takers(GRAY), [1]);
  assert.deepEqual(fleet.takers(FORCED), [1]);
  assert.deepEqual(fleet.takers({ 'dubbo.tag': 'blue' }), [2, 3]);
  assert.deepEqual(fleet.takers({ 'dubbo.tag': 'blue', 'dubbo.force.tag': 'TRUE' }), []);
  assert.deepEqual(fleet.takers({ 'dubbo.tag': 'blue', 'dubbo.force.tag': 'false' }), [2, 3]);
  assert.equal(fleet.rules[0]?.origin, '/dubbo/com.acme.api.Fleet/providers');
  assert.deepEqual(fleet.effects, {});
});

test('a service without tags has no rules, and keeps refusing forced calls when its tagged provider is gone', () => {
  const fleet = new Governed().read().providers({ 2: {} });
  assert.equal(fleet.entry.endpointRules, undefined);
  assert.deepEqual(fleet.takers(FORCED), [2]);
  fleet.providers({ 1: GRAY, 2: {} }).providers({ 2: {} });
  assert.deepEqual(fleet.takers(FORCED), []);
  assert.deepEqual(fleet.takers(GRAY), [2]);
  assert.deepEqual(fleet.takers(), [2]);
});

test('when all providers are tagged, calls that ask for no tag are refused', () => {
  const fleet = new Governed().read().providers({ 1: GRAY });
  assert.deepEqual(fleet.takers(), []);
});

test('a rule gives tags by address and takes those providers from all other calls', () => {
  const fleet = new Governed().read().providers({ 1: {}, 2: {}, 3: {} }).config('fleet-provider.tag-router', RULE);
  assert.deepEqual(fleet.takers(), [3]);
  assert.deepEqual(fleet.takers(GRAY), [1]);
  assert.deepEqual(fleet.takers({ 'dubbo.tag': 'blue' }), [2]);
  assert.deepEqual(fleet.takers({ 'dubbo.tag': 'gray|team|a' }), [1]);
  assert.deepEqual(fleet.takers({ 'dubbo.tag': 'gray|team', 'dubbo.force.tag': 'true' }), []);
  assert.deepEqual(fleet.takers({ 'dubbo.tag': 'grayer' }), [3]);
  assert.deepEqual(fleet.effects, { 1: ['dubbo.tag gray, was not set'], 2: ['dubbo.tag blue, was not set'] });
  assert.equal(fleet.entry.endpoints[0]?.labels.get('dubbo.tag'), 'gray');
  assert.equal(fleet.entry.endpoints[0]?.overrides?.[0]?.origin, '/dubbo/config/dubbo/fleet-provider.tag-router');
  assert.equal(fleet.rules[0]?.origin, '/dubbo/config/dubbo/fleet-provider.tag-router');
  fleet.config('fleet-provider.tag-router', undefined);
  assert.deepEqual(fleet.effects, {});
  assert.deepEqual(fleet.takers(), [1, 2, 3]);
});

test('a tag whose providers are gone leads to those without a tag, unless its rule says force', () => {
  const fleet = new Governed().read().providers({ 2: {}, 3: {} }).config('fleet-provider.tag-router', RULE);
  assert.deepEqual(fleet.takers(GRAY), [3]);
  assert.deepEqual(fleet.takers(FORCED), []);
  fleet.config('fleet-provider.tag-router', RULE.replace('force: false', 'force: true'));
  assert.deepEqual(fleet.takers(GRAY), []);
  assert.deepEqual(fleet.takers({ 'dubbo.tag': 'gray|team' }), []);
  assert.deepEqual(fleet.takers({ 'dubbo.tag': 'other' }), [3]);
  assert.deepEqual(fleet.takers(), [3]);
});

test('a provider has the tags of all lists it is in, and its own unless a rule says who has that', () => {
  const rule = RULE.replace('"10.0.*.*"', '"127.0.0.1:1"');
  const fleet = new Governed()
    .read()
    .providers({ 1: { 'dubbo.tag': 'old' }, 2: { 'dubbo.tag': 'gray' }, 3: { 'dubbo.tag': 'gray' }, 4: {} })
    .config('fleet-provider.tag-router', rule);
  assert.deepEqual(fleet.takers(GRAY), [1]);
  assert.deepEqual(fleet.takers({ 'dubbo.tag': 'blue' }), [1, 2]);
  assert.deepEqual(fleet.takers({ 'dubbo.tag': 'old' }), [1]);
  assert.deepEqual(fleet.takers(), [4]);
  assert.deepEqual(fleet.effects, {
    1: ['dubbo.tag gray blue old, was old'],
    2: ['dubbo.tag blue, was gray'],
    3: ['dubbo.tag of no use, was gray'],
  });
});

test('the longest tag of a rule that begins what is asked for counts', () => {
  const fleet = new Governed().read().providers({ 1: {}, 2: {}, 3: {} });
  fleet.config('fleet-provider.tag-router', RULE.replace('name: blue', 'name: gray|a'));
  assert.deepEqual(fleet.takers({ 'dubbo.tag': 'gray|a|x' }), [2]);
  assert.deepEqual(fleet.takers({ 'dubbo.tag': 'gray|a' }), [2]);
  assert.deepEqual(fleet.takers({ 'dubbo.tag': 'gray|b' }), [1]);
});

test('rules of version 3.0 give tags by what providers say of themselves', () => {
  const rule = `configVersion: v3.0
force: true
enabled: true
key: fleet-provider
tags:
  - name: east
    match:
      - key: region
        value: { exact: east }
      - key: zone
        value: { prefix: "a" }
  - name: north
    match: [{ key: region, value: { regex: "no.*" } }]
`;
  const fleet = new Governed()
    .read()
    .providers({ 1: { region: 'east', zone: 'a1' }, 2: { region: 'east' }, 3: {} })
    .config('fleet-provider.tag-router', rule);
  assert.deepEqual(fleet.takers({ 'dubbo.tag': 'east' }), [1]);
  assert.deepEqual(fleet.takers({ 'dubbo.tag': 'north' }), [2, 3]);
  assert.deepEqual(fleet.takers(), [2, 3]);
});

test('a rule that is switched off, or of another application, changes nothing', () => {
  const fleet = new Governed().read().providers({ 1: {} });
  fleet.delivered();
  fleet.config('fleet-provider.tag-router', RULE.replace('enabled: true', 'enabled: false')).config('other.tag-router', RULE);
  assert.deepEqual(fleet.delivered(), []);
});

test('a change that leads to the same rules delivers nothing', () => {
  const fleet = new Governed().read().providers({ 1: GRAY, 2: {} }).config('fleet-provider.tag-router', RULE);
  fleet.delivered();
  fleet.config('fleet-provider.tag-router', `${RULE}\n# seen\n`);
  assert.deepEqual(fleet.delivered(), []);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { random } from '../cluster/lb/random.ts';
import type { CodecCore, FrameProtocol } from '../protocol/spi.ts';
import type { Protocol } from '../protocol/streaming.ts';
import { builtIn } from '../proxy/built-in.ts';
import type { Plugin } from './plugin.ts';
import { PluginRegistry } from './plugin-registry.ts';
import { pluginFault } from './plugin-shape.ts';

const CORE: CodecCore = {
  intern: (chunk, from, to) => chunk.toString('latin1', from, to),
};

function protocol(name: string, more: object = {}): FrameProtocol {
  const connection = () => ({ headerBytes: 1, measure: () => undefined, parse: () => undefined });
  return { name, connection, ...more };
}

function plugin(...protocols: FrameProtocol[]): Plugin {
  return { name: 'p', spiVersion: 1, protocols: protocols.map((one) => () => one) };
}

test('what a plugin brings can be found by its names', () => {
  const registry = new PluginRegistry(CORE);
  const given: CodecCore[] = [];
  const filter = { name: 'limit', create: () => ({ name: 'limit' }) };
  const echo = protocol('echo');
  registry.add(
    {
      name: 'p',
      spiVersion: 1,
      protocols: [
        (core) => {
          given.push(core);
          return echo;
        },
      ],
      filters: [filter],
    },
    'built in',
  );
  assert.equal(registry.protocols.get('echo'), echo);
  assert.equal(registry.filters.get('limit'), filter);
  assert.deepEqual(given, [CORE]);
});

test('a protocol has one name, and others by which ports announce it', () => {
  const registry = new PluginRegistry(CORE);
  const streaming = (name: string, ...aliases: string[]) => ({ name, aliases, capabilities: [], streams: () => assert.fail() });
  const bring = (...protocols: Protocol[]): Plugin => ({ name: 'p', spiVersion: 1, protocols: protocols.map((one) => () => one) });
  registry.add(bring(protocol('echo'), streaming('flow', 'river', 'brook')), 'built in');
  assert.deepEqual(
    [...registry.resourceOptions.protocols],
    [
      ['echo', 'echo'],
      ['flow', 'flow'],
      ['river', 'flow'],
      ['brook', 'flow'],
    ],
  );
  assert.deepEqual([...registry.protocols.keys()], ['echo', 'flow']);
  for (const taken of [protocol('brook'), streaming('pond', 'echo'), streaming('pond', 'river'), streaming('pond', 'pond')]) {
    assert.throws(() => registry.add(bring(taken), './mine.js'), /protocol "\w+" is already there, from/);
  }
});

test('a name can be brought once, and a refused plugin leaves nothing behind', () => {
  const registry = new PluginRegistry(CORE);
  registry.add(plugin(protocol('echo')), 'built in');
  assert.throws(() => registry.add(plugin(protocol('other'), protocol('echo')), './mine.js'), {
    name: 'ConfigError',
    message: 'plugin ./mine.js cannot be used: protocol "echo" is already there, from built in',
  });
  assert.equal(registry.protocols.has('other'), false);
  assert.throws(
    () => registry.add(plugin(protocol('twin'), protocol('twin')), './twins.js'),
    /"twin" is already there, from \.\/twins\.js/,
  );
});

test("a balancer with the name of one of core's is refused, and resources may name both kinds", () => {
  const registry = new PluginRegistry(CORE);
  registry.add(builtIn, 'built in');
  const balancer = (name: string): Plugin => ({ ...plugin(), loadBalancers: [{ name, create: random.create }] });
  assert.throws(() => registry.add(balancer('RANDOM'), './mine.js'), /load balancer "RANDOM" is already there, from built in$/);
  registry.add(balancer('NEAREST'), './mine.js');
  assert.deepEqual([...registry.resourceOptions.loadBalancers], ['ROUND_ROBIN', 'RANDOM', 'LEAST_REQUEST', 'NEAREST']);
});

test('facets that cannot be called are refused by name', () => {
  const routing = {
    caseSensitiveHeaders: true,
    service: () => '',
    method: () => '',
    scan: () => undefined,
    headers: () => [],
    outcome: () => 'ok',
  };
  const multiplexing = { maxId: 5, assignId: () => undefined, assignedId: () => 1, restoreId: () => undefined };
  const cases: readonly (readonly [object, RegExp])[] = [
    [{ connection: 5 }, /connection is 5, not a function/],
    [{ detect: 'yes' }, /detect is "yes", not a function/],
    [{ multiplexing: { ...multiplexing, restoreId: undefined } }, /multiplexing\.restoreId is missing, not a function/],
    [{ multiplexing: { ...multiplexing, maxId: 2 ** 31 } }, /multiplexing\.maxId is not an integer from 1 to 2147483647/],
    [{ routing: { ...routing, outcome: {} } }, /routing\.outcome is a object, not a function/],
    [{ routing: { ...routing, caseSensitiveHeaders: 'no' } }, /caseSensitiveHeaders is not a boolean/],
    [{ mediation: null }, /mediation is null, not an object/],
    [{ mediation: { edit: () => undefined } }, /mediation\.localReply is missing/],
    [{ calls: { request: () => undefined } }, /calls\.answer is missing, not a function/],
    [{ name: 'Echo' }, /has the name "Echo"/],
  ];
  for (const [part, reason] of cases) {
    assert.throws(() => new PluginRegistry(CORE).add(plugin(protocol('echo', part)), './mine.js'), reason);
  }
  new PluginRegistry(CORE).add(plugin(protocol('echo', { routing, multiplexing })), './mine.js');
});

test('a protocol that throws when created is refused with its reason', () => {
  const broken: Plugin = {
    name: 'p',
    spiVersion: 1,
    protocols: [
      () => {
        throw new Error('no table');
      },
    ],
  };
  assert.throws(() => new PluginRegistry(CORE).add(broken, './mine.js'), /protocols\[0\] threw when it was created: no table/);
});

test('what is no plugin is told apart from what is an old one', () => {
  assert.match(pluginFault('x') ?? '', /is "x", not an object/);
  assert.match(pluginFault({ name: 'p', spiVersion: 7 }) ?? '', /written for version 7 .* this Polywire has version 1/);
  assert.match(pluginFault({ name: 'p' }) ?? '', /written for version missing/);
  assert.match(pluginFault({ spiVersion: 1 }) ?? '', /"name" is missing/);
  assert.match(pluginFault({ name: 'p', spiVersion: 1, protocols: {} }) ?? '', /"protocols" is a object, not an array/);
  assert.match(pluginFault({ name: 'p', spiVersion: 1, protocols: [{}] }) ?? '', /protocols\[0\] is a object, not a function/);
  assert.match(pluginFault({ name: 'p', spiVersion: 1, filters: [{ name: 'f' }] }) ?? '', /filters\[0\] \("f"\) has no function "create"/);
  assert.match(pluginFault({ name: 'p', spiVersion: 1, registries: [{ create() {} }] }) ?? '', /registries\[0\] has no "type"/);
});

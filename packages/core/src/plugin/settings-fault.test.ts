import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '../errors/config-error.ts';
import type { FrameProtocol } from '../protocol/spi.ts';
import { toyProtocol } from '../testing/toy-protocol.ts';
import { settingsFault } from './settings-fault.ts';

/** Takes `a`, and `b` only beside `a`. */
class Picky {
  readonly name = 'picky';
  readonly allowed = ['a', 'b'];
  readonly connection = toyProtocol().connection;
  configure(settings: ReadonlyMap<string, string>): FrameProtocol {
    for (const name of settings.keys()) if (!this.allowed.includes(name)) throw new ConfigError(`there is no ${name}`);
    if (settings.get('a') === 'no' && settings.has('b')) throw new ConfigError('b wants a');
    return toyProtocol();
  }
}

test('a codec is asked what it makes of settings, and the one at fault is named', () => {
  const codec = new Picky();
  assert.equal(settingsFault(codec, new Map()), undefined);
  assert.equal(settingsFault(codec, new Map([['a', '1']])), undefined);
  const both = new Map([
    ['a', '1'],
    ['c', '2'],
  ]);
  assert.deepEqual(settingsFault(codec, both), { setting: 'c', message: 'there is no c' });
  const together = new Map([
    ['a', 'no'],
    ['b', '2'],
  ]);
  assert.deepEqual(settingsFault(codec, together), { setting: undefined, message: 'b wants a' });
  assert.deepEqual(settingsFault(toyProtocol(), new Map([['x', '1']])), { setting: 'x', message: 'the protocol toy has no settings' });
});

test('a setting that would do nothing where it is written is refused, with the place for it', () => {
  const codec = Object.assign(new Picky(), { settingSides: new Map([['a', 'callers' as const]]) });
  const settings = new Map([
    ['b', '1'],
    ['a', '2'],
  ]);
  assert.equal(settingsFault(codec, settings), undefined);
  assert.equal(settingsFault(codec, settings, 'callers'), undefined);
  const message = 'a is about callers: write it at their listener, protocols: [{name: picky, settings: {a: "2"}}]';
  assert.deepEqual(settingsFault(codec, settings, 'services'), { setting: 'a', message });
  const other = Object.assign(new Picky(), { settingSides: new Map([['b', 'services' as const]]) });
  assert.deepEqual(settingsFault(other, settings, 'callers'), {
    setting: 'b',
    message: 'b is about services: write it as the annotation "picky.polywire.io/b" of their ServiceEntry',
  });
});

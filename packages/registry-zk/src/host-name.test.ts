import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hostName } from './host-name.ts';

function host(name: string, group?: string, version?: string): string {
  return hostName({ name, group, version }, 'dubbo');
}

test('conventional names stay readable', () => {
  assert.equal(host('com.acme.api.Fleet'), 'com.acme.api.fleet.dubbo');
  assert.equal(host('com.acme.UserService', undefined, '1.0.0'), 'com.acme.user-service.1-0-0.dubbo');
  assert.equal(host('com.acme.UserService', 'gray', '1.0.0'), 'com.acme.user-service.1-0-0-gray.dubbo');
  assert.equal(host('com.acme.UserService', 'a-1'), 'com.acme.user-service.0-0-0-a-1.dubbo');
  assert.equal(host('Foo'), 'foo.dubbo');
});

test('other names carry a hash that does not change between releases', () => {
  assert.equal(host('com.acme.foo'), 'com.acme.foo.0x440dc41c42518b80.dubbo');
  assert.match(host('com.acme.Outer$Inner'), /^com\.acme\.outer-inner\.0x[0-9a-f]{16}\.dubbo$/);
  assert.match(host('中文'), /^0x[0-9a-f]{16}\.dubbo$/);
});

test('names that naive schemes confuse are told apart', () => {
  const hosts = [
    host('com.acme.Foo'),
    host('com.acme.foo'),
    host('com.acme.FOO'),
    host('com.acme.FOo'),
    host('com.acme.F-Oo'),
    host('com.acme.Foo', 'a'),
    host('com.acme.Foo', 'A'),
    host('com.acme.Foo', 'a-1'),
    host('com.acme.Foo', 'a', '1'),
    host('com.acme.Foo', undefined, '1'),
    host('com.acme.Foo', '1'),
    host('com.acme.Foo', '1-a'),
    host('com.acme.Foo', undefined, '1-a'),
    host('com.acme.Foo', 'a', '0.0.0'),
    host('com.acme.Foo', undefined, '0.0.0'),
    host('com.acme.Foo', undefined, '1.0'),
    host('com.acme.Foo', undefined, '1-0'),
    host('com.acme.Foo.1'),
    host('com.acme.foo.1-a'),
    host('a/com.acme.Foo'),
    host('com.acme.Foo:1'),
    host(`com.acme.${'X'.repeat(40)}`),
    host(`com.acme.${'x'.repeat(400)}`),
    host(`com.acme.${'x'.repeat(401)}`),
    host(host('com.acme.foo')),
  ];
  assert.equal(new Set(hosts).size, hosts.length);
});

test('every host is legal, and two identities never share one', () => {
  const text = fc.oneof(fc.string(), fc.stringMatching(/^[aAbB1.$_-]{1,12}$/), fc.string({ minLength: 60, maxLength: 300 }));
  const optional = fc.option(fc.oneof(fc.stringMatching(/^[aA10.-]{1,6}$/), fc.string({ minLength: 1 })), { nil: undefined });
  const seen = new Map<string, string>();
  fc.assert(
    fc.property(text, optional, optional, (name, group, version) => {
      const made = host(name, group, version);
      assert.ok(made.length <= 253);
      for (const label of made.split('.')) assert.match(label, /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/);
      const identity = JSON.stringify([name, group, version]);
      assert.equal(seen.get(made) ?? identity, identity);
      seen.set(made, identity);
    }),
    { numRuns: 2_000 },
  );
});

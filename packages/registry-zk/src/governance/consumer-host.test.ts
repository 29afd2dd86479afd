import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FLEET, Governed } from '../testing/governed.ts';

const CALLER = '1.1.1.1';

function ruled(condition: string): Governed {
  const text = `configVersion: v3.0\nscope: service\nforce: true\nenabled: true\nkey: ${FLEET}\nconditions:\n  - ${JSON.stringify(condition)}\n`;
  return new Governed().read().providers({ 1: {}, 2: {} }).config(`${FLEET}::.condition-router`, text);
}

describe("conditions on the consumer's host, as ConditionStateRouterTest of Dubbo 3.3 has them", () => {
  const cases: readonly [when: string, isFor: boolean][] = [
    ['host = 2.2.2.2,1.1.1.1,3.3.3.3', true],
    ['host = 2.2.2.2,1.1.1.1,3.3.3.3 & host !=1.1.1.1', false],
    ['host !=4.4.4.4 & host = 2.2.2.2,1.1.1.1,3.3.3.3', true],
    ['host !=4.4.4.* & host = 2.2.2.2,1.1.1.1,3.3.3.3', true],
    ['host = 2.2.2.2,1.1.1.*,3.3.3.3 & host != 1.1.1.1', false],
    ['host = 2.2.2.2,1.1.1.*,3.3.3.3 & host != 1.1.1.2', true],
    ['method=echo & host!=1.1.1.1', false],
    ['method=echo & host=1.1.1.1', true],
    ['host = 1.1.1.1 & method = date', false],
    ['consumer.host = 1.1.1.1', true],
    ['host = *.1', true],
    ['host = 1.*.2', false],
    ['host = *', true],
    ['host != *', false],
    ['address = 1.1.1.1', true],
    ['address != 1.1.1.1', false],
  ];
  for (const [when, isFor] of cases) {
    test(when, () => assert.deepEqual(ruled(`${when} => port = 2`).takers({}, 'echo', CALLER), isFor ? [2] : [1, 2]));
  }
});

test('black lists and white lists refuse the calls of some hosts', () => {
  const black = ruled('host = 1.1.1.1,1.1.1.2 => ');
  assert.deepEqual(
    [CALLER, '1.1.1.3'].map((host) => black.takers({}, 'echo', host)),
    [[], [1, 2]],
  );
  const white = ruled('host != 1.1.1.1,1.1.1.2 => false');
  assert.deepEqual(
    [CALLER, '1.1.1.3'].map((host) => white.takers({}, 'echo', host)),
    [[1, 2], []],
  );
});

test('a route of 2.6 looks at it in the same way, whatever its own host', () => {
  const url = (host: string): string =>
    `route://${host}/${FLEET}?category=routers&dynamic=false&router=condition&force=true&rule=${encodeURIComponent('host = 1.1.1.1 => port = 2')}`;
  for (const host of ['0.0.0.0', '9.9.9.9']) {
    const governed = new Governed()
      .read()
      .providers({ 1: {}, 2: {} })
      .old('routers', [url(host)]);
    assert.deepEqual(governed.takers({}, 'echo', CALLER), [2]);
    assert.deepEqual(governed.takers(), [1, 2]);
  }
});

test("IPv6 is compared by its value, though Dubbo writes it in full and a connection's address is short", () => {
  const governed = ruled('host = 2001:DB8:0:0:0:0:0:7 => port = 2');
  assert.deepEqual(governed.takers({}, 'echo', '2001:db8::7'), [2]);
  assert.deepEqual(governed.takers({}, 'echo', '2001:db8::8'), [1, 2]);
  assert.deepEqual(ruled('host = fe80:0:0:0:0:0:0:7%eth0 => port = 2').takers({}, 'echo', 'fe80::7'), [2]);
});

test("$host right of the arrow is the consumer's, alone and not in a list", () => {
  const own = ruled('=> host = $host');
  assert.deepEqual(own.takers({}, 'echo', '127.0.0.1'), [1, 2]);
  assert.deepEqual(own.takers({}, 'echo', CALLER), []);
  const others = ruled('=> host != $host');
  assert.deepEqual(others.takers({}, 'echo', '127.0.0.1'), []);
  assert.deepEqual(others.takers({}, 'echo', CALLER), [1, 2]);
  assert.equal(ruled('=> host = $host,10.0.0.1').rules[0]?.fault, '$host is followed only alone, not in a list');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import * as hessian from 'hessian.js';
import { HessianDecoder, HessianObject, type HessianValue } from './decoder.ts';
import { encodeString } from './encode.ts';
import { HessianWalker } from './walker.ts';

function bytesOf(hex: string): Buffer {
  return Buffer.from(hex.replaceAll(' ', ''), 'hex');
}

function decoded(b: Buffer, decoder = new HessianDecoder()): HessianValue | undefined {
  decoder.begin(b, 0, b.length, b.length);
  return decoder.read();
}

const FORMS: readonly [hex: string, value: HessianValue][] = [
  ['4e', null],
  ['54', true],
  ['46', false],
  ['05 68656c6c6f', 'hello'],
  ['52 0003 616263 52 0000 02 6465', 'abcde'],
  ['02 eda0bd edb880', '😀'],
  ['c8 30', 48],
  ['4c 7fffffffffffffff', 9223372036854775807n],
  ['5f 000005dc', 1.5],
  ['4a 0000018bcfe56800', new Date(0x018bcfe56800)],
  ['4b 01b05516', new Date(0x01b05516 * 60_000)],
  ['23 010203', Buffer.from([1, 2, 3])],
  ['41 0002 ffff 34 01 00', Buffer.from([255, 255, 0])],
  ['41 0001 ff 42 0001 00', Buffer.from([255, 0])],
  ['7a 90 91', [0, 1]],
  ['58 92 90 91', [0, 1]],
  ['57 90 91 5a', [0, 1]],
  ['55 0161 90 91 5a', [0, 1]],
  ['56 0161 92 90 91', [0, 1]],
  ['72 0161 90 91', [0, 1]],
  ['7a 71 0161 90 71 90 91', [[0], [1]]],
  ['48 0161 90 5a', new Map([['a', 0]])],
  ['4d 0161 0161 4e 5a', new Map([['a', null]])],
];

for (const [hex, value] of FORMS) {
  test(`decodes ${hex}`, () => {
    const b = bytesOf(hex);
    assert.deepEqual(decoded(b), value);
    for (let end = 0; end < b.length; end++) assert.equal(decoded(b.subarray(0, end)), undefined, `cut at ${end}`);
  });
}

test('objects are their fields by name, and what is shared is shared', () => {
  // [a = Point{x: 1, y: [a, list]}, second Point, list]
  const value = decoded(bytesOf('7b 43 05506f696e74 92 0178 0179 60 91 7a 51 91 51 92 60 4e 54 51 92'));
  assert.ok(Array.isArray(value));
  const [first, second, list] = value as HessianValue[];
  assert.ok(first instanceof HessianObject && second instanceof HessianObject);
  assert.deepEqual([first.type, first.get('x'), second.get('x'), second.get('y')], ['Point', 1, null, true]);
  const shared = first.get('y');
  assert.equal(list, shared);
  assert.ok(Array.isArray(shared));
  assert.deepEqual([shared[0] === first, shared[1] === shared], [true, true]);
});

test('several values of one body share their classes and references', () => {
  const b = bytesOf('43 0161 91 0162 60 90 60 91 51 90');
  const decoder = new HessianDecoder();
  decoder.begin(b, 0, b.length, b.length);
  const [first, second, third] = [decoder.read(), decoder.read(), decoder.read()];
  assert.ok(first instanceof HessianObject && second instanceof HessianObject);
  assert.deepEqual([first.get('b'), second.get('b'), third === first, decoder.read()], [0, 1, true, undefined]);
});

test('what no class, reference or type stands for is malformed', () => {
  for (const hex of [
    '60',
    '4f 90',
    '51 90',
    '4d 90 5a',
    '71 90 90',
    '43 0161 91 90 60',
    '48 0161 5a',
    '40',
    '5a',
    '58 4e',
    '58 8f',
    '41 0000 90',
  ]) {
    assert.equal(decoded(bytesOf(hex)), undefined, hex);
  }
});

test('nesting and the number of values are bounded', () => {
  const nested = (depth: number): Buffer => Buffer.concat([Buffer.alloc(depth, 0x79), Buffer.from([0x90])]);
  assert.notEqual(decoded(nested(512)), undefined);
  assert.equal(decoded(nested(513)), undefined);
  assert.equal(decoded(Buffer.alloc(1_000_000, 0x57)), undefined);
  const few = new HessianDecoder({ maxDepth: 2, maxValues: 4 });
  assert.deepEqual(decoded(bytesOf('7b 90 91 92'), few), [0, 1, 2]);
  assert.equal(decoded(bytesOf('7c 90 91 92 93'), few), undefined);
  assert.deepEqual(decoded(bytesOf('79 79 90'), few), [[0]]);
  assert.equal(decoded(bytesOf('79 79 79 90'), few), undefined);
  // Objects without fields cost a byte each.
  assert.equal(decoded(Buffer.concat([bytesOf('57 43 0161 90 60'), Buffer.alloc(2_000_000, 0x60), bytesOf('5a')])), undefined);
});

const plain = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constant(null),
    fc.boolean(),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true, max: 1e15, min: -1e15 }),
    fc.string(),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.string({ minLength: 1, maxLength: 5 }), tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
})).value;

function asPlain(value: HessianValue | undefined): unknown {
  if (Array.isArray(value)) return value.map(asPlain);
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, each]) => [key, asPlain(each)]));
  return typeof value === 'bigint' ? Number(value) : value;
}

test('decodes what hessian.js encodes as hessian.js does', () => {
  fc.assert(
    fc.property(plain, (value) => {
      const b = hessian.encode(value, '2.0');
      assert.deepEqual(asPlain(decoded(b)), hessian.decode(b, '2.0'));
    }),
    { examples: [['x'.repeat(100_000)], [Array(300).fill('ab')]] },
  );
});

test('decodes typed objects that hessian.js encodes', () => {
  const point = { $class: 'com.acme.Point', $: { x: 1, name: 'é' } };
  const value = decoded(hessian.encode([point, point, { $class: 'com.acme.Point', $: { x: 2, name: '' } }], '2.0'));
  assert.ok(Array.isArray(value));
  const [first, second, third] = value as HessianValue[];
  assert.ok(first instanceof HessianObject && third instanceof HessianObject);
  assert.deepEqual([first.type, ...first, second === first, third.get('x')], ['com.acme.Point', ['x', 1], ['name', 'é'], true, 2]);
});

test('any bytes decode to a value or to nothing, and to one only where the walker passes them', () => {
  const walker = new HessianWalker();
  const check = (bytes: Uint8Array): void => {
    const b = Buffer.from(bytes);
    const value = decoded(b);
    walker.begin(b, 0, b.length, b.length);
    if (value !== undefined) assert.equal(walker.skip(), true);
  };
  fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), check), { numRuns: 2000 });
  const seed = Buffer.concat([
    bytesOf('7b 43 05506f696e74 92 0178 0179 60 91 7a 51 91 51 92 60 4e 54'),
    encodeString('text'),
    bytesOf('5a'),
  ]);
  fc.assert(
    fc.property(fc.nat(seed.length - 1), fc.nat(255), (at, byte) => {
      const b = Buffer.from(seed);
      b[at] = byte;
      check(b);
    }),
    { numRuns: 2000 },
  );
});

test('names of fields count as values: a class of empty names takes no memory', () => {
  const b = Buffer.concat([bytesOf('43 00 49 00010000'), Buffer.alloc(70_000)]);
  const decoder = new HessianDecoder({ maxValues: 1000 });
  decoder.begin(b, 0, b.length, b.length);
  assert.equal(decoder.read(), undefined);
  assert.ok(decoder.at < 2000);
});

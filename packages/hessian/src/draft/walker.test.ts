import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { v3 } from 'sofa-hessian-node';
import { character } from '../testing/character.ts';
import { DEFAULT_MAX_DEPTH } from '../walker.ts';
import { JAVA_STREAMS, javaBytes, strings } from './values.test-support.ts';
import { HessianDraftWalker } from './walker.ts';

/** Values of forms that neither Java's nor Node's writer uses, but Java's reader reads; spaces are for the reader. */
const RARE: Readonly<Record<string, string>> = {
  'string in chunks': '73 0003 616263 73 0000 73 0001 c3a9 02 6465',
  'string in chunks ending in a long one': '73 0001 61 53 0002 6263',
  'text of an XML document': '78 0001 61 58 0001 62',
  'four bytes for two units': '02 f09f9880',
  'binary in chunks': '62 0002 ffff 62 0000 42 0001 00',
  'binary in chunks ending in a short one': '62 0001 ff 21 00',
  'list without type and length': '56 90 91 7a',
  'list with a type by number': '56 75 90 6e02 90 91 7a',
  'list with a type by number, the other way': '56 54 90 6e01 90 7a',
  'list with a long length': '56 6c 00000001 90 7a',
  'fixed list': '76 90 92 90 54',
  'map with a type by number': '4d 75 90 0161 4e 7a',
  'class used twice': '566e02 4f 91 61 91 0178 6f90 90 6f90 91 7a',
  'two classes before their use': '4f 91 61 90 4f 91 62 91 0178 6f91 4e',
  'reference of a byte': '4a ff',
  'reference of a short': '4b ffff',
  'reference of four bytes': '52 7fffffff',
  'remote object': '72 74 0001 61 0162',
};

function bytesOf(hex: string): Buffer {
  return Buffer.from(hex.replaceAll(' ', ''), 'hex');
}

const walker = new HessianDraftWalker();

function skipped(b: Buffer, end = b.length, limit = b.length): { moved: boolean; malformed: boolean; at: number } {
  walker.begin(b, 0, end, limit);
  const moved = walker.skip();
  return { moved, malformed: walker.malformed, at: walker.at };
}

/** Skips values one by one, whole and then cut after each byte. */
function assertSkips(b: Buffer, ends: readonly number[], step = 1): void {
  for (let end = b.length; end >= 0; end -= end === b.length ? 1 : step) {
    walker.begin(b, 0, end, b.length);
    for (const [index, stop] of ends.entries()) {
      const moved = walker.skip();
      assert.deepEqual({ index, moved, malformed: walker.malformed }, { index, moved: stop <= end, malformed: false }, `cut at ${end}`);
      if (!moved) break;
      assert.equal(walker.at, stop);
    }
  }
}

function written(value: unknown): Buffer {
  const encoder = new v3.Encoder();
  encoder.write(value);
  return encoder.get();
}

describe('HessianDraftWalker', () => {
  for (const { name, ends, bytes } of JAVA_STREAMS) {
    it(`moves behind each of Java's values (${name}), and tells their beginnings from malformed bytes`, () => assertSkips(bytes, ends));
  }

  for (const [name, hex] of Object.entries(RARE)) {
    it(`moves behind ${name}`, () => assertSkips(bytesOf(hex), [bytesOf(hex).length]));
  }

  it('moves behind every form that Node writes', () => {
    const shared = { $class: 'com.acme.Point', $: { x: 1, y: [1.5, null] } };
    const values: unknown[] = [
      ...[null, true, false, 0, -17, 2048, 262144, 2 ** 40, -(2 ** 31), 0.5, 1.1, -40000.5],
      ...['', 'a'.repeat(31), 'é'.repeat(32), '😀'.repeat(100)],
      ...[new Date(1700000000000), Buffer.alloc(3), Buffer.alloc(16), Buffer.alloc(300)],
      ...[[], [1, 'a', [true]], { $class: '[int', $: [1, 2] }, { $class: 'java.util.LinkedList', $: Array(300).fill(1) }],
      ...[{}, { a: 1, b: { c: 'd' } }, { $class: 'java.util.TreeMap', $: { a: 1 }, isMap: true }],
      ...[shared, [shared, shared, { $class: 'com.acme.Point', $: { x: shared, y: { $class: 'com.acme.Ü', $: { 中: 1 } } } }]],
    ];
    for (const value of values) assertSkips(written(value), [written(value).length]);
    const encoder = new v3.Encoder();
    const ends = values.map((value) => {
      encoder.write(value);
      return encoder.get().length;
    });
    assertSkips(encoder.get(), ends, 7);
  });

  it('moves behind long strings and binaries in chunks', () => {
    for (const value of ['a'.repeat(0x8001), `${'中'.repeat(0x7fff)}😀b`, Buffer.alloc(0x18000), 'é'.repeat(0x10001)]) {
      assertSkips(written(value), [written(value).length], 4093);
    }
  });

  it('agrees with Node on everything that it writes', () => {
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.integer(),
        fc.double({ noNaN: true }),
        fc.boolean(),
        fc.constant(null),
        fc.string({ unit: character, maxLength: 80 }),
        fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) }),
        fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
        fc.array(tie('value'), { maxLength: 12 }),
        fc.dictionary(fc.string({ maxLength: 8 }), tie('value'), { maxKeys: 5 }),
        fc
          .tuple(fc.constantFrom('com.acme.A', 'com.acme.B'), tie('value'), tie('value'))
          .map(([$class, one, two]) => ({ $class, $: { one, two } })),
      ),
    }));
    fc.assert(
      fc.property(value, fc.nat(), (each, cut) => {
        const b = written(each);
        assert.deepEqual(skipped(b), { moved: true, malformed: false, at: b.length });
        const { moved, malformed } = skipped(b, cut % b.length);
        assert.deepEqual({ moved, malformed }, { moved: false, malformed: false });
      }),
      { numRuns: 300 },
    );
  });

  for (const hex of ['30', '37', '40', '43', '48', '51', '5a', '60', '74', '75', '7a', '6e', '01 80', '01 f09f9880', '62 0001 ff 90']) {
    it(`calls ${hex} malformed`, () => {
      const { moved, malformed } = skipped(bytesOf(`${hex} 90 90 90`));
      assert.deepEqual({ moved, malformed }, { moved: false, malformed: true });
    });
  }

  it('refuses counts and lengths beyond the body, and classes that are not defined', () => {
    for (const hex of [
      '76 90 49 7fffffff',
      '4f 49 7fffffff',
      '4f 90 49 7fffffff',
      '53 ffff 61',
      '42 ffff 61',
      '76 90 8f',
      '76 8f 90',
      '6f 90',
    ]) {
      assert.equal(skipped(bytesOf(`${hex} 90`)).malformed, true, hex);
    }
    const b = bytesOf('76 90 d4 0100 90');
    assert.equal(skipped(b, b.length, 1000).malformed, false);
    assert.equal(skipped(b, b.length, 200).malformed, true);
    assert.equal(skipped(bytesOf('4f 91 61 93 00 00 00 6f 90 90')).malformed, true);
  });

  it('stops at the depth limit, and follows definitions without one', () => {
    const nested = (depth: number): Buffer => Buffer.concat([Buffer.alloc(depth, 0x56), Buffer.from([0x90]), Buffer.alloc(depth, 0x7a)]);
    assert.equal(skipped(nested(DEFAULT_MAX_DEPTH)).moved, true);
    assert.equal(skipped(nested(DEFAULT_MAX_DEPTH + 1)).malformed, true);
    assert.equal(skipped(Buffer.alloc(1_000_000, 0x56)).malformed, true);
    assert.equal(skipped(Buffer.concat([Buffer.alloc(300_000, bytesOf('4f9090')), Buffer.from([0x90])])).moved, true);
  });

  it('opens lists, maps and objects', () => {
    const b = bytesOf('56 6e02 90 7a 76 90 92 90 91 4d 0161 7a 4f 93 412e42 91 0178 6f90 05 68656c6c6f');
    walker.begin(b, 0, b.length, b.length);
    assert.equal(walker.openList(), -1);
    assert.equal(walker.number(), 0);
    assert.equal(walker.closes(), true);
    assert.equal(walker.openList(), 2);
    assert.equal(walker.skip() && walker.skip() && walker.openMap() && walker.skipString() && walker.closes(), true);
    const index = walker.openObject();
    assert.equal(walker.fieldCount(index), 1);
    assert.equal(walker.className(index, strings), 'A.B');
    assert.equal(walker.scalar(strings), 'hello');
    assert.equal(walker.atLimit, true);
    assert.equal(walker.className(1, strings), undefined);
  });

  it('forgets classes between bodies', () => {
    const b = bytesOf('4f 91 61 90 6f90 6f90');
    walker.begin(b, 0, b.length, b.length);
    assert.equal(walker.skip() && walker.skip(), true);
    walker.begin(b, 4, b.length, b.length);
    assert.equal(walker.skip(), false);
  });

  it('never throws, and never moves behind the end, on any bytes', () => {
    const objects = javaBytes('nested objects');
    const mutated = fc.array(fc.tuple(fc.nat(objects.length - 1), fc.nat(255)), { maxLength: 6 }).map((changes) => {
      const b = Buffer.from(objects);
      for (const [at, byte] of changes) b[at] = byte;
      return b;
    });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 64 }), mutated), fc.nat(200), (bytes, more) => {
        const b = Buffer.from(bytes);
        const moves = [() => walker.skip(), () => walker.skipString(), () => walker.openList() > -2, () => walker.openMap()];
        for (const move of [...moves, () => walker.openObject() >= 0, () => walker.scalar(strings) !== false]) {
          walker.begin(b, 0, b.length, b.length + more);
          if (move()) assert.ok(walker.at <= b.length);
        }
      }),
      { numRuns: 3000 },
    );
  });
});

describe('scalar', () => {
  const ends = (name: string): string[] => {
    const stream = JAVA_STREAMS.find((each) => each.name === name);
    const b = stream?.bytes ?? Buffer.alloc(0);
    walker.begin(b, 0, b.length, b.length);
    return (stream?.ends ?? []).map(() => String(walker.scalar(strings)));
  };

  it('is the number that Java wrote', () => {
    assert.deepEqual(ends('ints').map(Number), [
      ...[0, -16, 47, 48, -17, -2048, 2047, 2048, -262144, 262143, 262144, 2147483647, -2147483648],
    ]);
    assert.deepEqual(ends('longs'), [
      ...['0', '-8', '15', '16', '-9', '-2048', '2047', '2048', '-262144', '262143', '262144', '-2147483648', '2147483648'],
      ...['9223372036854775807', '-9223372036854775808'],
    ]);
    assert.deepEqual(ends('doubles').slice(0, 11).map(Number), [0, 1, -1, -128, 127, 128, -32768, 32767, 32768, 1.5, 0.1]);
  });

  it('is the text or boolean that Java wrote', () => {
    assert.deepEqual(ends('strings'), ['', 'a', 'hé中😀', 'x'.repeat(31), 'x'.repeat(32), 'é'.repeat(40)]);
    assert.deepEqual(ends('booleans'), ['true', 'false']);
    assert.deepEqual(ends('dates').slice(0, 2), ['undefined', 'undefined']);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import * as hessian from 'hessian.js';
import { encodeString } from './encode.ts';
import { character } from './testing/character.ts';
import { DEFAULT_MAX_DEPTH, HessianWalker } from './walker.ts';

/** One value of every form in the grammar, by name; spaces are for the reader. */
const VALUES: Readonly<Record<string, string>> = {
  'empty string': '00',
  'short string': '05 68656c6c6f',
  'string of 31 units': `1f ${'61'.repeat(31)}`,
  'string with two length bytes': `30 20 ${'61'.repeat(32)}`,
  'string of 1023 units': `33 ff ${'61'.repeat(1023)}`,
  'long string': `53 0400 ${'61'.repeat(1024)}`,
  'string in chunks': `52 0003 616263 52 0000 52 0001 ${'c3a9'} 02 6465`,
  'string in chunks ending in a long one': '52 0001 61 53 0002 6263',
  'surrogates of three bytes each': '02 eda0bd edb880',
  'four bytes for two units': '02 f09f9880',
  'two-byte and three-byte text': '03 c3a9 e4b8ad 61',
  'short binary': '23 010203',
  'binary with two length bytes': `34 10 ${'ff'.repeat(16)}`,
  'long binary': '42 0002 ffff',
  'binary in chunks': '41 0002 ffff 41 0000 42 0001 00',
  'binary in chunks ending in a short one': '41 0001 ff 21 00',
  'binary in chunks ending in a middle one': '41 0001 ff 34 01 00',
  null: '4e',
  true: '54',
  false: '46',
  'int of one byte': '90',
  'int of two bytes': 'c8 30',
  'int of three bytes': 'd4 0000',
  'int of four bytes': '49 7fffffff',
  'long of one byte': 'e0',
  'long of two bytes': 'f8 00',
  'long of three bytes': '3c 0000',
  'long of four bytes': '59 80000000',
  'long of eight bytes': '4c 8000000000000000',
  'double zero': '5b',
  'double one': '5c',
  'double of a byte': '5d 80',
  'double of a short': '5e 8000',
  'double of thousandths': '5f 00000001',
  double: '44 400921fb54442d18',
  'date in milliseconds': '4a 0000018bcfe56800',
  'date in minutes': '4b 01b05516',
  'empty map': '48 5a',
  map: '48 0161 90 90 0162 5a',
  'typed map': '4d 0161 0161 4e 5a',
  'map typed by number': '4d 90 0161 4e 5a',
  'variable list': '57 90 91 5a',
  'typed variable list': '55 0161 90 91 5a',
  'fixed list': '58 92 90 91',
  'typed fixed list': '56 0161 92 90 91',
  'short list': '7a 90 91',
  'short typed list': '72 0161 90 91',
  'short list typed by number': '71 90 90',
  'class and object': '43 0161 92 0161 0162 60 90 91',
  'class and object by number': '43 0161 91 0161 4f 90 90',
  'two classes, the second first': '7b 43 0161 91 0178 60 90 43 0162 90 61 60 91',
  'class nested in a field': '43 0161 91 0178 60 43 0162 91 0179 61 60 4e',
  'class name in chunks': '43 52 0001 61 0162 90 60',
  reference: '51 90',
};

function bytesOf(hex: string): Buffer {
  return Buffer.from(hex.replaceAll(' ', ''), 'hex');
}

function skipped(b: Buffer, end = b.length, limit = b.length): { moved: boolean; malformed: boolean; at: number } {
  const walker = new HessianWalker();
  walker.begin(b, 0, end, limit);
  const moved = walker.skip();
  return { moved, malformed: walker.malformed, at: walker.at };
}

describe('HessianWalker', () => {
  for (const [name, hex] of Object.entries(VALUES)) {
    it(`moves behind ${name}, and tells its beginning from malformed bytes`, () => {
      const b = bytesOf(hex);
      assert.deepEqual(skipped(Buffer.concat([b, Buffer.from([0x90])])), { moved: true, malformed: false, at: b.length });
      for (let end = 0; end < b.length; end++) {
        const { moved, malformed } = skipped(b, end, b.length);
        assert.deepEqual({ moved, malformed }, { moved: false, malformed: false }, `cut at ${end}`);
      }
    });
  }

  for (const hex of [
    '40',
    '45',
    '47',
    '50',
    '5a',
    '48 0161 5a',
    '01 80',
    '01 ff',
    '01 f09f9880',
    '41 0001 ff 90',
    '52 0001 61 90',
    '60',
    '4f 90',
  ]) {
    it(`calls ${hex} malformed`, () => {
      const { moved, malformed } = skipped(bytesOf(`${hex} 90 90 90`));
      assert.deepEqual({ moved, malformed }, { moved: false, malformed: true });
    });
  }

  it('refuses counts and lengths beyond the body before it follows them', () => {
    for (const hex of [
      '58 49 7fffffff',
      '56 90 49 00000100',
      '43 0161 49 7fffffff',
      '53 ffff 61',
      '42 ffff 61',
      '58 49 ffffffff',
      '51 8f',
    ]) {
      assert.deepEqual(skipped(bytesOf(`${hex} 90`)).malformed, true, hex);
    }
    const b = bytesOf('58 d4 0100 90');
    assert.deepEqual(skipped(b, b.length, 1000).malformed, false);
    assert.deepEqual(skipped(b, b.length, 200).malformed, true);
    assert.deepEqual(skipped(bytesOf('53 ffff 61'), 4, 1000).malformed, true);
    assert.deepEqual(skipped(bytesOf('43 0161 93 00 00 00 60 90')).malformed, true);
  });

  it('stops at the depth limit', () => {
    const nested = (depth: number): Buffer => Buffer.concat([Buffer.alloc(depth, 0x79), Buffer.from([0x90])]);
    assert.equal(skipped(nested(DEFAULT_MAX_DEPTH)).moved, true);
    assert.deepEqual(skipped(nested(DEFAULT_MAX_DEPTH + 1)).malformed, true);
    assert.equal(skipped(Buffer.alloc(1_000_000, 0x57)).malformed, true);
    const walker = new HessianWalker({ maxDepth: 2 });
    walker.begin(nested(3), 0, 4, 4);
    assert.equal(walker.skip(), false);
    walker.begin(nested(2), 0, 3, 3);
    assert.equal(walker.skip(), true);
  });

  it('forgets classes between bodies', () => {
    const walker = new HessianWalker();
    const b = bytesOf('43 0161 90 60 60');
    walker.begin(b, 0, b.length, b.length);
    assert.equal(walker.skip() && walker.skip(), true);
    assert.equal(walker.definitions, 1);
    walker.begin(b, 4, b.length, b.length);
    assert.equal(walker.skip(), false);
  });

  it('never throws, and never moves behind the end', () => {
    const walker = new HessianWalker();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.nat(200), (bytes, more) => {
        const b = Buffer.from(bytes);
        walker.begin(b, 0, b.length, b.length + more);
        if (walker.skip()) assert.ok(walker.at <= b.length);
        for (const read of [() => walker.skipString(), () => walker.openList(), () => walker.openMap(), () => walker.number()]) {
          walker.begin(b, 0, b.length, b.length + more);
          read();
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('agrees with hessian.js on everything that it writes', () => {
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
      fc.property(value, (each) => {
        const b: Buffer = hessian.encode(each, '2.0');
        assert.deepEqual(skipped(b), { moved: true, malformed: false, at: b.length });
      }),
      { numRuns: 400 },
    );
  });
});

describe('strings', () => {
  const read = (b: Buffer): string | undefined => {
    const walker = new HessianWalker();
    walker.begin(b, 0, b.length, b.length);
    return walker.skipString() && walker.at === b.length ? walker.text() : undefined;
  };

  it('come back as they were encoded, and hessian.js reads them too', () => {
    const long = ['a'.repeat(0x8000), 'a'.repeat(0x8001), `${'a'.repeat(0x7fff)}😀b`, 'é中😀'.repeat(20_000)];
    for (const text of ['', 'a', 'x'.repeat(31), 'x'.repeat(32), 'é'.repeat(1023), '😀'.repeat(512), ...long]) {
      assert.equal(read(encodeString(text)), text);
      assert.equal(hessian.decode(encodeString(text), '2.0'), text);
    }
    fc.assert(fc.property(fc.string({ unit: character }), (text) => read(encodeString(text)) === text));
  });

  it('never end a chunk between surrogates', () => {
    const b = encodeString(`${'a'.repeat(0x7fff)}😀`);
    assert.equal(b.readUInt16BE(1), 0x7fff);
  });

  it('are read from four-byte sequences and from chunks', () => {
    assert.equal(read(bytesOf('02 f09f9880')), '😀');
    assert.equal(read(bytesOf('02 eda0bd edb880')), '😀');
    assert.equal(read(bytesOf('52 0002 6162 52 0000 01 63')), 'abc');
  });

  it('are where they say when plain', () => {
    const walker = new HessianWalker();
    const b = encodeString('foobar');
    walker.begin(b, 0, b.length, b.length);
    assert.equal(walker.skipString(), true);
    assert.equal(walker.plain, true);
    assert.equal(b.toString('latin1', walker.from, walker.at), 'foobar');
  });
});

describe('entries that nobody wants', () => {
  const stops = new Int16Array(32).fill(-1);
  stops[3] = 'k'.charCodeAt(0);
  stops[4] = 256;
  const passed = (pairs: readonly (readonly [string, string])[]): number => {
    const parts = pairs.map(([key, value]) => Buffer.concat([encodeString(key), encodeString(value)]));
    const b = Buffer.concat([...parts, Buffer.from([0x5a])]);
    const walker = new HessianWalker();
    walker.begin(b, 0, b.length, b.length);
    walker.skipPlainEntries(stops);
    let at = 0;
    const index = parts.findIndex((part) => {
      if (at === walker.at) return true;
      at += part.length;
      return false;
    });
    return index < 0 ? parts.length : index;
  };

  it('are passed up to one that may be wanted, or is not short and plain', () => {
    assert.equal(
      passed([
        ['a', 'b'],
        ['other', ''],
        ['', 'x'.repeat(31)],
      ]),
      3,
    );
    assert.equal(
      passed([
        ['a', 'b'],
        ['key', 'v'],
        ['a', 'b'],
      ]),
      1,
    );
    assert.equal(
      passed([
        ['abc', 'b'],
        ['four', 'v'],
      ]),
      1,
    );
    assert.equal(passed([['a', 'x'.repeat(32)]]), 0);
    assert.equal(passed([['x'.repeat(32), 'a']]), 0);
    assert.equal(
      passed([
        ['a', 'b'],
        ['é', 'b'],
      ]),
      1,
    );
    assert.equal(
      passed([
        ['a', 'b'],
        ['b', 'é'],
      ]),
      1,
    );
  });

  it('are never passed beyond the bytes at hand', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const b = Buffer.from(bytes);
        const walker = new HessianWalker();
        walker.begin(b, 0, b.length, b.length + 100);
        walker.skipPlainEntries(stops);
        assert.ok(walker.at <= b.length);
      }),
    );
  });
});

describe('number', () => {
  const cases: readonly [hex: string, value: number | bigint | undefined][] = [
    ['80', -16],
    ['bf', 47],
    ['c0 00', -2048],
    ['c7 00', -256],
    ['cf ff', 2047],
    ['d0 0000', -262144],
    ['d7 ffff', 262143],
    ['49 80000000', -2147483648],
    ['d8', -8],
    ['ef', 15],
    ['f0 00', -2048],
    ['ff ff', 2047],
    ['38 0000', -262144],
    ['3f ffff', 262143],
    ['59 ffffffff', -1],
    ['4c 7fffffffffffffff', 9223372036854775807n],
    ['5b', 0],
    ['5c', 1],
    ['5d 80', -128],
    ['5e 8000', -32768],
    ['5f 000005dc', 1.5],
    ['44 3ff8000000000000', 1.5],
    ['4e', undefined],
    ['54', undefined],
    ['4a 0000000000000000', undefined],
  ];
  for (const [hex, value] of cases) {
    it(`${hex} is ${value}`, () => {
      const b = bytesOf(hex);
      const walker = new HessianWalker();
      walker.begin(b, 0, b.length, b.length);
      assert.equal(walker.number(), value);
      assert.equal(walker.at, value === undefined ? 0 : b.length);
    });
  }
});

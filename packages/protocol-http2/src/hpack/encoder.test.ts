import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HeaderField } from '@polywire/core/spi';
import { HpackDecoder } from './decoder.ts';
import { HpackEncoder } from './encoder.ts';
import { bytes, encode, field, generator, HeaderLists, runs, SEED } from './header-lists.test-support.ts';

const call = [field(':method', 'POST'), field(':path', '/acme.Users/Get'), field('te', 'trailers'), field('x-unit', 'a1')];

describe('an encoded block', () => {
  it("is the RFC's where the RFC leaves no choice", () => {
    const one = new HpackEncoder();
    const request = [field(':method', 'GET'), field(':scheme', 'http'), field(':path', '/'), field(':authority', 'www.example.com')];
    assert.deepEqual(encode(one, request), bytes('8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff'));
    assert.deepEqual(encode(one, [...request, field('cache-control', 'no-cache')]), bytes('8286 84be 5886 a8eb 1064 9cbf'));
    assert.deepEqual(encode(one, [field('custom-key', 'custom-value')]), bytes('4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf'));
  });

  it('decodes to its fields, whatever the table was told to be', () => {
    const random = generator(SEED);
    const lists = new HeaderLists(random);
    for (let session = 0; session < runs(20); session++) {
      const encoder = new HpackEncoder();
      const decoder = new HpackDecoder({ maxTableBytes: 4096, maxListBytes: 2 ** 30 });
      for (let run = 0; run < 200; run++) {
        while (random(20) === 0) encoder.setMaxTableBytes([0, 60, 200, 4096, 65_536][random(5)] ?? 0);
        const fields = lists.next();
        const block = encode(encoder, fields);
        const decoded = decoder.decode(block, 0, block.length).fields;
        assert.deepEqual(
          decoded.map(({ name, value }) => [name, value]),
          fields.map(({ name, value }) => [name, value]),
          `POLYWIRE_SEED=${SEED}`,
        );
        fields.forEach(({ neverIndexed }, i) => {
          if (neverIndexed) assert.ok(decoded[i]?.neverIndexed);
        });
      }
    }
  });

  it('is not longer than its bound', () => {
    const out = Buffer.alloc(20_000);
    for (const value of ['', '\n'.repeat(300), 'a'.repeat(126), 'a'.repeat(127), '\u0001'.repeat(9000), '\n'.repeat(126)]) {
      for (const never of [true, false]) {
        const one = new HpackEncoder();
        one.setMaxTableBytes(0);
        one.setMaxTableBytes(4096);
        const fields = [field(value, value, never)];
        assert.ok(one.encode(fields, out, 0) <= one.bound(fields));
      }
    }
  });

  it('is shorter from the second time on, and the same from the third', () => {
    const one = new HpackEncoder();
    const first = encode(one, call);
    const second = encode(one, call);
    const third = encode(one, call);
    assert.ok(first.length > second.length && second.length > third.length);
    assert.equal(third.length, call.length);
    for (let i = 0; i < 100; i++) assert.deepEqual(encode(one, call), third);
  });

  it('is made anew when the table changed', () => {
    const one = new HpackEncoder();
    const decoder = new HpackDecoder({ maxTableBytes: 4096, maxListBytes: 4096 });
    for (let i = 0; i < 300; i++) {
      const fields = i % 40 === 39 ? [field(`x-${i}`, 'new')] : call;
      const block = encode(one, fields);
      assert.deepEqual(decoder.decode(block, 0, block.length).fields, fields);
    }
  });

  it('begins with the smallest and the last size of the table since the block before', () => {
    const one = new HpackEncoder();
    one.setMaxTableBytes(65_536);
    assert.deepEqual(encode(one, []), bytes(''));
    one.setMaxTableBytes(100);
    one.setMaxTableBytes(0);
    one.setMaxTableBytes(4096);
    assert.deepEqual(encode(one, []), bytes('20 3f e1 1f'));
    one.setMaxTableBytes(10);
    assert.deepEqual(encode(one, []), bytes('2a'));
    assert.deepEqual(encode(one, []), bytes(''));
    one.setMaxTableBytes(20);
    assert.deepEqual(encode(one, []), bytes('34'));
    assert.deepEqual(encode(new HpackEncoder(100), []), bytes('3f 45'));
  });

  it('tells of a new size before what it remembers', () => {
    const one = new HpackEncoder();
    const fields = [field(':method', 'GET')];
    for (let i = 0; i < 40; i++) encode(one, fields);
    one.setMaxTableBytes(0);
    assert.deepEqual(encode(one, fields), bytes('20 82'));
    assert.deepEqual(encode(one, fields), bytes('82'));
  });
});

describe('the table', () => {
  /** The first bits of how the field is written the nth time. */
  function kind(written: HeaderField, times = 3, encoder = new HpackEncoder()): string {
    let block: Buffer = Buffer.alloc(0);
    for (let i = 0; i < times; i++) block = encode(encoder, [written]);
    const first = block[0] ?? 0;
    if (first >= 0x80) return 'indexed';
    return first >= 0x40 ? 'added' : first >= 0x10 ? 'never' : 'literal';
  }

  it('takes values that come again', () => {
    assert.equal(kind(field('x', 'y'), 1), 'added');
    assert.equal(kind(field('x', 'y'), 2), 'indexed');
    assert.equal(kind(field(':path', '/y'), 1), 'literal');
    assert.equal(kind(field(':path', '/y'), 2), 'added');
    assert.equal(kind(field(':path', '/y'), 3), 'indexed');
  });

  it('takes a new value at once while the last one is used', () => {
    const one = new HpackEncoder();
    assert.equal(kind(field('x', 'a'), 1, one), 'added');
    assert.equal(kind(field('x', 'b'), 1, one), 'literal');
    assert.equal(kind(field('x', 'a'), 1, one), 'indexed');
    assert.equal(kind(field('x', 'c'), 1, one), 'added');
  });

  it('does not take what mostly differs', () => {
    for (const name of ['age', 'content-length', 'etag', 'if-modified-since', 'if-none-match', 'location', 'set-cookie']) {
      assert.equal(kind(field(name, '12345678901234567890')), 'literal');
    }
    assert.equal(kind(field('x', 'y'.repeat(3100))), 'literal');
  });

  it('never takes secrets', () => {
    assert.equal(kind(field('x', 'y', true)), 'never');
    assert.equal(kind(field(':method', 'GET', true)), 'never');
    assert.equal(kind(field('authorization', 'Basic x')), 'never');
    assert.equal(kind(field('proxy-authorization', 'Basic x')), 'never');
    assert.equal(kind(field('cookie', 'a=1')), 'never');
    assert.equal(kind(field('cookie', 'a=12345678901234567890')), 'indexed');
    // also where the same value is in the table
    const one = new HpackEncoder();
    encode(one, [field('x', 'y')]);
    assert.equal(kind(field('x', 'y', true), 1, one), 'never');
  });

  it('is left alone by a header whose values never come again', () => {
    const one = new HpackEncoder();
    for (let i = 0; i < 3; i++) encode(one, call);
    encode(one, [...call, field('traceparent', 'first')]);
    for (let i = 0; i < 1000; i++) {
      const block = encode(one, [...call, field('traceparent', `00-${i}-${i * 7919}`)]);
      assert.ok((block[call.length] ?? 0) < 0x10, 'a literal');
    }
    assert.equal(encode(one, call).length, call.length);
  });

  it('has room for paths until it is full, and keeps what it has', () => {
    const one = new HpackEncoder();
    for (let i = 0; i < 3; i++) encode(one, call);
    for (let i = 0; i < 500; i++) for (let round = 0; round < 2; round++) encode(one, [field(':path', `/acme.Users/Method${i}`)]);
    // an index takes two bytes at most
    assert.ok(encode(one, call).length <= 2 * call.length);
  });
});

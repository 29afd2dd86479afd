import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HpackDecoder } from './decoder.ts';
import { bytes, decode, field } from './header-lists.test-support.ts';
import { HpackError } from './hpack-error.ts';

function decoder(options: { maxTableBytes?: number; maxListBytes?: number } = {}): HpackDecoder {
  return new HpackDecoder({ maxTableBytes: 4096, maxListBytes: 65_536, ...options });
}

function refused(hex: string, message: RegExp, options: { maxTableBytes?: number } = {}): void {
  assert.throws(
    () => decode(decoder(options), hex),
    (error) => error instanceof HpackError && message.test(error.message),
    hex,
  );
}

/** A literal that is indexed, without Huffman code: `a: xxx...`. */
function added(valueBytes: number): string {
  const length = valueBytes < 127 ? [valueBytes] : [127, ((valueBytes - 127) & 127) | 128, (valueBytes - 127) >> 7];
  return Buffer.concat([Buffer.from([0x40, 1, 0x61, ...length]), Buffer.alloc(valueBytes, 'x')]).toString('hex');
}

describe('a header block that cannot be decoded', () => {
  it('refers to no entry', () => {
    refused('80', /index 0/);
    refused('be', /index 62/);
    refused('ffff7f', /index 16510/);
    refused('7f00 00', /index 63/);
    refused('0f30 00', /index 63/);
  });

  it('breaks off', () => {
    for (const hex of ['ff', 'ff80', '40', '4001', '400161', '40016101', '00', '0001', '000161', '3f', '04', '1f00', '41', '0482']) {
      refused(hex, /ends inside|of which the block has/);
    }
  });

  it('has too large an integer, or one of too many bytes', () => {
    refused('ff 81 ff ff ff 07', /index 2147483648|integer/);
    refused('ff ff ff ff ff 0f', /integer/);
    refused('ff 80 80 80 80 80 00', /integer/);
    refused('00 7f ff ff ff ff ff ff ff ff ff 7f', /integer/);
    refused('00 7f 80 ff ff ff 07', /string of 2147483647 octets/);
  });

  it('has a bad Huffman code in a name or a value', () => {
    refused('00 81 00 00', /Huffman/);
    refused('00 01 61 81 00', /Huffman/);
    refused('04 84 ff ff ff ff', /Huffman/);
  });

  it('has a table size update behind a field, or above the limit', () => {
    refused('82 20', /behind a header field/);
    refused('3f e2 1f', /4097 octets, of which 4096/);
    refused('3f e2 1f', /4097 octets, of which 4096/, { maxTableBytes: 100 });
    assert.deepEqual(decode(decoder({ maxTableBytes: 4097 }), '3f e2 1f'), []);
    assert.deepEqual(decode(decoder(), '3f e1 1f 20 3f 45 82'), [field(':method', 'GET')]);
  });
});

describe('a decoded field', () => {
  it('is never indexed when its sender said so, and only then', () => {
    assert.deepEqual(decode(decoder(), '10 01 61 01 62'), [field('a', 'b', true)]);
    assert.deepEqual(decode(decoder(), '14 01 62'), [field(':path', 'b', true)]);
    assert.deepEqual(decode(decoder(), '00 01 61 01 62  40 01 61 01 62  be'), [field('a', 'b'), field('a', 'b'), field('a', 'b')]);
  });

  it('is the same object each time that an index refers to it', () => {
    const one = decoder();
    const [first] = decode(one, '4001610162');
    assert.equal(decode(one, 'be')[0], first);
    assert.equal(decode(one, '82')[0], decode(decoder(), '82')[0]);
  });

  it('has one character a byte', () => {
    assert.deepEqual(decode(decoder(), '00 01 61 03 00 e4 ff'), [field('a', '\u0000\u00e4\u00ff')]);
    assert.deepEqual(decode(decoder(), '00 80 80'), [field('', '')]);
  });

  it('is shared text or not, but the same text', () => {
    const one = decoder();
    for (let round = 0; round < 5; round++) {
      for (let i = 0; i < 200; i++) {
        const value = `value-${i}`;
        const hex = Buffer.concat([Buffer.from([0x00, 1, 0x61, value.length]), Buffer.from(value)]).toString('hex');
        assert.deepEqual(decode(one, hex), [field('a', value)]);
      }
    }
    // the same bytes with and without Huffman code
    for (let round = 0; round < 3; round++) {
      assert.deepEqual(decode(one, '00 01 61 01 07'), [field('a', '\u0007')]);
      assert.deepEqual(decode(one, '00 01 61 81 07'), [field('a', '0')]);
    }
  });
});

describe('the dynamic table', () => {
  it('drops its oldest entries for new ones', () => {
    const one = decoder();
    // 37 octets each: 110 fit into 4096
    for (let i = 0; i < 300; i++) decode(one, `40 01 61 04 ${Buffer.from(String(1000 + i)).toString('hex')}`);
    assert.equal(decode(one, 'be')[0]?.value, '1299');
    assert.equal(decode(one, 'ff 2c')[0]?.value, '1190');
    assert.throws(() => decode(one, 'ff 2d'), HpackError);
  });

  it('may drop the entry whose name the new one takes', () => {
    const one = decoder();
    decode(one, `3f17 ${added(10)}`);
    assert.deepEqual(decode(one, '7e 01 62 be'), [field('a', 'b'), field('a', 'b')]);
    assert.throws(() => decode(one, 'bf'), HpackError);
  });

  it('is emptied by an entry that is larger than it', () => {
    const one = decoder();
    decode(one, added(10));
    assert.equal(decode(one, added(4064))[0]?.value.length, 4064);
    assert.throws(() => decode(one, 'be'), HpackError);
    assert.equal(decode(decoder(), `${added(4063)} be`).length, 2);
  });

  it('follows size updates', () => {
    const one = decoder();
    decode(one, `${added(10)} ${added(11)}`);
    decode(one, '3f 0d'); // 44 octets: the newer one
    assert.equal(decode(one, 'be')[0]?.value.length, 11);
    assert.throws(() => decode(one, 'bf'), HpackError);
    decode(one, '20 3f e1 1f');
    assert.throws(() => decode(one, 'be'), HpackError);
  });

  it('can be forbidden', () => {
    const one = decoder({ maxTableBytes: 0 });
    // until the peer knows, it may use the table that everybody begins with
    assert.equal(decode(one, `${added(1)} be`).length, 2);
    one.settingsAcknowledged();
    assert.throws(() => decode(one, '82'), /no table size update/);
    assert.deepEqual(decode(one, '20 82'), [field(':method', 'GET')]);
    assert.deepEqual(decode(one, `82 ${added(1)}`), [field(':method', 'GET'), field('a', 'x')]);
    assert.throws(() => decode(one, 'be'), HpackError);
    assert.throws(() => decode(one, '21'), /1 octets, of which 0/);
  });
});

describe('a list over the limit', () => {
  it('counts as SETTINGS_MAX_HEADER_LIST_SIZE does', () => {
    const block = bytes('82 86 00 01 61 01 62');
    const bytesOf = 42 + 43 + 34;
    const fits = decoder({ maxListBytes: bytesOf }).decode(block, 0, block.length);
    assert.deepEqual([fits.listBytes, fits.overLimit, fits.fields.length], [bytesOf, false, 3]);
    const over = decoder({ maxListBytes: bytesOf - 1 }).decode(block, 0, block.length);
    assert.deepEqual([over.listBytes, over.overLimit, over.fields.length], [bytesOf, true, 0]);
  });

  it('leaves the table right', () => {
    const one = decoder({ maxListBytes: 100 });
    const block = bytes(`82 86 87 ${added(200)} 00 01 61 7f 00 ${'78'.repeat(127)} ${added(5000)} ${added(7)}`);
    const { overLimit, fields } = one.decode(block, 0, block.length);
    assert.deepEqual([overLimit, fields.length], [true, 0]);
    assert.deepEqual(decode(one, 'be'), [field('a', 'xxxxxxx')]);
    assert.throws(() => decode(one, 'bf'), HpackError);
  });

  it('is still refused for a bad Huffman code', () => {
    const one = decoder({ maxListBytes: 40 });
    assert.throws(() => decode(one, '82 00 01 61 81 00'), /Huffman/);
  });

  it('of sixteen thousand large entries takes no memory', () => {
    const one = decoder();
    decode(one, added(3900));
    const block = Buffer.alloc(16_384, 0xbe);
    const { listBytes, overLimit } = one.decode(block, 0, block.length);
    assert.deepEqual([listBytes, overLimit], [16_384 * 3933, true]);
    const grown = Array.from({ length: 101 }, () => {
      const before = process.memoryUsage().heapUsed;
      one.decode(block, 0, block.length);
      return process.memoryUsage().heapUsed - before;
    });
    const median = grown.sort((a, b) => a - b)[50];
    assert.ok(median !== undefined && median < 32_768, `${median} bytes`);
  });
});

describe('equal blocks', () => {
  function thrice(one: HpackDecoder, hex: string): boolean {
    const decoded = Array.from({ length: 3 }, () => one.decode(bytes(hex), 0, bytes(hex).length));
    return decoded[1] === decoded[2];
  }

  it('are one object from the third on, while the table stands', () => {
    const one = decoder();
    const add = '40 01 61 01 62';
    decode(one, add);
    assert.ok(thrice(one, '82 86 be'));
    const before = one.decode(bytes('82 86 be'), 0, 3);
    decode(one, '40 01 61 01 63');
    const after = one.decode(bytes('82 86 be'), 0, 3);
    assert.equal(before.fields[2]?.value, 'b');
    assert.equal(after.fields[2]?.value, 'c');
    assert.ok(!thrice(one, add));
  });

  it('are compared whole, wherever they lie', () => {
    const one = decoder();
    assert.ok(thrice(one, '82 86 84'));
    const block = bytes('ff 82 86 85 82 86 84 ff');
    assert.equal(one.decode(block, 1, 4).fields[2]?.value, '/index.html');
    assert.equal(one.decode(block, 4, 7).fields[2]?.value, '/');
    assert.equal(one.decode(block, 4, 6).fields.length, 2);
  });
});

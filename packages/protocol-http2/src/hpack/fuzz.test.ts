import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HpackDecoder } from './decoder.ts';
import { HpackEncoder } from './encoder.ts';
import { encode, generator, HeaderLists, type Random, runs, SEED } from './header-lists.test-support.ts';
import { HpackError } from './hpack-error.ts';

const MAX_LIST = 2000;

/** Bytes that begin representations more often than others. */
function randomBlock(random: Random): Buffer {
  const block = Buffer.alloc(random(12));
  for (let i = 0; i < block.length; i++)
    block[i] = random(3) === 0 ? random(256) : [0x82, 0xbe, 0xff, 0x40, 0x41, 0x00, 0x10, 0x81, 0x20, 0x05][random(10)]!;
  return block;
}

function mutated(block: Buffer, random: Random): Buffer {
  const copy = Buffer.from(block.subarray(0, random(4) === 0 ? random(block.length + 1) : block.length));
  for (let changes = random(4); changes > 0 && copy.length > 0; changes--) copy[random(copy.length)] = random(256);
  return copy;
}

/** Nothing but what is documented comes out; false when the connection would be over. */
function decodes(decoder: HpackDecoder, block: Buffer): boolean {
  try {
    const { fields, listBytes, overLimit } = decoder.decode(block, 0, block.length);
    const counted = fields.reduce((sum, { name, value }) => sum + name.length + value.length + 32, 0);
    assert.equal(overLimit, listBytes > MAX_LIST);
    assert.equal(counted, overLimit ? 0 : listBytes);
    return true;
  } catch (error) {
    if (error instanceof HpackError) return false;
    throw new Error(`POLYWIRE_SEED=${SEED}: ${block.toString('hex')}`, { cause: error });
  }
}

describe('bytes from anywhere', () => {
  it('are decoded or refused with a reason', () => {
    const random = generator(SEED);
    let decoded = 0;
    for (let session = 0; session < runs(3000); session++) {
      const decoder = new HpackDecoder({ maxTableBytes: random(2) * 300, maxListBytes: MAX_LIST });
      for (let block = 0; block < 20; block++) {
        if (!decodes(decoder, randomBlock(random))) break;
        decoded++;
      }
    }
    assert.ok(decoded > 100);
  });

  it('that were a block are decoded or refused with a reason', () => {
    const random = generator(SEED + 1);
    let refused = 0;
    const lists = new HeaderLists(random);
    for (let session = 0; session < runs(600); session++) {
      const encoder = new HpackEncoder();
      const decoder = new HpackDecoder({ maxTableBytes: 4096, maxListBytes: MAX_LIST });
      for (let block = 0; block < 20; block++) {
        const whole = encode(encoder, lists.next());
        if (decodes(decoder, random(3) === 0 ? mutated(whole, random) : whole)) continue;
        refused++;
        break;
      }
    }
    assert.ok(refused > 50);
  });
});

it('equal blocks mean the same with and without what the decoder remembers', () => {
  const random = generator(SEED + 2);
  const lists = new HeaderLists(random);
  const encoder = new HpackEncoder();
  const limits = { maxTableBytes: 4096, maxListBytes: 2 ** 30 };
  const remembering = new HpackDecoder(limits);
  const forgetful = new HpackDecoder(limits);
  const padding = Buffer.alloc(300, 0x82);
  for (let run = 0; run < runs(3000); run++) {
    const block = encode(encoder, lists.next());
    const padded = Buffer.concat([block, padding]);
    const { fields } = remembering.decode(block, 0, block.length);
    // too long to be remembered
    assert.deepEqual(forgetful.decode(padded, 0, padded.length).fields.slice(0, -padding.length), fields, `POLYWIRE_SEED=${SEED}`);
  }
});

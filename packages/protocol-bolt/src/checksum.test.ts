import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { crc32 } from 'node:zlib';
import { CodecError } from '@polywire/core/spi';
import fc from 'fast-check';
import { checksumChange } from './checksum.ts';
import type { BoltFrame } from './frame.ts';
import { request, reseal, response } from './testing/bodies.ts';
import { bytesOf, connect, integrity, multiplexing, parse, parseFront, routing } from './testing/codec.ts';

const CHECKED = { dialect: 2, switches: 1 } as const;

/** The frame as a peer receives it, when its front was patched and the rest followed with its end corrected. */
function relayed(front: BoltFrame, b: Buffer): Buffer {
  const rest = Buffer.from(b.subarray(front.to - front.from));
  const mask = integrity.trailerMask(front);
  if (mask !== undefined) for (let i = 0; i < 4; i++) rest[rest.length - 4 + i] = (rest[rest.length - 4 + i] ?? 0) ^ (mask[i] ?? 0);
  return Buffer.concat([bytesOf(front), rest]);
}

function frontOf(b: Buffer, bytes = 200): BoltFrame {
  const front = parseFront(b, bytes);
  assert.ok(front !== undefined);
  return front;
}

describe('a changed checksum', () => {
  for (const behind of [0, 1, 2, 3, 4, 255, 256, 65_535, 65_536, 1_000_003, 64 << 20]) {
    it(`is found without the ${behind} bytes behind the change`, () => {
      const before = Buffer.alloc(4 + behind, 0x6b);
      const after = Buffer.from(before);
      after.writeInt32BE(before.readInt32BE(0) ^ 0x1234_89ab, 0);
      assert.equal(checksumChange(0x1234_89ab, behind), (crc32(before) ^ crc32(after)) | 0);
    });
  }

  it('is found for any change and any distance', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.uint8Array({ maxLength: 3000 }),
        fc.uint8Array({ minLength: 4, maxLength: 40 }),
        (change, behind, front) => {
          const before = Buffer.concat([front, behind]);
          const after = Buffer.from(before);
          after.writeInt32BE(before.readInt32BE(front.length - 4) ^ change, front.length - 4);
          assert.equal(checksumChange(change, behind.length), (crc32(before) ^ crc32(after)) | 0);
        },
      ),
    );
  });
});

describe('a checked frame', () => {
  it('whose checksum is wrong closes the connection', () => {
    for (const wrong of [request(CHECKED), response(0, CHECKED)]) {
      for (const at of [wrong.length - 1, wrong.length - 6, 9]) {
        const b = Buffer.from(wrong);
        b[at] = (b[at] ?? 0) ^ 1;
        assert.throws(
          () => parse(b),
          (error) => error instanceof CodecError && error.code === 'BOLT_CHECKSUM',
        );
      }
    }
  });

  it('has the right checksum after every change', () => {
    const frame = parse(request(CHECKED));
    multiplexing.assignId(frame, 77);
    parse(bytesOf(frame));
    routing.setRemainingMs?.(frame, 5);
    const b = bytesOf(frame);
    const same = Buffer.from(b);
    reseal(same);
    assert.deepEqual(b, same);
    assert.equal(parse(b).timeoutOrStatus, 5);
  });

  it('has none in version 1, in the first version of 2, or without the switch', () => {
    for (const parts of [{ switches: 1 }, { dialect: 1, switches: 1 }, { dialect: 2, switches: 0 }, { dialect: 2, switches: 0x7e }]) {
      const plain = request(parts);
      const frame = parse(plain);
      assert.equal(frame.checksummed, false);
      multiplexing.assignId(frame, 0x01020304);
      assert.equal(bytesOf(frame).length, plain.length);
      assert.equal(integrity.trailerMask(frontOf(request({ ...parts, content: Buffer.alloc(1000) }))), undefined);
    }
  });
});

describe('a checked frame that is relayed as it arrives', () => {
  const large = request({ ...CHECKED, id: -5, timeout: 9000, content: Buffer.alloc(300_000, 0x41) });

  it('ends in the checksum of what was sent, also after a retry', () => {
    const front = frontOf(large);
    for (const [id, ms] of [
      [1, 8000],
      [0x7fffffff, 8000],
      [2, 1],
    ] as const) {
      multiplexing.assignId(front, id);
      routing.setRemainingMs?.(front, ms);
      const sent = parse(relayed(front, large));
      assert.deepEqual([sent.id, sent.timeoutOrStatus], [id, ms]);
    }
  });

  it('is left alone when nothing was patched, or patched back', () => {
    const front = frontOf(large);
    assert.equal(integrity.trailerMask(front), undefined);
    multiplexing.assignId(front, 6);
    assert.ok(integrity.trailerMask(front) !== undefined);
    multiplexing.restoreId(front, frontOf(large));
    assert.equal(integrity.trailerMask(front), undefined);
  });

  it('keeps a checksum that was wrong wrong', () => {
    const wrong = Buffer.from(large);
    wrong[100_000] = 0x42;
    const front = frontOf(wrong);
    multiplexing.assignId(front, 6);
    assert.throws(() => parse(relayed(front, wrong)), CodecError);
  });

  it('goes back to its caller with the caller’s id', () => {
    const answer = response(0, { ...CHECKED, id: 77, headers: [], content: Buffer.alloc(100_000, 0x42) });
    const front = frontOf(answer, 60_000);
    multiplexing.restoreId(front, parse(request({ ...CHECKED, id: -9 })));
    assert.equal(parse(relayed(front, answer)).id, -9);
  });

  it('is the frame that the whole would have become', () => {
    const whole = parse(large, connect(2));
    multiplexing.assignId(whole, 12);
    const front = frontOf(large);
    multiplexing.assignId(front, 12);
    assert.deepEqual(relayed(front, large), bytesOf(whole));
  });
});

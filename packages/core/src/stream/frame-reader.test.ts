import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CodecError } from '../errors/codec-error.ts';
import type { ToyFrame } from '../testing/toy-protocol.ts';
import { FrameReader } from './frame-reader.ts';

const KIB = 1024;

test('a front of which the codec makes nothing is collected up to the limit, not up to what the frame says of itself', () => {
  let looks = 0;
  const codec = {
    headerBytes: 4,
    measure: () => 0x7fffffff,
    parse(): ToyFrame | undefined {
      looks++;
      return undefined;
    },
  };
  const limits = { maxFrameBytes: 64 * KIB * KIB, relayThresholdBytes: 64 * KIB, maxBufferedFrontBytes: 256 * KIB };
  const sink = { onFrame: () => assert.fail('no frame'), onFront: () => assert.fail('no front'), onData: () => assert.fail('no data') };
  const reader = new FrameReader<ToyFrame>(codec, limits, sink);
  const endless = () => {
    for (let i = 0; i < 10_000; i++) reader.push(Buffer.alloc(KIB));
  };
  assert.throws(endless, (error) => error instanceof CodecError && error.code === 'FRONT_TOO_LARGE' && /262144 bytes/.test(error.message));
  assert.equal(reader.buffered, 256 * KIB);
  assert.equal(looks, 7);
});

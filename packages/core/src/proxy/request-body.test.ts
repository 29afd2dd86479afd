import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { UpstreamStream } from '../stream/stream.ts';
import { RequestBody } from './request-body.ts';

test('a body that is kept keeps little of what was received with it', () => {
  const body = new RequestBody();
  const received = Array.from({ length: 13 }, (_, at) => Buffer.alloc(64 * 1024, at));
  for (const chunk of received) body.add(chunk.subarray(100, 5100), false, true);
  body.add(Buffer.alloc(0), true, true);
  const sent: Buffer[] = [];
  const nothing = () => undefined;
  const upstream: UpstreamStream = {
    sendData: (chunk) => sent.push(chunk) > 0,
    sendTrailers: nothing,
    progressed: () => false,
    cancel: nothing,
    pause: nothing,
    resume: nothing,
  };
  body.sendTo(upstream);
  assert.deepEqual(
    sent.map((chunk) => [chunk.length, chunk[0]]),
    [...received.map((_, at) => [5000, at]), [0, undefined]],
  );
  for (const chunk of sent) assert.ok(chunk.buffer.byteLength <= 20_000);
});

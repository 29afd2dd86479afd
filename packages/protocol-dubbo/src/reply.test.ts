import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LocalReplyReason } from '@polywire/core/spi';
import * as hessian from 'hessian.js';
import { hex, request } from './testing/bodies.ts';
import { mediation, parse, routing } from './testing/codec.ts';

function reply(b: Buffer, reason: LocalReplyReason, message: string): Buffer {
  const frame = parse(b);
  frame.chunk = Buffer.alloc(0);
  return mediation.localReply(frame, { reason, message });
}

/** A request in another serialization, of which a reply needs the header alone. */
function requestIn(serialization: number, body = '00'): Buffer {
  const bytes = hex(body);
  return Buffer.concat([
    Buffer.from([0xda, 0xbb, 0xc0 | serialization, 0]),
    hex('ffffffffffffff01 000000'),
    Buffer.from([bytes.length]),
    bytes,
  ]);
}

describe('local replies', () => {
  it('say why in a status and a string, under the caller’s id', () => {
    const b = reply(request({ id: 9 }), 'no-healthy-upstream', 'no healthy upstream');
    assert.deepEqual(b, Buffer.concat([hex('dabb0250 fffffffe00000009 00000014'), hex('13'), Buffer.from('no healthy upstream')]));
  });

  it('hold any text, and never none', () => {
    for (const message of ['é', '没有健康的上游', '😀 '.repeat(20_000), 'x'.repeat(1000)]) {
      assert.equal(hessian.decode(reply(request(), 'internal', message).subarray(16), '2.0'), message);
    }
    assert.equal(hessian.decode(reply(request(), 'denied', '').subarray(16), '2.0'), 'denied');
  });

  for (const [reason, status, outcome] of [
    ['no-route', 60, 'not-found'],
    ['no-healthy-upstream', 80, 'failure'],
    ['overflow', 100, 'overload'],
    ['timeout', 31, 'timeout'],
    ['denied', 40, 'failure'],
    ['upstream-reset', 35, 'failure'],
    ['too-large', 25, 'failure'],
    ['bad-request', 40, 'failure'],
    ['internal', 80, 'failure'],
  ] as const) {
    it(`${reason} has status ${status}`, () => {
      const frame = parse(reply(request(), reason, 'why'));
      assert.deepEqual([frame.kind, frame.chunk[frame.from + 3], routing.outcome(frame)], ['response', status, outcome]);
    });
  }

  for (const [id, body, flags, item] of [
    [10, '00', 0x0a, '03 776879'],
    [23, '00000001 af', 0x17, '00000004 4c776879'],
    [6, '00000004 6e756c6c', 0x06, '00000005 2277687922'],
    [6, '2261220a', 0x06, '22776879220a'],
    [16, '2261220a', 0x10, '22776879220a'],
    [21, '2261220a', 0x15, '22776879220a'],
    [22, '00', 0x16, '05 0a03776879'],
    [27, 'c0', 0x1b, 'a3 776879'],
    [8, '00', 0x02, '03 776879'],
    [31, '00', 0x02, '03 776879'],
  ] as const) {
    it(`to serialization ${id} (${body}) are in ${flags}`, () => {
      const b = reply(requestIn(id, body), 'timeout', 'why');
      assert.equal(b[2], flags);
      assert.deepEqual(b.subarray(16), hex(item));
      assert.deepEqual(b.subarray(4, 12), hex('ffffffffffffff01'));
    });
  }
});

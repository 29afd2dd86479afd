import assert from 'node:assert/strict';
import { it } from 'node:test';
import { edgeRequest, request, response } from './testing/bodies.ts';
import { multiplexing, parse } from './testing/codec.ts';

it('ids are written and restored in place, whatever the caller used', () => {
  for (const b of [request(), edgeRequest()]) {
    const sent = parse(b);
    assert.equal(multiplexing.assignId(sent, 0x7fffffff), undefined);
    assert.equal(sent.chunk.readBigInt64BE(sent.from + 4), 0x7fffffffn);
    const answer = parse(
      Buffer.concat([response(20, Buffer.from([0x92])).subarray(0, 4), sent.chunk.subarray(7, 15), Buffer.from([0, 0, 0, 1, 0x92])]),
    );
    assert.equal(multiplexing.assignedId(answer), 0x7fffffff);
    sent.chunk = Buffer.alloc(0);
    assert.equal(multiplexing.restoreId(answer, sent), undefined);
    assert.deepEqual(answer.chunk.subarray(answer.from + 4, answer.from + 12), b.subarray(4, 12));
  }
});

it('ids that core cannot have assigned are nobody’s', () => {
  for (const id of [-1n, 0n, 0x80000000n, 0x100000001n]) {
    const b = response(20, Buffer.from([0x92]));
    b.writeBigInt64BE(id, 4);
    assert.equal(multiplexing.assignedId(parse(b)), undefined, String(id));
  }
});

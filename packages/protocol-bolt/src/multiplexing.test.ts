import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { request, response } from './testing/bodies.ts';
import { bytesOf, multiplexing, parse } from './testing/codec.ts';

describe('ids', () => {
  it('are those of core, and then the caller’s again, negative ones too', () => {
    for (const dialect of [0, 1, 2]) {
      for (const id of [0, 1, 0x7fffffff, -0x80000000, -1]) {
        const frame = parse(request({ dialect, id }));
        multiplexing.assignId(frame, 42);
        assert.equal(parse(bytesOf(frame)).id, 42);
        frame.chunk = Buffer.alloc(0);
        const answer = parse(response(0, { dialect, id: 42, headers: [] }));
        assert.equal(multiplexing.assignedId(answer), 42);
        multiplexing.restoreId(answer, frame);
        assert.deepEqual(bytesOf(answer), response(0, { dialect, id, headers: [] }));
      }
    }
  });

  it('that core cannot have assigned are none', () => {
    for (const id of [0, -1, -0x80000000]) assert.equal(multiplexing.assignedId(parse(response(0, { id }))), undefined);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LocalReplyReason } from '@polywire/core/spi';
import { SofaResponseReader } from '@polywire/hessian';
import type { BoltFrame } from './frame.ts';
import { type RequestParts, request } from './testing/bodies.ts';
import { lookUp, mediation, parse, routing } from './testing/codec.ts';
import { vector } from './testing/recorded.ts';

function reply(parts: RequestParts, reason: LocalReplyReason, message: string): BoltFrame {
  const frame = parse(request(parts));
  frame.chunk = Buffer.alloc(0);
  frame.from = 0;
  frame.to = 0;
  return parse(mediation.localReply(frame, { reason, message }));
}

function contentOf({ chunk, from, contentAt, contentEnd }: BoltFrame): Buffer {
  return chunk.subarray(from + contentAt, from + contentEnd);
}

function errorIn(frame: BoltFrame): string | undefined {
  const reader = new SofaResponseReader();
  const content = contentOf(frame);
  const core = { intern: (chunk: Buffer, from: number, to: number) => chunk.toString('utf8', from, to) };
  assert.ok(reader.read(content, 0, content.length, content.length, core));
  assert.equal(reader.isError, true);
  return reader.errorMsg;
}

describe('local replies', () => {
  it('are those of SOFARPC’s server, byte for byte', () => {
    const frame = reply({}, 'no-healthy-upstream', 'no healthy upstream');
    assert.deepEqual(contentOf(frame), vector('sofa/hessian3x-SofaResponse-isError'));
    assert.deepEqual(lookUp(frame, ':class'), ['com.alipay.sofa.rpc.core.response.SofaResponse']);
  });

  for (const [reason, sofa, other, outcome] of [
    ['no-route', 0, 6, 'failure'],
    ['no-healthy-upstream', 0, 5, 'failure'],
    ['overflow', 4, 4, 'overload'],
    ['timeout', 7, 7, 'timeout'],
    ['denied', 0, 1, 'failure'],
    ['upstream-reset', 0, 0x10, 'failure'],
    ['too-large', 0, 9, 'failure'],
    ['bad-request', 0, 9, 'failure'],
    ['internal', 0, 3, 'failure'],
  ] as const) {
    it(`${reason} has status ${sofa} for SOFARPC and ${other} for others`, () => {
      const told = reply({ id: -7 }, reason, 'why');
      assert.deepEqual([told.timeoutOrStatus, told.id, told.codec, routing.outcome(told), errorIn(told)], [sofa, -7, 1, outcome, 'why']);
      for (const parts of [{ class: 'com.acme.Request' }, { codec: 2 }, { codec: 13 }]) {
        const bare = reply(parts, reason, 'why');
        assert.deepEqual([bare.timeoutOrStatus, bare.length, bare.codec], [other, 20, parts.codec ?? 1]);
      }
    });
  }

  it('are in the version, with the switches and the checksum of the request', () => {
    for (const [dialect, switches, checksummed] of [
      [0, 0, false],
      [1, 1, false],
      [2, 0, false],
      [2, 1, true],
      [2, 0x7f, true],
    ] as const) {
      const frame = reply({ dialect, switches }, 'denied', 'why');
      assert.deepEqual([frame.dialect, frame.switches, frame.checksummed], [dialect, switches, checksummed]);
      assert.equal(errorIn(frame), 'why');
    }
  });

  it('hold any text, and never none', () => {
    for (const message of ['é', '没有健康的上游', '😀 '.repeat(20_000), 'x'.repeat(1000)]) {
      assert.equal(errorIn(reply({}, 'internal', message)), message);
      assert.equal(contentOf(reply({ codec: 11 }, 'internal', message)).toString(), message);
      assert.equal(JSON.parse(contentOf(reply({ codec: 12 }, 'internal', message)).toString()), message);
    }
    for (const codec of [1, 11, 12]) assert.ok(contentOf(reply({ codec }, 'denied', '')).includes('denied'));
  });

  it('say in a header of other serializations that the content is a text', () => {
    for (const codec of [11, 12]) assert.deepEqual(lookUp(reply({ codec }, 'denied', 'why'), 'sofa_head_response_error'), ['true']);
    assert.equal(reply({ codec: 1 }, 'denied', 'why').contentAt, 20 + 46);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LocalReplyReason } from '@polywire/core/spi';
import { Malformed } from './head.ts';
import { localReply, textReply } from './reply.ts';
import { readResponse } from './response-rules.ts';
import { block, GET, type Pairs, pairsOf, request } from './testing/heads.ts';

const GRPC: Pairs = [...GET, ['content-type', 'application/grpc+proto']];

/** Headers and text, whose headers any HTTP/2 client must take. */
function reply(pairs: Pairs, reason: LocalReplyReason, message: string): readonly [Pairs | undefined, string | undefined] {
  const { fields, body } = localReply(request(pairs), { reason, message });
  const headers = pairsOf(fields);
  assert.ok(!(readResponse(block(headers ?? [])) instanceof Malformed));
  return [headers, body?.toString()];
}

function messageOf(text: string): string | undefined {
  return reply(GRPC, 'internal', text)[0]?.at(-1)?.[1];
}

describe('local replies', () => {
  for (const [reason, status, grpc] of [
    ['no-route', 404, 12],
    ['no-healthy-upstream', 503, 14],
    ['overflow', 503, 8],
    ['timeout', 504, 4],
    ['denied', 403, 7],
    ['upstream-reset', 502, 14],
    ['too-large', 413, 8],
    ['bad-request', 400, 13],
    ['internal', 500, 13],
  ] as const) {
    it(`say ${reason} by status ${status}, and grpc-status ${grpc} to gRPC's callers`, () => {
      assert.deepEqual(reply(GET, reason, 'why'), [
        [
          [':status', `${status}`],
          ['content-type', 'text/plain; charset=utf-8'],
          ['content-length', '3'],
        ],
        'why',
      ]);
      assert.deepEqual(reply(GRPC, reason, 'why'), [
        [
          [':status', '200'],
          ['content-type', 'application/grpc'],
          ['grpc-status', `${grpc}`],
          ['grpc-message', 'why'],
        ],
        undefined,
      ]);
    });
  }

  it('are never empty, and of any language', () => {
    assert.deepEqual(reply(GET, 'denied', '')[1], 'denied');
    assert.deepEqual(messageOf(''), 'internal');
    const [headers, body] = reply(GET, 'timeout', '没有');
    assert.deepEqual([headers?.at(-1), body], [['content-length', '6'], '没有']);
  });

  it('have no body for HEAD, whose content-length is that of GET (RFC 9110, 9.3.2)', () => {
    const head: Pairs = [[':method', 'HEAD'], ...GET.slice(1)];
    const [headers, body] = reply(head, 'no-route', 'why');
    assert.deepEqual([headers?.at(-1), body], [['content-length', '3'], undefined]);
  });

  it('refuse CONNECT as not implemented (RFC 9110, 15.6.2)', () => {
    const connect: Pairs = [
      [':method', 'CONNECT'],
      [':authority', 'a:443'],
      ['content-type', 'application/grpc'],
    ];
    assert.deepEqual(reply(connect, 'bad-request', 'no tunnels')[0]?.[0], [':status', '501']);
    assert.equal(reply(connect, 'bad-request', 'no tunnels')[1], 'no tunnels');
  });

  it('speak text to gRPC-Web, whose status is in the body', () => {
    assert.deepEqual(reply([...GET, ['content-type', 'application/grpc-web+proto']], 'no-route', 'x')[0]?.[0], [':status', '404']);
  });

  it('can be made without a request that was read', () => {
    const { fields, body } = textReply(431, 'too many headers');
    assert.deepEqual([pairsOf(fields)?.[0], body?.toString()], [[':status', '431'], 'too many headers']);
  });
});

describe('grpc-message (gRPC, PROTOCOL-HTTP2.md)', () => {
  it('holds visible ASCII and blanks as they are, all else by percent signs', () => {
    assert.equal(messageOf('no route: a~b'), 'no route: a~b');
    assert.equal(messageOf('100%\t没\n\x7f'), '100%25%09%E6%B2%A1%0A%7F');
  });

  it('does not begin or end with blanks, which headers cannot', () => {
    assert.equal(messageOf('  x  '), 'x');
  });

  it('is cut where clients would take no more', () => {
    assert.equal(messageOf('x'.repeat(100_000))?.length, 1024);
  });

  it('is not cut inside a character', () => {
    assert.equal(messageOf(`${'x'.repeat(1023)}😀`), 'x'.repeat(1023));
  });
});

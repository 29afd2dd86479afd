import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { LocalReplyReason } from '@polywire/core/spi';
import { EXCEPTION } from './frame.ts';
import { bare, connect, lookUp, parse } from './testing/codec.ts';
import * as make from './testing/messages.ts';

const TYPES: Record<LocalReplyReason, number> = {
  'no-route': 1,
  'no-healthy-upstream': 6,
  overflow: 6,
  timeout: 6,
  denied: 6,
  'upstream-reset': 6,
  'too-large': 7,
  'bad-request': 7,
  internal: 6,
};

it('the answers of the proxy are exceptions with a text, a type and the bare method, as the caller speaks', () => {
  for (const transport of make.TRANSPORTS) {
    for (const encoding of make.ENCODINGS) {
      const call = make.message(encoding, 'Users:get', { seqid: 300, body: make.body(encoding) });
      const request = parse(make.framed(transport, encoding, call, { headerSeqid: 5, infos: [['a', '1']] }));
      for (const [reason, type] of Object.entries(TYPES)) {
        const body = make.applicationException(encoding, 'why', type);
        const message = make.message(encoding, 'get', { type: EXCEPTION, seqid: 300, body });
        const wanted = make.framed(transport, encoding, message, { headerSeqid: 5 });
        assert.deepEqual(bare.mediation.localReply(request, { reason: reason as LocalReplyReason, message: 'why' }), wanted, reason);
      }
    }
  }
});

it('a message that was transformed is answered by the ids and in the encoding of its THeader', () => {
  const request = parse(make.header(make.hex('02 01 01'), make.hex('789c'), 5));
  const reply = bare.mediation.localReply(request, { reason: 'no-route', message: '' });
  const message = make.message('compact', '', { type: EXCEPTION, seqid: 5, body: make.applicationException('compact', 'no-route', 1) });
  assert.deepEqual(reply, make.framed('header', 'compact', message, { headerSeqid: 5 }));
});

it("Finagle's question whether its extension is spoken is answered with an exception", () => {
  const request = parse(make.framed('framed', 'strict', make.message('strict', '__can__finagle__trace__v3__')));
  assert.match(request.defect ?? '', /TTwitter/);
  const reply = bare.mediation.localReply(request, { reason: 'bad-request', message: request.defect ?? '' });
  assert.equal(parse(reply, connect('upstream')).messageType, EXCEPTION);
  assert.deepEqual(lookUp(request, ':transport'), ['framed']);
});

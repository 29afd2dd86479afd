import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { deflateSync } from 'node:zlib';
import { EXCEPTION, ONEWAY, type ThriftFrame } from './frame.ts';
import { bare, codec, connect, parse, peek } from './testing/codec.ts';
import * as make from './testing/messages.ts';

function compressed(message: Buffer, compact = false): Buffer {
  return make.header(make.hex(compact ? '02 01 01' : '00 01 01'), deflateSync(message), 9);
}

function facts({ kind, service, method, opaque, defect }: ThriftFrame): object {
  return { kind, service, method, opaque: opaque !== undefined, defect };
}

describe('requests that zlib compressed', () => {
  for (const encoding of make.ENCODINGS) {
    it(`say what they call, and whether anybody waits, in the ${encoding} encoding`, () => {
      const read = { service: 'Users', method: 'get', opaque: true, defect: undefined };
      const call = make.message(encoding, 'Users:get', { seqid: 9, body: make.body(encoding) });
      assert.deepEqual(facts(parse(compressed(call, encoding === 'compact'))), { kind: 'request', ...read });
      const oneway = make.message(encoding, 'Users:get', { type: ONEWAY });
      assert.deepEqual(facts(parse(compressed(oneway, encoding === 'compact'))), { kind: 'oneway', ...read });
      const named = connect('downstream', codec({ 'oneway-methods': 'Users:get' }));
      assert.deepEqual(facts(parse(compressed(call, encoding === 'compact'), named)), { kind: 'oneway', ...read });
    });

    it(`are answered by the name that they call, in the ${encoding} encoding`, () => {
      const request = parse(compressed(make.message(encoding, 'get', { seqid: 9 }), encoding === 'compact'));
      const body = make.applicationException(encoding, 'why', 1);
      const message = make.message(encoding, 'get', { type: EXCEPTION, seqid: 9, body });
      const reply = bare.mediation.localReply(request, { reason: 'no-route', message: 'why' });
      assert.deepEqual(reply, make.framed('header', encoding, message, { headerSeqid: 9 }));
    });
  }

  it('are read from their front when they are large', () => {
    const whole = compressed(make.message('strict', 'put', { body: randomBytes(100_000) }));
    const connection = connect();
    assert.equal(connection.measure(peek(whole)), whole.length);
    assert.equal(connection.parse(whole, 0, 1000, whole.length)?.method, 'put');
  });

  it('keep their connection and their ids, and cannot lose their service', () => {
    const frame = parse(compressed(make.message('strict', 'Users:get', { seqid: 9 })));
    assert.equal(bare.multiplexing.assignable?.(frame), false);
    assert.equal(bare.multiplexing.assignId(frame, 5), undefined);
    assert.match(codec({ multiplexed: 'strip' }).multiplexing.objection?.(frame) ?? '', /cannot be stripped/);
  });

  it('may hold anything else, which is for the service to judge', () => {
    const nothing = { kind: 'request', service: '', method: '', opaque: true, defect: undefined };
    for (const content of [Buffer.from('no message'), make.reply('strict', 'get', 1), Buffer.alloc(0), Buffer.alloc(1 << 20)]) {
      assert.deepEqual(facts(parse(compressed(content))), nothing);
    }
    for (const content of ['', '00', '789c', '789cff'])
      assert.deepEqual(facts(parse(make.header(make.hex('00 01 01'), make.hex(content)))), nothing);
  });
});

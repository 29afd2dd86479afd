import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EXCEPTION } from './frame.ts';
import { bare, type Codec, codec, connect, lookUp, parse, parseFront, sent, there } from './testing/codec.ts';
import * as make from './testing/messages.ts';

const OWN_IDS = { seqid: -5, headerSeqid: 77 };
const INFOS = [['tenant', 'acme']] as const;

function call(transport: make.TransportName, encoding: make.EncodingName, seqid = OWN_IDS.seqid): Buffer {
  const message = make.message(encoding, 'Users:get', { seqid, body: make.body(encoding) });
  return make.framed(transport, encoding, message, { headerSeqid: OWN_IDS.headerSeqid, infos: INFOS });
}

function answer(transport: make.TransportName, encoding: make.EncodingName, seqid: number, headerSeqid = seqid): Buffer {
  return make.framed(transport, encoding, make.reply(encoding, 'get', seqid), { headerSeqid });
}

function assigned({ multiplexing }: Codec, bytes: Buffer, id: number): Buffer {
  const frame = parse(bytes);
  return sent(frame, multiplexing.assignId(frame, id));
}

describe('sequence ids', () => {
  it('of fixed width are changed in place, in a THeader both of them', () => {
    for (const transport of make.TRANSPORTS) {
      const frame = parse(call(transport, 'strict'));
      assert.equal(bare.multiplexing.assignId(frame, 9), undefined);
      const wanted = make.framed(transport, 'strict', make.message('strict', 'Users:get', { seqid: 9, body: make.body('strict') }), {
        headerSeqid: 9,
        infos: INFOS,
      });
      assert.deepEqual(sent(frame, undefined), wanted);
    }
  });

  it('of the compact encoding change the length of their frame', () => {
    for (const transport of make.TRANSPORTS) {
      for (const id of [1, 127, 128, 0x7fffffff]) {
        const message = make.message('compact', 'Users:get', { seqid: id, body: make.body('compact') });
        const wanted = make.framed(transport, 'compact', message, { headerSeqid: id, infos: INFOS });
        assert.deepEqual(assigned(bare, call(transport, 'compact'), id), wanted);
      }
    }
  });

  it('come back in as many bytes as the caller wrote', () => {
    const wide = make.hex('8221 85808000 03 676574 00');
    const caller = parse(wide);
    assert.equal(caller.seqid, 5);
    const response = parse(make.reply('compact', 'get', 300));
    const restored = sent(response, bare.multiplexing.restoreId(response, caller));
    assert.deepEqual(restored, Buffer.concat([make.hex('8241 85808000 03 676574'), make.result('compact')]));
    assert.ok(bare.mediation.localReply(caller, { reason: 'timeout', message: 'late' }).includes(make.hex('8261 85808000 03')));
  });

  it('that no proxy gave are none', () => {
    for (const id of [0, -1, -0x80000000]) {
      assert.equal(bare.multiplexing.assignedId(parse(make.reply('strict', 'get', id), connect('upstream'))), undefined);
    }
  });

  it('of the front of a large frame are changed as those of the whole', () => {
    const message = make.message('compact', 'get', { seqid: 3, body: Buffer.concat([make.hex('18 80f104'), Buffer.alloc(80_000)]) });
    const whole = make.framed('framed', 'compact', message);
    const front = there(parseFront(whole, 4096));
    const changed = sent(front, bare.multiplexing.assignId(front, 70_000));
    assert.deepEqual(changed, assigned(bare, whole, 70_000).subarray(0, changed.length));
    assert.equal(parseFront(whole, 9), undefined);
  });
});

describe('services that speak another transport', () => {
  for (const theirs of make.TRANSPORTS) {
    const services = codec({ transport: theirs });
    for (const ours of make.TRANSPORTS) {
      for (const encoding of make.ENCODINGS) {
        it(`get calls and give answers: ${encoding}, ${ours} here and ${theirs} there`, () => {
          const bytes = call(ours, encoding);
          const request = parse(bytes);
          const upstream = parse(sent(request, services.multiplexing.assignId(request, 200)));
          assert.deepEqual([upstream.seqid, upstream.service, upstream.method], [200, 'Users', 'get']);
          assert.deepEqual(lookUp(upstream, ':transport', 'tenant'), [
            theirs,
            ours === 'header' && theirs === 'header' ? 'acme' : undefined,
          ]);
          assert.deepEqual(lookUp(upstream, ':argument[2]', ':argument[5]'), ['ann', '1.5']);
          if (theirs === 'header') assert.equal(upstream.headerSeqid, 200);
          const response = parse(answer(theirs, encoding, 200), connect('upstream'));
          const restored = sent(response, services.multiplexing.restoreId(response, request));
          assert.deepEqual(restored, answer(ours, encoding, OWN_IDS.seqid, OWN_IDS.headerSeqid));
        });
      }
    }
  }

  it('share connections only among callers of one transport and encoding', () => {
    const dialects = make.TRANSPORTS.flatMap((transport) =>
      make.ENCODINGS.map((encoding) => bare.protocol.dialect?.(parse(call(transport, encoding)))),
    );
    assert.equal(new Set(dialects).size, 9);
    const framed = codec({ transport: 'framed' }).protocol;
    assert.equal(framed.dialect?.(parse(call('header', 'compact'))), framed.dialect?.(parse(call('unframed', 'compact'))));
  });
});

describe('services that do not multiplex', () => {
  for (const transport of make.TRANSPORTS) {
    for (const encoding of make.ENCODINGS) {
      it(`get bare names: ${encoding}, ${transport}`, () => {
        const services = codec({ multiplexed: 'strip' });
        const ids = { headerSeqid: OWN_IDS.headerSeqid, infos: INFOS };
        const parts = { seqid: OWN_IDS.seqid, body: make.body(encoding) };
        const numbered = make.message(encoding, 'get', { ...parts, seqid: 200 });
        assert.deepEqual(
          assigned(services, call(transport, encoding), 200),
          make.framed(transport, encoding, numbered, { ...ids, headerSeqid: 200 }),
        );
        const framed = codec({ multiplexed: 'strip', transport: 'framed' });
        assert.deepEqual(assigned(framed, call(transport, encoding), 200), make.framed('framed', encoding, numbered));
        const bareName = make.framed(transport, encoding, make.message(encoding, 'get', parts), ids);
        assert.deepEqual(assigned(services, bareName, 200), assigned(bare, bareName, 200));
      });
    }
  }
});

describe('messages that were transformed', () => {
  const opaque = make.header(make.hex('02 01 01'), make.hex('789c 0102030405'), 12);

  it('keep their ids and have their connection to themselves', () => {
    const frame = parse(opaque);
    assert.equal(frame.defect, undefined);
    assert.equal(bare.multiplexing.assignable?.(frame), false);
    assert.equal(bare.multiplexing.callerId?.(frame), 12);
    assert.deepEqual(sent(frame, bare.multiplexing.assignId(frame, 5)), opaque);
    const response = parse(make.framed('header', 'compact', make.reply('compact', 'get', 3), { headerSeqid: 12 }), connect('upstream'));
    assert.equal(bare.multiplexing.restoreId(response, frame), undefined);
  });

  it('cannot be sent to services that do not speak THeader', () => {
    const { multiplexing } = codec({ transport: 'framed' });
    assert.match(multiplexing.objection?.(parse(opaque)) ?? '', /its message was transformed .*THeader only/);
    assert.equal(multiplexing.objection?.(parse(call('header', 'strict'))), undefined);
    assert.equal(bare.multiplexing.objection?.(parse(opaque)), undefined);
    const json = make.header(make.hex('01 00'), Buffer.from('[1,"get",1,0,{}]'));
    assert.match(codec({ transport: 'unframed' }).multiplexing.objection?.(parse(json)) ?? '', /is written in protocol 1/);
  });

  it('are replaced by an exception when a caller could not know them for its answer', () => {
    const response = parse(make.header(make.hex('00 01 01'), make.hex('789c 0102'), 5), connect('upstream'));
    assert.equal(bare.multiplexing.assignedId(response), 5);
    for (const transport of make.TRANSPORTS) {
      const caller = parse(call(transport, 'strict'));
      const told = parse(sent(response, bare.multiplexing.restoreId(response, caller)), connect('upstream'));
      assert.deepEqual([told.messageType, told.seqid, told.headerSeqid], [EXCEPTION, -5, transport === 'header' ? 77 : 0]);
    }
  });
});

describe('settings', () => {
  it('say how many calls a connection takes', () => {
    const said = [{}, { 'calls-per-connection': 'one' }, { 'calls-per-connection': 'many' }].map((settings) => {
      const { echo, spread } = codec(settings).multiplexing;
      return [echo, spread];
    });
    assert.deepEqual(said, [['unproven', 256], ['ignored', 256], ['certain', undefined]]); // biome-ignore format: a table
  });

  it('name the service of calls that name none', () => {
    const { routing } = codec({ service: 'com.acme.Users' });
    assert.equal(routing.service(parse(make.message('strict', 'get'))), 'com.acme.Users');
    assert.equal(routing.service(parse(make.message('strict', 'Other:get'))), 'Other');
    assert.equal(bare.routing.service(parse(make.message('strict', 'get'))), '');
  });

  it('make one-way calls of what old callers send as calls', () => {
    const settings = codec({ 'oneway-methods': 'note, Users:log' });
    const kinds = ['note', 'Any:note', 'log', 'Users:log', 'Other:log'].map(
      (name) => parse(make.message('old', name), connect('downstream', settings)).kind,
    );
    assert.deepEqual(kinds, ['oneway', 'oneway', 'request', 'oneway', 'request']);
  });

  it('that there are not are refused, with those that there are', () => {
    const wrong: Record<string, [string, RegExp]> = {
      timeout: ['1s', /no setting timeout; it has service, transport, multiplexed, calls-per-connection and oneway-methods/],
      transport: ['http', /one of framed, unframed, header, as-received, not "http"/],
      'calls-per-connection': ['2', /one or many/],
      multiplexed: ['no', /keep or strip/],
      service: ['a b', /name of one service/],
      'oneway-methods': ['a,,b', /names with commas/],
    };
    for (const [name, [value, message]] of Object.entries(wrong)) {
      assert.throws(() => codec({ [name]: value }), { name: 'ConfigError', message });
    }
  });
});

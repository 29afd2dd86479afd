import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { detect } from './detect.ts';
import { ONEWAY } from './frame.ts';
import { bare, connect, parse, parseFront, peek } from './testing/codec.ts';
import * as make from './testing/messages.ts';

function length(bytes: Buffer): number | undefined {
  return connect().measure(peek(bytes));
}

describe('a connection', () => {
  it('is known by its first bytes, as few as will do', () => {
    const known: readonly (readonly [bytes: Buffer, decidedBy: number])[] = [
      [make.vector('binary-strict-unframed'), 2],
      [make.vector('compact-unframed'), 2],
      [make.vector('binary-strict-framed'), 6],
      [make.vector('compact-framed'), 6],
      [make.vector('mux-compact-framed'), 6],
      [make.vector('theader-binary-call'), 6],
      [make.vector('binary-old-unframed'), 8],
      [make.message('old', 'n'.repeat(255)), 260],
      [make.framed('framed', 'old', make.vector('binary-old-unframed')), 12],
    ];
    for (const [bytes, decidedBy] of known) {
      for (let reached = 0; reached <= bytes.length; reached++) {
        const wanted = reached < decidedBy ? 'need-more' : 'match';
        assert.equal(detect(bytes.subarray(0, reached)), wanted, `${reached} bytes of ${bytes.toString('hex')}`);
      }
    }
  });

  it('that speaks another protocol is not taken for Thrift', () => {
    const strangers = {
      'GET / HTTP/1.1': Buffer.from('GET / HTTP/1.1\r\n'),
      'HTTP/2': Buffer.from('PRI * HTTP/2.0\r\n'),
      TLS: make.hex('1603010200'),
      Dubbo: make.hex('dabbc200'),
      'Bolt 1': make.hex('01010001'),
      'Bolt 2': make.hex('02010100'),
      zeros: Buffer.alloc(32),
      PostgreSQL: make.hex('00000008 04d2162f'),
      'PostgreSQL, startup': make.hex('00000029 00030000 75736572 00'),
      'Kafka, ApiVersions': make.hex('00000020 00120003 00000001 0007 636f6e736f6c65'),
      'Kafka, Produce': make.hex('00000020 00000009 00000001 0007 636f6e736f6c65'),
      SASL: make.hex('01 00000005 504c41494e'),
      'binary 0': make.hex('80000001'),
      'compact 2': make.hex('8222'),
      'an old name that is none': make.hex('00000003 61200a 01'),
      'an old name behind its frame': make.hex('0000000e 00000005 6865616c74 01'),
      'an old name that is too long to guess': make.message('old', 'n'.repeat(256)),
      'an old reply': make.hex('00000003 676574 02'),
    };
    for (const [name, bytes] of Object.entries(strangers)) assert.equal(detect(bytes), 'no-match', name);
  });

  it('that says no Thrift is closed', () => {
    const wrong: Record<string, [Buffer, string]> = {
      HTTP: [Buffer.from('GET / HTTP/1.1\r\n'), 'THRIFT_MAGIC'],
      TLS: [make.hex('160301020001000102'), 'THRIFT_MAGIC'],
      zeros: [Buffer.alloc(16), 'THRIFT_MAGIC'],
      'an old name that is too long': [make.hex('00001000 00000401 6765'), 'THRIFT_MAGIC'],
      'negative length': [make.hex('ffffffff 80010001'), 'THRIFT_MAGIC'],
      'length of nothing': [make.hex('00000002 80010001'), 'THRIFT_LENGTH'],
      'THeader of nothing': [make.hex('00000006 0fff0000'), 'THRIFT_LENGTH'],
    };
    for (const [name, [bytes, code]] of Object.entries(wrong)) assert.throws(() => length(bytes), { name: 'CodecError', code }, name);
  });

  it('is fixed as framed or unframed by its first message', () => {
    const framed = make.vector('binary-strict-framed');
    const connection = connect();
    assert.equal(connection.measure(peek(framed)), framed.length);
    assert.throws(() => connection.measure(peek(make.vector('binary-strict-unframed'))), { code: 'THRIFT_LENGTH' });
    assert.equal(connection.measure(peek(make.vector('theader-binary-call'))), 76);
  });
});

describe('messages', () => {
  it('of the recorded frames are read', () => {
    const read = ['theader-binary-call', 'binary-old-unframed', 'mux-binary-framed', 'mux-compact-framed', 'compact-framed'].map((name) => {
      const { kind, service, method, seqid, defect } = parse(make.vector(name));
      return [kind, service, method, seqid, defect];
    });
    assert.deepEqual(read, [
      ['request', '', 'add', 0, undefined],
      ['request', '', 'add', 1, undefined],
      ['request', 'Calculator', 'add', 0, undefined],
      ['request', 'Calculator', 'add', 0, undefined],
      ['request', '', 'add', 1, undefined],
    ]);
    const exception = parse(make.vector('exception-compact-framed'), connect('upstream'));
    assert.deepEqual([exception.kind, bare.routing.outcome(exception)], ['response', 'failure']);
  });

  it('hold a service before the first colon', () => {
    const { service, method } = parse(make.message('strict', 'a.B:c:d'));
    assert.deepEqual([service, method], ['a.B', 'c:d']);
  });

  it('with a header that can be read and a rest that cannot cost one frame', () => {
    const broken = {
      'a name behind the end': make.framed('framed', 'strict', make.hex('80010001 000000ff 676574 00000000 00')),
      'an old name that is none': make.message('old', 'Users:\nget'),
      'no type of message': make.framed('framed', 'compact', make.hex('8201 00 03 676574 00')),
      'transforms without an end': make.header(make.hex('00 7f 01 01'), make.message('strict', 'get'), 9),
      'a name that is too long': make.framed('framed', 'compact', make.message('compact', 'n'.repeat(65_536))),
      'nothing behind the THeader': make.header(make.hex('00 00'), make.hex('ffff')),
    };
    for (const [name, bytes] of Object.entries(broken)) assert.match(parse(bytes).defect ?? '', /Thrift|THeader/, name);
    assert.equal(parse(broken['transforms without an end']).seqid, 9);
    const long = make.framed('framed', 'strict', Buffer.concat([make.hex('80010001 00020000'), Buffer.alloc(70_000)]));
    assert.match(parseFront(long, 4096)?.defect ?? '', /Thrift/);
    const oneway = parse(make.message('old', 'Users:\nget', { type: ONEWAY }));
    assert.deepEqual([oneway.kind, oneway.defect === undefined], ['oneway', false], 'gets no answer');
    assert.equal(parse(make.message('strict', 'n'.repeat(65_535))).defect, undefined);
  });
});

describe('unframed messages', () => {
  it('end where their struct does, in any encoding', () => {
    for (const encoding of make.ENCODINGS) {
      const bytes = make.message(encoding, 'get', { body: make.body(encoding) });
      assert.equal(length(Buffer.concat([bytes, bytes])), bytes.length, encoding);
    }
  });

  it('may hold every type', () => {
    const binary = make.hex(
      '0d 0001 08 0c 00000002 00000001 00 00000002 02 0001 01 00  0e 0002 0b 00000001 00000002 6869  0f 0003 10 00000001 ' +
        '00112233445566778899aabbccddeeff  10 0004 00112233445566778899aabbccddeeff  0d 0005 00 00 00000000  0f 0006 0f 00000001 06 00000002 00010002  00',
    );
    const compact = make.hex(
      '1b 02 5c 02 00 04 11 00  1a 18 02 6869  19 1d 00112233445566778899aabbccddeeff  1d 00112233445566778899aabbccddeeff  1b 00 ' +
        '19 19 24 02 04  19 f1 10 01010101010101010101010101010101  11 12 03 28 ff  06 82808080808080808001  00',
    );
    // The field before the last has a long id, the one before that is a boolean.
    const longId = Buffer.concat([compact.subarray(0, -16), make.hex('06 4e 02 00')]);
    for (const [encoding, body] of [
      ['strict', binary],
      ['compact', longId],
    ] as const) {
      const bytes = make.message(encoding, 'get', { body });
      assert.equal(length(Buffer.concat([bytes, make.hex('ff')])), bytes.length, encoding);
    }
  });

  it('of a megabyte are looked at once, however many pieces they come in', () => {
    const count = 40_000;
    const element = make.hex('0b 0001 00000010 30313233343536373839616263646566 00');
    const list = Buffer.concat([make.hex('0f 0001 0c'), lengthOf(count), ...Array.from({ length: count }, () => element), make.hex('00')]);
    const bytes = make.message('strict', 'get', { body: list });
    const connection = connect();
    let looked = 0;
    let longest = 0;
    let measured: number | undefined;
    // The first 700 bytes after the other, then all that are left.
    for (let reached = 700; measured === undefined; reached += reached < 300_000 ? 700 : bytes.length) {
      const view = peek(bytes.subarray(0, Math.min(reached, bytes.length)));
      measured = connection.measure({
        ...view,
        view(from, to) {
          looked += to - from;
          longest = Math.max(longest, to - from);
          return view.view(from, to);
        },
      });
    }
    assert.equal(measured, bytes.length);
    assert.ok(looked < 1.1 * bytes.length, `${looked} bytes of ${bytes.length}`);
    assert.ok(longest <= 16_384, `${longest} bytes in one piece`);
  });

  it('that cannot be walked close the connection', () => {
    const wrong: Record<string, [make.EncodingName, string]> = {
      'an unknown type': ['strict', '07 0001 00'],
      'a negative text': ['strict', '0b 0001 ffffffff'],
      'a text that cannot come': ['strict', '0b 0001 7fffffff'],
      'a list that cannot come': ['strict', '0f 0001 0c 7fffffff'],
      'a list of nothing': ['strict', '0f 0001 00 00000002'],
      'a negative map': ['strict', '0d 0001 08 08 80000000'],
      'a compact list that cannot come': ['compact', '19 fc ffffffff07'],
      'a compact size without an end': ['compact', '18 ffffffffffffffffffffff'],
      'an unknown compact type': ['compact', '1f'],
    };
    for (const [name, [encoding, body]] of Object.entries(wrong)) {
      assert.throws(() => length(make.message(encoding, 'get', { body: make.hex(body) })), { name: 'CodecError' }, name);
    }
  });

  it('may be 64 structs deep, and no deeper', () => {
    const nested = (depth: number): Buffer =>
      make.message('strict', 'get', {
        body: Buffer.concat([...Array.from({ length: depth - 1 }, () => make.hex('0c 0001')), Buffer.alloc(depth)]),
      });
    assert.equal(length(nested(64)), nested(64).length);
    assert.throws(() => length(nested(65)), { code: 'THRIFT_STRUCT' });
    // The struct of arguments is the first level; a list of numbers is passed without one.
    const lists = (levels: number): Buffer => {
      const inner = Array.from({ length: levels - 1 }, () => make.hex('0f 00000001'));
      return make.message('strict', 'get', { body: Buffer.concat([make.hex('0f 0001'), ...inner, make.hex('08 00000001 00000000 00')]) });
    };
    assert.equal(length(lists(192)), lists(192).length);
    assert.throws(() => length(lists(193)), { code: 'THRIFT_STRUCT' });
  });

  it('larger than the limit close the connection before they are here', () => {
    const limited = bare.protocol.connection({ side: 'downstream', maxFrameBytes: 1000, dialect: 0 });
    const bytes = make.message('strict', 'get', { body: make.hex('0b 0001 00000400') });
    assert.throws(() => limited.measure(peek(bytes)), { code: 'FRAME_TOO_LARGE' });
    const name = bare.protocol.connection({ side: 'downstream', maxFrameBytes: 1000, dialect: 0 });
    assert.throws(() => name.measure(peek(make.hex('80010001 000003e8'))), { code: 'FRAME_TOO_LARGE' });
  });
});

function lengthOf(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

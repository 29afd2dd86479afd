import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CodecError } from '@polywire/core/spi';
import { detect } from './detect.ts';
import { hex, request, response } from './testing/bodies.ts';
import { connect, dialectOf, mediation, parse, parseFront, peek, routing } from './testing/codec.ts';
import { bytesOfCapture, captures, vector } from './testing/recorded.ts';

function refusal(b: Buffer): string {
  try {
    connect().measure(peek(b));
  } catch (error) {
    if (error instanceof CodecError) return error.code;
    throw error;
  }
  return '';
}

describe('detect', () => {
  it('knows every first frame of SOFARPC by four bytes, five in version 2', () => {
    for (const each of captures.filter(({ direction }) => direction === 'up')) {
      const b = bytesOfCapture(each);
      const enough = b[0] === 1 ? 4 : 5;
      assert.equal(detect(b.subarray(0, enough)), 'match');
      for (let bytes = 0; bytes < enough; bytes++) assert.equal(detect(b.subarray(0, bytes)), 'need-more');
    }
  });

  it('knows one-way requests and heartbeats', () => {
    for (const head of ['01020001', '01010000', '0201010000', '0202020001']) assert.equal(detect(hex(head)), 'match', head);
  });

  it('leaves other protocols alone', () => {
    const others = [
      'dabb',
      '00',
      '80',
      '82',
      '47455420',
      '50524920',
      '1603',
      'f1f1',
      '03',
      '0100',
      '0103',
      '010101',
      '01010002',
      '01010100',
    ];
    const second = ['0200', '0203', '020200', '020203', '02020101', '0201010002', '0101050100'];
    for (const head of [...others, ...second]) assert.equal(detect(hex(head)), 'no-match', head);
  });
});

describe('measure', () => {
  it('counts header, class, headers, content and checksum', () => {
    for (const name of ['bolt/v1-request', 'bolt/v2-crc-request', 'bolt/v1-ok-response', 'bolt/v2-crc-response', 'bolt/v2-heartbeat-ack']) {
      const b = vector(name);
      assert.equal(connect().measure(peek(b)), b.length, name);
    }
  });

  it('refuses what Bolt cannot be, by the first byte that says so', () => {
    assert.equal(refusal(hex('00')), 'BOLT_PROTOCOL');
    assert.equal(refusal(hex('0d')), 'BOLT_PROTOCOL');
    assert.equal(refusal(hex('0103')), 'BOLT_TYPE');
    assert.equal(refusal(hex('020201')), '');
    assert.equal(refusal(hex('0200 01')), 'BOLT_VERSION');
    assert.equal(refusal(hex('0203 01')), 'BOLT_VERSION');
    assert.equal(refusal(hex('0202 03')), 'BOLT_TYPE');
    const negative = request();
    negative[18] = 0x80;
    assert.equal(refusal(negative), 'BOLT_LENGTH');
  });
});

describe('kinds', () => {
  it('are told by type and command', () => {
    for (const [type, command, kind] of [
      [1, 1, 'request'],
      [2, 1, 'oneway'],
      [1, 0, 'ping'],
      [2, 0, 'ping'],
      [1, 100, 'goaway'],
      [2, 100, 'goaway'],
    ] as const) {
      assert.equal(parse(request({ type, command })).kind, kind);
    }
    assert.equal(parse(response(0)).kind, 'response');
    assert.equal(parse(response(0, { command: 0 })).kind, 'pong');
  });

  it('that Java would close a shared connection for are answered instead', () => {
    const long = 'x'.repeat(0x8000);
    for (const parts of [{ command: 2 }, { command: 7 }, { dialect: 1, switches: 0x80 }, { class: long }, { headers: ['k', long] }]) {
      const frame = parse(request({ ...parts, id: -3 }));
      assert.ok(frame.defect !== undefined);
      assert.equal(frame.kind, 'request');
      const reply = parse(mediation.localReply(frame, { reason: 'bad-request', message: frame.defect }));
      assert.deepEqual([reply.kind, reply.id], ['response', -3]);
      // A class of 32 KiB is not SOFARPC's, whose client alone reads objects.
      const said = reply.chunk.includes(frame.defect) ? frame.defect : reply.timeoutOrStatus;
      assert.equal(said, 'class' in parts ? 9 : frame.defect);
    }
  });
});

describe('fronts', () => {
  it('wait for class and headers, then for nothing when these say all', () => {
    const b = request({ content: Buffer.alloc(5000) });
    const { contentAt } = parse(b);
    assert.equal(parseFront(b, contentAt - 1), undefined);
    assert.equal(parseFront(b, contentAt)?.method, 'say');
  });

  it('wait for the method of a request whose headers lack it', () => {
    const b = vector('bolt/v1-request');
    let at = 22;
    while (parseFront(b, at) === undefined) at++;
    const front = parseFront(b, at);
    assert.ok(front !== undefined && at < b.length && at > front.contentAt);
    assert.equal(routing.method(front), 'plus');
  });

  it('of answers wait for what tells the outcome', () => {
    const b = vector('bolt/v2-crc-response');
    let at = 24;
    while (parseFront(b, at) === undefined) at++;
    assert.ok(at < b.length);
    for (let more = at; more < b.length; more++) {
      const front = parseFront(b, more);
      assert.ok(front !== undefined);
      assert.equal(routing.outcome(front), 'ok');
    }
  });
});

describe('dialects', () => {
  it('keep requests apart that a service would answer in one version', () => {
    assert.deepEqual(
      [0, 1, 2].map((dialect) => dialectOf(parse(request({ dialect })))),
      [0, 1, 2],
    );
  });

  it('are those of heartbeats', () => {
    for (const dialect of [0, 1, 2]) {
      const b = connect(dialect).ping?.(7) ?? Buffer.alloc(0);
      const ping = parse(b);
      assert.deepEqual([ping.kind, ping.dialect, ping.id, ping.checksummed, ping.timeoutOrStatus], ['ping', dialect, 7, false, -1]);
      const pong = parse(connect().pong?.(ping) ?? Buffer.alloc(0));
      assert.deepEqual([pong.kind, pong.dialect, pong.id, pong.checksummed, pong.timeoutOrStatus], ['pong', dialect, 7, false, 0]);
    }
  });

  it('of a caller are learnt from its frames', () => {
    const connection = connect();
    parse(request({ dialect: 2 }), connection);
    assert.equal(parse(connection.ping?.(1) ?? Buffer.alloc(0)).dialect, 2);
  });
});

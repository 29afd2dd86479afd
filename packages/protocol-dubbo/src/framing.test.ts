import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CodecError } from '@polywire/core/spi';
import { detect } from './detect.ts';
import { edgeRequest, frames, hex, request, response, vector } from './testing/bodies.ts';
import { connect, parse, parseFront, peek, routing } from './testing/codec.ts';

describe('detect', () => {
  it('needs two bytes', () => {
    assert.equal(detect(hex('')), 'need-more');
    assert.equal(detect(hex('da')), 'need-more');
    assert.equal(detect(hex('dabb')), 'match');
    assert.equal(detect(hex('dabc')), 'no-match');
    assert.equal(detect(Buffer.from('l')), 'no-match');
  });
});

describe('measure', () => {
  it('waits for the header and counts it', () => {
    const b = request();
    for (let cut = 2; cut < 16; cut++) assert.equal(connect().measure(peek(b.subarray(0, cut))), undefined);
    assert.equal(connect().measure(peek(b.subarray(0, 16))), b.length);
  });

  it('refuses other bytes and negative lengths', () => {
    const code = (b: Buffer) => {
      try {
        connect().measure(peek(b));
      } catch (error) {
        return error instanceof CodecError ? error.code : error;
      }
      return undefined;
    };
    assert.equal(code(Buffer.from('ls\r\n')), 'DUBBO_MAGIC');
    assert.equal(code(hex('dabbc200 0000000000000001 80000000')), 'DUBBO_LENGTH');
    assert.equal(code(hex('dabbc200 0000000000000001 ffffffff')), 'DUBBO_LENGTH');
  });
});

describe('kinds', () => {
  const event = (flags: number, body: string): string => {
    const bytes = hex(body);
    return parse(Buffer.concat([hex(`dabb ${flags.toString(16)} 00 0000000000000001 000000`), Buffer.from([bytes.length]), bytes])).kind;
  };

  it('follow the flags', () => {
    assert.equal(parse(request()).kind, 'request');
    assert.equal(parse(request({ flags: 0x82 })).kind, 'oneway');
    assert.equal(parse(response(20, hex('94 4e 485a'))).kind, 'response');
    assert.equal(parse(response(20, hex('94 4e 485a'), 0x42)).kind, 'response');
    assert.equal(parse(vector('dubbo/apisix-heartbeat-request')).kind, 'ping');
    assert.equal(parse(vector('dubbo/apisix-heartbeat-response')).kind, 'pong');
    assert.equal(parse(vector('dubbo/readonly-event')).kind, 'goaway');
  });

  for (const [id, body] of [
    [2, '01 __'],
    [10, '01 __'],
    [23, '00000002 4a__'],
    [6, '00000003 22__22'],
    [6, '22__22 0a'],
    [16, '22__22 0d0a'],
    [22, '03 0a01__'],
    [27, 'a1 __'],
    [3, 'aced0005 7701 01 740001 __'],
    [8, '03 01 82 __'],
  ] as const) {
    it(`R and W are events in serialization ${id} (${body})`, () => {
      assert.equal(event(0xa0 | id, body.replace('__', '52')), 'goaway');
      assert.equal(event(0xa0 | id, body.replace('__', '57')), 'resume');
      assert.equal(event(0x20 | id, body.replace('__', '52')), 'control');
    });
  }

  it('other events are heartbeats, or nothing', () => {
    assert.equal(event(0xe2, '4e'), 'ping');
    assert.equal(event(0xf7, '00000001 af'), 'ping');
    assert.equal(event(0xe2, ''), 'ping');
    assert.equal(event(0xa2, '4e'), 'control');
    assert.equal(event(0x22, '4e'), 'pong');
    assert.equal(event(0xa2, '0f 4141414141414141414141414141 52'), 'control');
  });
});

describe('parse', () => {
  it('reads the front of every recorded request', () => {
    for (const [name, b] of frames()) {
      const frame = parse(b);
      assert.equal(frame.defect, undefined, name);
      if (frame.kind === 'request' || frame.kind === 'oneway') assert.match(routing.service(frame), /^(com|org)\.[\w.]+\w$/, name);
    }
  });

  it('keeps ids of any 64 bits apart', () => {
    const frame = parse(edgeRequest());
    assert.deepEqual([frame.idHigh, frame.idLow], [-0x80000000, 1]);
  });

  it('calls a body that does not begin like a request a defect, and keeps its boundary', () => {
    for (const body of ['', '90', '05 61', '01 61 4e 01', '40', '00 00 00 00 90', '00 91 00 00 00', '00 485a 00 00 00']) {
      const bytes = hex(body);
      const b = Buffer.concat([hex('dabbc200 0000000000000001 000000'), Buffer.from([bytes.length]), bytes]);
      const frame = parse(b);
      assert.equal(frame.kind, 'request');
      assert.match(frame.defect ?? '', /five strings/, body);
      assert.equal(routing.service(frame), '');
      assert.equal(routing.method(frame), '');
    }
  });

  it('asks for the five strings of a large frame, and no more', () => {
    const b = request({ descriptor: 'Ljava/lang/String;', arguments: ['x'.repeat(100_000)] });
    const front = b.indexOf('Ljava') + 'Ljava/lang/String;'.length;
    for (let cut = 16; cut < front; cut++) assert.equal(parseFront(b, cut), undefined, String(cut));
    const frame = parseFront(b, front);
    assert.ok(frame !== undefined);
    assert.equal(routing.service(frame), 'com.acme.Service');
    assert.equal(routing.method(frame), 'call');
    assert.equal(frame.length, b.length);
  });

  it('asks for the real method of a large generic call', () => {
    const b = request({
      method: '$invoke',
      descriptor: 'Ljava/lang/String;[Ljava/lang/String;[Ljava/lang/Object;',
      arguments: ['sayHello', hex('70 00'), hex('79'), 'x'.repeat(100_000)],
    });
    const end = b.indexOf('sayHello') + 8;
    assert.equal(parseFront(b, end - 1), undefined);
    const frame = parseFront(b, end);
    assert.equal(frame === undefined ? '' : routing.method(frame), 'sayHello');
  });

  it('passes on a serialization that it knows nothing of', () => {
    const b = Buffer.concat([hex('dabbdc00 0000000000000001 00000003'), hex('010203')]);
    const frame = parse(b);
    assert.deepEqual([frame.defect, routing.service(frame), routing.method(frame)], [undefined, '', '']);
  });
});

describe('refuse', () => {
  const say = (text: string | Buffer) => connect().refuse?.(Buffer.from(text))?.toString();
  it('answers telnet commands with a line', () => {
    assert.equal(say('status -l\r\n'), 'OK\r\n');
    assert.match(say('ls\n') ?? '', /Dubbo.*\r\n$/);
    assert.match(say('invoke a.b.C.d()\r\n') ?? '', /does not know the command invoke\.\r\n$/);
    assert.ok((say(`${'x'.repeat(100_000)}\n`) ?? '').length < 200);
  });
  it('says nothing to what is no text', () => {
    assert.equal(say(hex('16030100c8010000')), undefined);
    assert.equal(say(hex('03')), undefined);
    assert.equal(say(hex('fff4fffd06')), undefined);
    assert.equal(say('\r\n'), undefined);
  });
});

describe('heartbeats', () => {
  it('are answered in kind, with the same id and body', () => {
    const answer = connect().pong?.(parse(vector('dubbo/apisix-heartbeat-request')));
    assert.deepEqual(answer, vector('dubbo/apisix-heartbeat-response'));
    const fastjson2 = parse(hex('dabbf700 ffffffffffffffff 00000005 00000001af'));
    assert.deepEqual(connect().pong?.(fastjson2), hex('dabb3714 ffffffffffffffff 00000005 00000001af'));
  });

  it('begin in Hessian, then in the serialization that the peer used last', () => {
    const connection = connect();
    assert.deepEqual(connection.ping?.(5), hex('dabbe200 0000000000000005 00000001 4e'));
    assert.deepEqual(connection.goAway?.(), hex('dabba200 0000000000000000 00000002 0152'));
    parse(response(20, hex('00000002 bd05 00000001 af'), 0x17), connection);
    assert.deepEqual(connection.ping?.(5), hex('dabbf700 0000000000000005 00000005 00000001af'));
    assert.deepEqual(connection.goAway?.(), hex('dabbb700 0000000000000000 00000006 00000002 4a52'));
    parse(response(20, hex('010203'), 0x08), connection);
    assert.deepEqual(connection.ping?.(5), hex('dabbe200 0000000000000005 00000001 4e'));
  });

  it('never repeat a long body', () => {
    const b = Buffer.concat([hex('dabbe200 0000000000000001 00010000'), Buffer.alloc(0x10000)]);
    assert.equal(parse(b).kind, 'ping');
    assert.equal(connect().pong?.(parse(b))?.length, 17);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConfigError, NOT_REACHED, UNREADABLE } from '@polywire/core/spi';
import fc from 'fast-check';
import { edgeRequest, hex, NULL, type RequestParts, request, response, values, vector } from './testing/bodies.ts';
import { character } from './testing/character.ts';
import { lookUp, parse, parseFront, routing, timeoutOf } from './testing/codec.ts';

const GENERIC = 'Ljava/lang/String;[Ljava/lang/String;[Ljava/lang/Object;';
/** What a rule sees of an attachment that a test wrote. */
function textOf(value: string | Buffer | undefined): string | undefined {
  if (!Buffer.isBuffer(value)) return value;
  return value.equals(hex('cbe8')) ? '1000' : value.equals(hex('54')) ? 'true' : undefined;
}

const attached = (...attachments: (string | Buffer)[]) => parse(request({ attachments }));

describe('service and method', () => {
  it('are the second and fourth string', () => {
    const frame = parse(request({ service: 'com.acme.Service', method: 'call' }));
    assert.deepEqual([routing.service(frame), routing.method(frame)], ['com.acme.Service', 'call']);
  });

  for (const method of ['$invoke', '$invokeAsync']) {
    it(`${method} is the method that it invokes`, () => {
      const generic = { method, descriptor: GENERIC, arguments: ['real', hex('70 00'), hex('78')] };
      assert.equal(routing.method(parse(request(generic))), 'real');
      assert.equal(routing.method(parse(request({ method }))), method);
      assert.equal(routing.method(parse(request({ ...generic, arguments: [NULL, NULL, NULL] }))), method);
    });
  }

  it('$echo stays what it is', () => {
    assert.equal(routing.method(parse(request({ method: '$echo', descriptor: 'Ljava/lang/Object;', arguments: ['hi'] }))), '$echo');
  });

  it('survive text that is not ASCII, in two bytes and in chunks', () => {
    const frame = parse(request({ service: 'com.acme.Überweisung', method: '支付😀' }));
    assert.deepEqual([routing.service(frame), routing.method(frame)], ['com.acme.Überweisung', '支付😀']);
    const body = values('2.0.2', hex('52 0003 636f6d 02 2e41'), NULL, 'call', '', hex('485a'));
    const chunked = parse(Buffer.concat([hex('dabbc200 0000000000000001 000000'), Buffer.from([body.length]), body]));
    assert.equal(routing.service(chunked), 'com.A');
  });
});

describe('names', () => {
  it('that dubbo cannot have are refused when configuration loads', () => {
    for (const name of ['', ':path', ':authority', ':argument[]', ':argument[-1]', ':argument[255]', ':argument[1].name']) {
      assert.throws(() => routing.scan({ names: [name], timeout: false, affinity: false }), ConfigError, name);
    }
  });

  it('find attachments by their exact key', () => {
    assert.deepEqual(lookUp(attached('dubbo.tag', 'gray', 'Env', 'é'), 'dubbo.tag', 'env', 'Env', 'DUBBO.TAG'), [
      'gray',
      undefined,
      'é',
      undefined,
    ]);
    assert.deepEqual(lookUp(attached('schlüssel', '1', 'a', '2'), 'schlüssel', 'a'), ['1', '2']);
  });

  it('find values that are numbers or booleans, as text', () => {
    const frame = attached(
      ...['int', hex('cbe8'), 'long', hex('4c 7fffffffffffffff'), 'double', hex('5f000005dc'), 'true', hex('54'), 'false', hex('46')],
      ...['null', NULL, 'date', hex('4b01b05516'), 'empty', ''],
    );
    const found = lookUp(frame, 'int', 'long', 'double', 'true', 'false', 'null', 'date', 'empty');
    assert.deepEqual(found, ['1000', '9223372036854775807', '1.5', 'true', 'false', undefined, undefined, '']);
  });

  it('take the last of equal keys, as the HashMap does that Java makes of them', () => {
    assert.deepEqual(lookUp(attached('k', 'a', 'x', '1', 'k', 'b'), 'k'), ['b']);
    assert.deepEqual(lookUp(attached('k', 'a', 'k', NULL), 'k'), [undefined]);
    assert.equal(timeoutOf(attached('timeout', '1000', 'timeout', '2000')), 2000);
  });

  it('are found among any others, as in a map of all of them', () => {
    const key = fc.oneof(
      fc.string({ unit: fc.constantFrom('a', 'b', 's', 'é'), minLength: 1, maxLength: 4 }),
      fc.constantFrom('timeout', '_TO', 'x'.repeat(31), 'x'.repeat(32), `s${'y'.repeat(255)}`),
    );
    const value = fc.oneof(fc.string({ unit: character, maxLength: 40 }), fc.constantFrom(NULL, hex('cbe8'), hex('79 91'), hex('54')));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(key, value), { maxLength: 12 }),
        fc.uniqueArray(key, { maxLength: 6 }),
        fc.boolean(),
        fc.boolean(),
        (pairs, names, timeout, affinity) => {
          const scan = routing.scan({ names, timeout, affinity });
          scan.run(attached(...pairs.flat()));
          const last = new Map(pairs);
          assert.deepEqual(
            [...scan.values],
            names.map((name) => textOf(last.get(name))),
          );
          assert.equal(scan.bindsConnection, false);
        },
      ),
      { numRuns: 1500 },
    );
  });

  it('do not hide the mark of a callback, whatever else is looked for', () => {
    for (const names of [[], ['k'], ['sys_callback_arg-0'], ['tys_callback_arg-0']]) {
      const scan = routing.scan({ names, timeout: true, affinity: true });
      scan.run(attached('path', 'p', 'sys_callback_arg-0', 'x', 'timeout', '5'));
      assert.deepEqual([scan.bindsConnection, scan.timeoutMs], [true, 5], names.join());
    }
  });

  it('may mean the same attachment', () => {
    assert.deepEqual(lookUp(attached('group', 'g'), ':group', 'group'), ['g', 'g']);
    assert.deepEqual(lookUp(attached('group', ''), ':group', 'group'), [undefined, '']);
    const scan = routing.scan({ names: ['timeout'], timeout: true, affinity: false });
    scan.run(attached('timeout', '1500'));
    assert.deepEqual([scan.values, scan.timeoutMs], [['1500'], 1500]);
  });

  it('find nothing of an earlier frame', () => {
    const scan = routing.scan({ names: ['k', ':version'], timeout: true, affinity: true });
    scan.run(attached('k', 'a', 'timeout', '1', 'sys_callback_arg-0', 'x'));
    assert.deepEqual([scan.values, scan.timeoutMs, scan.bindsConnection], [['a', '1.0.0'], 1, true]);
    scan.run(parse(request({ version: NULL, attachments: NULL })));
    assert.deepEqual([scan.values, scan.timeoutMs, scan.bindsConnection], [[undefined, undefined], 0, false]);
    scan.run(attached('timeout', '3000', '_TO', '500'));
    scan.run(attached('_TO', 'unreadable'));
    assert.equal(scan.timeoutMs, 0);
  });

  for (const version of [NULL, '', '0.0.0', '*']) {
    it(`:version ${version} is none`, () => {
      assert.deepEqual(lookUp(parse(request({ version })), ':version'), [undefined]);
    });
  }

  it('read attachments behind a typed map, none, and classes defined in the arguments', () => {
    const typed = Buffer.concat([hex('4d'), values('java.util.TreeMap', 'k', 'v'), hex('5a')]);
    assert.deepEqual(lookUp(parse(request({ attachments: typed })), 'k'), ['v']);
    assert.deepEqual(lookUp(parse(request({ attachments: NULL })), 'k'), [undefined]);
    const frame = parse(
      request({
        descriptor: 'Lcom/acme/A;',
        arguments: [hex('43 0141 91 0166 60 90')],
        attachments: ['a', hex('60 91'), 'r', hex('51 90'), 'k', 'v', hex('91'), 'number as key'],
      }),
    );
    for (let again = 0; again < 2; again++) assert.deepEqual(lookUp(frame, 'k', 'a', 'r'), ['v', undefined, undefined]);
  });

  it('are found in the large request made with hessian-lite, of which only parts are at hand too', () => {
    const b = edgeRequest();
    assert.deepEqual(lookUp(parse(b), 'group', 'num', 'dubbo.tag', ':argument[3]'), ['g1', '12', 'gray', undefined]);
    const [long] = lookUp(parse(b), ':argument[2]');
    assert.ok(typeof long === 'string' && long.length > 0x8000 && long.includes('😀'));
    for (let cut = 200; cut < b.length; cut += 97) {
      const frame = parseFront(b, cut);
      assert.ok(frame !== undefined);
      assert.deepEqual(lookUp(frame, 'group', ':version'), [NOT_REACHED, '1.0.0'], String(cut));
    }
  });

  it('are not reached, rather than absent, at every cut', () => {
    const b = request({ descriptor: 'I', arguments: [hex('91')], attachments: ['group', 'g', 'k', 'v'] });
    for (let cut = 16; cut < b.length; cut++) {
      const frame = parseFront(b, cut);
      if (frame !== undefined) assert.deepEqual(lookUp(frame, 'group', 'absent'), [NOT_REACHED, NOT_REACHED], String(cut));
    }
  });

  it('are unreadable when the body is, or its serialization', () => {
    assert.deepEqual(lookUp(parse(request({ attachments: hex('91') })), 'k'), [UNREADABLE]);
    assert.deepEqual(lookUp(parse(request({ attachments: hex('48 016b 40 5a') })), 'k'), [UNREADABLE]);
    assert.deepEqual(lookUp(parse(request({ attachments: hex('48 016b 0176') })), 'k', ':version'), [UNREADABLE, '1.0.0']);
    assert.deepEqual(lookUp(parse(request({ flags: 0xc8 })), 'k', ':version', ':argument[0]'), [UNREADABLE, UNREADABLE, UNREADABLE]);
    assert.deepEqual(lookUp(parse(request({ attachments: Buffer.alloc(0) })), 'k'), [UNREADABLE]);
    assert.deepEqual(lookUp(parse(request({ descriptor: 'II', arguments: [hex('91')] })), 'k'), [UNREADABLE]);
  });
});

describe(':argument[n]', () => {
  const withArguments = (parts: RequestParts) => parse(request(parts));

  it('reads strings, numbers and booleans', () => {
    const frame = withArguments({
      descriptor: 'Ljava/lang/String;J[IZ',
      arguments: ['a', hex('4c 0000000100000001'), hex('79 91'), hex('54')],
    });
    const found = lookUp(frame, ':argument[0]', ':argument[1]', ':argument[2]', ':argument[3]', ':argument[4]');
    assert.deepEqual(found, ['a', '4294967297', undefined, 'true', undefined]);
  });

  it('reads the elements that a generic call carries', () => {
    for (const list of [
      '7a 0161 91',
      '72 075b6f626a656374 0161 91',
      '58 92 0161 91',
      '56 0174 92 0161 91',
      '57 0161 91 5a',
      '55 0174 0161 91 5a',
    ]) {
      const frame = withArguments({ method: '$invoke', descriptor: GENERIC, arguments: ['m', hex('72 00 00 00'), hex(list)] });
      assert.deepEqual(lookUp(frame, ':argument[0]', ':argument[1]', ':argument[2]'), ['a', '1', undefined], list);
    }
    const none = withArguments({ method: '$invoke', descriptor: GENERIC, arguments: ['m', NULL, NULL] });
    assert.deepEqual(lookUp(none, ':argument[0]'), [undefined]);
  });

  it('is not reached behind the front', () => {
    const b = request({ descriptor: 'Ljava/lang/String;I', arguments: ['x'.repeat(1000), hex('91')] });
    const frame = parseFront(b, 500);
    assert.deepEqual(frame === undefined ? [] : lookUp(frame, ':argument[0]', ':argument[2]', ':argument[1]'), [
      NOT_REACHED,
      undefined,
      NOT_REACHED,
    ]);
  });
});

describe('timeout', () => {
  it('is what remains, else the whole', () => {
    assert.equal(timeoutOf(attached('timeout', '3000')), 3000);
    assert.equal(timeoutOf(attached('timeout', hex('cbe8'))), 1000);
    assert.equal(timeoutOf(attached('timeout', '3000', '_TO', '250')), 250);
    assert.equal(timeoutOf(attached('_to', hex('4c 00000000000000fa'), 'timeout', '3000')), 250);
    assert.equal(timeoutOf(attached('_TO', hex('44 406f400000000000'))), 250);
  });
  it('is 0 when there is none that can be read', () => {
    for (const value of ['', 'soon', '-5', hex('8f'), NULL, hex('54'), hex('79 91'), '１２'])
      assert.equal(timeoutOf(attached('timeout', value)), 0);
    assert.equal(timeoutOf(attached('timeout', '3000', '_TO', 'x')), 3000);
    assert.equal(timeoutOf(parse(request({ flags: 0xc8 }))), 0);
    assert.equal(timeoutOf(attached('timeout', '99999999999999')), 0x7fffffff);
  });
});

describe('setRemainingMs', () => {
  const remaining = (value: string | Buffer, ms: number): string | undefined => {
    const b = request({ attachments: ['timeout', '3000', '_TO', value, 'k', 'v'] });
    const frame = parse(b);
    routing.setRemainingMs?.(frame, ms);
    const [text, timeout, after] = lookUp(frame, '_TO', 'timeout', 'k');
    assert.deepEqual([timeout, after], ['3000', 'v']);
    return typeof text === 'string' ? text : undefined;
  };

  it('writes in place what fits', () => {
    const written: [value: string | Buffer, ms: number, text: string][] = [
      ['3000', 250, '0250'],
      [hex('cbe8'), 250, '250'],
      [hex('49 00000bb8'), 70_000, '70000'],
      [hex('d4 0bb8'), 2000, '2000'],
      [hex('d5 0000'), 70_000, '70000'],
      [hex('a0'), 9, '9'],
      [hex('59 00000bb8'), 250, '250'],
      [hex('4c 0000000000000bb8'), 250, '250'],
      [hex('fb e8'), 250, '250'],
      [hex('3c 0bb8'), 250, '250'],
      [hex('ef'), 3, '3'],
    ];
    for (const [value, ms, text] of written) assert.equal(remaining(value, ms), text, value.toString('hex'));
  });

  it('leaves alone what does not', () => {
    assert.equal(remaining('99', 250), '99');
    assert.equal(remaining('soon', 250), 'soon');
    assert.equal(remaining(hex('a0'), 250), '16');
    assert.equal(remaining(hex('cbe8'), 70_000), '1000');
    assert.equal(remaining(hex('44 406f400000000000'), 9), '250');
  });
});

it('callback arguments bind a caller to its connection', () => {
  const binds = (...attachments: string[]) => {
    const scan = routing.scan({ names: [], timeout: false, affinity: true });
    scan.run(attached(...attachments));
    return scan.bindsConnection;
  };
  assert.equal(binds('path', 'a', 'sys_callback_arg-1', 'x'), true);
  assert.equal(binds('sys_callback_arg-', 'x'), false);
  assert.equal(binds('callback.service.instid', '1'), false);
});

describe('outcome', () => {
  const of = (status: number, body: Buffer, flags = 2) => routing.outcome(parse(response(status, body, flags)));
  it('follows the status', () => {
    const text = values('why');
    const outcomes = [20, 25, 30, 31, 35, 40, 50, 60, 70, 80, 90, 100, 0, 99, 255].map((status) => of(status, text));
    const failure = 'failure';
    const expected = ['ok', failure, 'timeout', 'timeout', failure, failure, failure, 'not-found', failure, failure, failure, 'overload'];
    assert.deepEqual(outcomes, [...expected, failure, failure, failure]);
  });
  it('knows an exception from a value', () => {
    const bodies = ['90', '91', '92', '93', '94', '95', 'c803', '4e', ''].map((body) => of(20, hex(body)));
    const [failed, ok] = ['business-error', 'ok'];
    assert.deepEqual(bodies, [failed, ok, ok, failed, ok, ok, failed, ok, ok]);
    assert.equal(of(20, hex('00000002 bd03 00000001 af'), 23), 'business-error');
    assert.equal(of(20, hex('00000001 00 00000001 af'), 23), 'business-error');
    assert.equal(of(20, hex('00000002 bd05 00000001 af'), 23), 'ok');
    assert.equal(of(20, hex('03'), 8), 'business-error');
    assert.equal(of(20, hex('03'), 28), 'ok');
    assert.equal(routing.outcome(parse(vector('dubbo/rsp3-exception'))), 'business-error');
  });
  it('knows Java’s words for a service that it lacks', () => {
    assert.equal(of(40, values('Fail to decode request due to: ... Service not found:com.acme.A, call')), 'not-found');
    assert.equal(
      of(70, values('org.apache.dubbo.remoting.RemotingException: Not found exported service: com.acme.A:20880 in []')),
      'not-found',
    );
  });
});

it('headers lists the version and every attachment that has a text', () => {
  const frame = attached('path', 'p', 'n', hex('91'), 'none', NULL, 'k', 'é');
  assert.deepEqual(
    [...routing.headers(frame)],
    [
      [':version', '1.0.0'],
      ['path', 'p'],
      ['n', '1'],
      ['k', 'é'],
    ],
  );
  assert.deepEqual([...routing.headers(parse(vector('dubbo/rsp4')))], [['dubbo', '2.0.2']]);
  assert.deepEqual([...routing.headers(parse(request({ flags: 0xc8 })))], []);
});

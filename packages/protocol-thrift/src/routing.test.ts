import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NOT_REACHED, UNREADABLE } from '@polywire/core/spi';
import { EXCEPTION, REPLY } from './frame.ts';
import { bare, connect, lookUp, parse, parseFront, there } from './testing/codec.ts';
import * as make from './testing/messages.ts';

const { routing } = bare;

describe('infos of a THeader', () => {
  it('are headers, upper and lower case apart; the last of equal ones counts', () => {
    const frame = parse(make.vector('theader-binary-call'));
    assert.deepEqual(lookUp(frame, 'Parent', 'Trace', 'trace', ':transport', ':encoding'), [
      'shoobar',
      'abcde',
      undefined,
      'header',
      'binary',
    ]);
    const twice = make.framed('header', 'strict', make.message('strict', 'get'), {
      infos: [
        ['a', '1'],
        ['a', '2'],
      ],
    });
    assert.deepEqual(lookUp(parse(twice), 'a'), ['2']);
  });

  it('end at what nobody knows, and are unreadable when they do not end', () => {
    const unknown = make.header(make.hex('00 00 01 01 01 61 01 31 02 05 05'), make.message('strict', 'get'));
    assert.deepEqual([...routing.headers(parse(unknown))].at(-1), ['a', '1']);
    const lists = make.header(make.hex('00 00 01 01 01 61 01 31 01 01 01 62 01 32'), make.message('strict', 'get'));
    assert.deepEqual(lookUp(parse(lists), 'a', 'b', 'c'), ['1', '2', undefined]);
    for (const infos of ['01 02 01 61 01 31', '01 01 05 61', '01 ff', '01 01 01 61 ff']) {
      const frame = parse(make.header(make.hex(`00 00 ${infos}`), make.message('strict', 'get')));
      assert.deepEqual([frame.defect, ...lookUp(frame, 'a')], [undefined, UNREADABLE], infos);
      assert.equal([...routing.headers(frame)].length, 2);
    }
  });

  it('of a message that was transformed can be read, and its arguments cannot', () => {
    const frame = parse(make.header(make.hex('02 01 01 01 01 01 61 01 31'), make.hex('789c')));
    const found = lookUp(frame, 'a', ':argument[1]', ':encoding');
    assert.deepEqual([...found, routing.method(frame), routing.service(frame)], ['1', UNREADABLE, 'compact', '', '']);
  });
});

describe('arguments', () => {
  const NAMES = [1, 2, 3, 4, 5, 6, 7].map((id) => `:argument[${id}]`);

  it('are found by their field ids, as text', () => {
    for (const encoding of make.ENCODINGS) {
      const frame = parse(make.message(encoding, 'get', { body: make.body(encoding) }));
      assert.deepEqual(lookUp(frame, ...NAMES), ['7', 'ann', 'true', '-2', '1.5', undefined, undefined], encoding);
    }
  });

  it('may be numbers at the edges of their types', () => {
    const binary =
      '03 0001 80 06 0002 8000 08 0003 80000000 0a 0004 8000000000000000 04 0005 7ff8000000000000 02 0006 00 0a 0007 7fffffffffffffff 00';
    const compact = '13 80 14 ffff03 15 ffffffff0f 16 ffffffffffffffffff01 17 000000000000f87f 12 16 feffffffffffffffff01 00';
    const wanted = ['-128', '-32768', '-2147483648', '-9223372036854775808', 'NaN', 'false', '9223372036854775807'];
    assert.deepEqual(lookUp(parse(make.message('strict', 'get', { body: make.hex(binary) })), ...NAMES), wanted);
    assert.deepEqual(lookUp(parse(make.message('compact', 'get', { body: make.hex(compact) })), ...NAMES), wanted);
  });

  it('that are binary and no text are unreadable, and so is what lies behind malformed ones', () => {
    const binary = parse(
      make.framed('framed', 'strict', make.message('strict', 'get', { body: make.hex('0b 0001 00000001 ff 08 0002 00000001 00') })),
    );
    assert.deepEqual(lookUp(binary, ':argument[1]', ':argument[2]'), [UNREADABLE, '1']);
    const cut = parse(
      make.framed('framed', 'strict', make.message('strict', 'get', { body: make.hex('08 0001 00000001 0b 0002 000000ff') })),
    );
    assert.deepEqual(lookUp(cut, ':argument[1]', ':argument[2]', ':argument[3]'), ['1', UNREADABLE, UNREADABLE]);
    for (const body of ['0b 0001 0000', '08 00', '']) {
      const ended = parse(make.framed('framed', 'strict', make.message('strict', 'get', { body: make.hex(body) })));
      assert.deepEqual(lookUp(ended, ':argument[1]'), [UNREADABLE], body);
    }
  });

  it('behind the front of a large frame are not reached', () => {
    const body = Buffer.concat([
      make.hex('08 0001 00000001 0b 0002 00011170'),
      Buffer.alloc(70_000, 0x61),
      make.hex('08 0003 00000001 00'),
    ]);
    const whole = make.framed('framed', 'strict', make.message('strict', 'get', { body }));
    const front = there(parseFront(whole, 4096));
    assert.deepEqual(lookUp(front, ':argument[1]', ':argument[2]', ':argument[3]'), ['1', NOT_REACHED, NOT_REACHED]);
    assert.deepEqual(lookUp(parse(whole), ':argument[3]'), ['1']);
  });

  it('have ids of 16 bits; other names with a colon there are not', () => {
    for (const name of [':argument[32768]', ':argument[-1]', ':argument', ':groups', '']) {
      assert.throws(() => lookUp(parse(make.message('strict', 'get')), name), { name: 'ConfigError' }, name);
    }
    assert.deepEqual(lookUp(parse(make.message('strict', 'get')), ':argument[32767]', ':argument[0]'), [undefined, undefined]);
  });

  it('leave group and version absent, for rules that services of other protocols share', () => {
    assert.deepEqual(lookUp(parse(make.message('strict', 'get')), ':group', ':version', ':encoding'), [undefined, undefined, 'binary']);
  });
});

describe('outcomes', () => {
  it('of exceptions follow their type', () => {
    const outcomes = [0, 1, 5, 6, 7, 8].map((type) => {
      const body = make.applicationException('strict', 'why', type);
      return routing.outcome(parse(make.message('strict', 'get', { type: EXCEPTION, body }), connect('upstream')));
    });
    assert.deepEqual(outcomes, ['failure', 'not-found', 'failure', 'failure', 'business-error', 'failure']);
  });

  it('of fields without an id in the IDL are no exceptions', () => {
    const body = make.hex('08 ffff 00000001 00');
    assert.equal(routing.outcome(parse(make.message('strict', 'get', { type: REPLY, body }), connect('upstream'))), 'ok');
  });

  it('in the front of a large answer are told once they can be', () => {
    const body = make.applicationException('strict', 'x'.repeat(70_000), 1);
    const whole = make.framed('framed', 'strict', make.message('strict', 'get', { type: EXCEPTION, body }));
    assert.equal(parseFront(whole, 60_000), undefined);
    assert.equal(routing.outcome(there(parseFront(whole, whole.length - 1))), 'not-found');
  });
});

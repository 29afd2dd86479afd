import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NOT_REACHED, UNREADABLE } from '@polywire/core/spi';
import { header } from './frame.ts';
import { hex, recorded, vector } from './testing/bodies.ts';
import { lookUp, mediation, parse, parseFront, routing, timeoutOf } from './testing/codec.ts';

const GENERIC = 'Ljava/lang/String;[Ljava/lang/String;[Ljava/lang/Object;';

function frame(serialization: number, body: Buffer, flags = 0xc0): Buffer {
  return Buffer.concat([header(flags | serialization, flags === 0 ? 20 : 0, 0, 7, body.length), body]);
}

function behindLength(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** A short JSONB string. */
function short(text: string): Buffer {
  return Buffer.concat([Buffer.from([0x49 + text.length]), Buffer.from(text, 'latin1')]);
}

function jsonb(...items: readonly (string | Buffer)[]): Buffer {
  return Buffer.concat(items.map((item) => behindLength(typeof item === 'string' ? short(item) : item)));
}

function lines(...items: readonly unknown[]): Buffer {
  return Buffer.from(items.map((item) => `${JSON.stringify(item)}\n`).join(''));
}

function lengths(...items: readonly unknown[]): Buffer {
  return Buffer.concat(items.map((item) => behindLength(Buffer.from(JSON.stringify(item)))));
}

/** A message that holds one string, behind its length. */
function message(text: string): Buffer {
  return text === '' ? hex('00') : Buffer.concat([Buffer.from([text.length + 2, 0x0a, text.length]), Buffer.from(text)]);
}

function protoMap(entries: Readonly<Record<string, string>>): Buffer {
  const map = Object.entries(entries).map(([key, value]) => {
    const entry = Buffer.concat([Buffer.from([0x0a, key.length]), Buffer.from(key), Buffer.from([0x12, value.length]), Buffer.from(value)]);
    return Buffer.concat([Buffer.from([0x0a, entry.length]), entry]);
  });
  const bytes = Buffer.concat(map);
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}

function whole(b: Buffer): unknown[] {
  const parsed = parse(b);
  return [
    parsed.defect,
    routing.service(parsed),
    routing.method(parsed),
    ...lookUp(parsed, ':version', 'path', ':group'),
    timeoutOf(parsed),
  ];
}

const PATH = 'com.example.Svc';
const SIMPLE = [undefined, PATH, 'call', '1.0.0', PATH, 'g', 3000];
const ATTACHED = { path: PATH, group: 'g', timeout: '3000' };

it('a value of every type that hessian-lite wrote is passed, at every cut', () => {
  const body = recorded('every-type-hessian-lite.bin');
  const b = frame(2, body);
  const names = ['last', 'f', 'l', 'd', 'k中', 'bean', 'absent'];
  const found = ['found', '2', '1125899906842624', '1.5', 'v中', undefined, undefined];
  assert.deepEqual(lookUp(parse(b), ...names), found);
  for (let cut = 100; cut < b.length; cut += 7) {
    const part = parseFront(b, cut);
    if (part !== undefined) assert.deepEqual(lookUp(part, 'last'), [NOT_REACHED], String(cut));
  }
});

describe('fastjson2', () => {
  const front = jsonb('2.0.2', PATH, '1.0.0', 'call', 'I', hex('91 02 0000'));
  const attached = (map: Buffer) => frame(23, Buffer.concat([front, behindLength(map)]));

  it('reads what fastjson2 wrote', () => {
    for (const name of ['hashmap', 'linkedhashmap']) {
      const b = attached(vector(`fastjson2-jsonb/attachments-${name}`));
      assert.deepEqual(whole(b), [undefined, PATH, 'call', '1.0.0', PATH, undefined, 3000], name);
      assert.deepEqual(lookUp(parse(b), 'n', 'interface'), ['12', PATH]);
    }
  });

  it('passes a value of every type that fastjson2 wrote', () => {
    const parsed = parse(attached(recorded('every-type-fastjson2.bin')));
    assert.deepEqual(lookUp(parsed, 'last', 'f', 'l', 'd', 'k中', 'bean', 'absent'), [
      'found',
      '2',
      '1125899906842624',
      '1.5',
      'v中',
      undefined,
      undefined,
    ]);
  });

  it('reads strings in every charset', () => {
    const texts: [string, string][] = [
      ['4d636166e9', 'café'],
      ['79 0b 68656c6c6f20776f726c64', 'hello world'],
      ['7a 04 f09f9880', '😀'],
      ['7b 04 4e2d6587', '中文'],
      ['7c 04 2d4e8765', '中文'],
      ['7d 04 4e2d6587', '中文'],
      ['7e 04 d6d0cec4', '中文'],
      [`79 3828 ${'61'.repeat(40)}`, 'a'.repeat(40)],
    ];
    for (const [item, text] of texts) assert.deepEqual(lookUp(parse(attached(hex(`a6 4a6b ${item} a5`))), 'k'), [text], item);
  });

  it('passes values of every type', () => {
    const others = ['91 02 0000', '96 01 4a61', 'a4 02 01 af', 'a6 4a61 01 a5', '92 4a41 00 a6 a5', '92 00 a6 a5', '93 4a24', '7f 4a61 01'];
    const numbers = ['90 3841', 'b4 e1', 'b6 02', 'b8 e1', 'b9 02 05', 'b9 02 bb 02 0102', 'ba e1', 'bb 02 0102'];
    const dates = [
      'a7 010203 04',
      'a8 07e80102030405 00',
      'a9 07e80102',
      'aa 07e80101020304 00 4c555443',
      'ab 0000000000000000',
      'ae 0000000000000000 05',
    ];
    for (const value of [...others, ...numbers, ...dates, 'ac 00000000', 'ad 00000000', 'af']) {
      const b = attached(hex(`a6 4a78 ${value} 4a6b 4a76 a5`));
      assert.deepEqual(lookUp(parse(b), 'k', 'x').slice(0, 1), ['v'], value);
    }
    const scalars: [string, string][] = [
      ['bd04', '4'],
      ['bc0400', '1024'],
      ['be 7fffffffffffffff', '9223372036854775807'],
      ['bf ffffffff', '-1'],
      ['f0', '-16'],
    ];
    const more: [string, string][] = [
      ['3828', '40'],
      ['44 0bb8', '3000'],
      ['48 00011170', '70000'],
      ['c4 0bb8', '3000'],
      ['d1 00', '256'],
      ['e1', '1'],
      ['b1', 'true'],
      ['b5 3ff8000000000000', '1.5'],
    ];
    for (const [value, text] of [...scalars, ...more])
      assert.deepEqual(lookUp(parse(attached(hex(`a6 4a6b ${value} a5`))), 'k'), [text], value);
  });

  it('reads generic calls', () => {
    const list = hex('92 4c5b4f62 00 96 4a61 05');
    const b = frame(
      23,
      jsonb(
        '2.0.2',
        PATH,
        hex('af'),
        '$invoke',
        GENERIC.length < 48 ? GENERIC : Buffer.concat([hex('7938'), Buffer.from([GENERIC.length]), Buffer.from(GENERIC)]),
        'real',
        hex('94'),
        list,
        hex('a6a5'),
      ),
    );
    const parsed = parse(b);
    assert.equal(routing.method(parsed), 'real');
    assert.deepEqual(lookUp(parsed, ':argument[0]', ':argument[1]', ':argument[2]', ':version'), ['a', '5', undefined, undefined]);
  });

  it('edits attachments and both lengths', () => {
    const b = attached(vector('fastjson2-jsonb/attachments-linkedhashmap'));
    const edits = {
      remove: ['n'],
      set: new Map([
        ['timeout', 'x'.repeat(300)],
        ['标签', '灰度'],
      ]),
      add: new Map([['path', 'b']]),
    };
    const pieces = mediation.edit(parse(b), edits);
    assert.ok(pieces !== undefined);
    const after = parse(Buffer.concat(pieces));
    assert.deepEqual(lookUp(after, 'n', 'timeout', '标签', 'path', 'interface'), [undefined, 'x'.repeat(300), '灰度', `${PATH},b`, PATH]);
    const none = parse(attached(hex('af')));
    const added = mediation.edit(none, { remove: [], set: new Map([['k', 'v']]), add: new Map() });
    assert.deepEqual(lookUp(parse(Buffer.concat(added ?? [])), 'k'), ['v']);
    const named = parse(attached(hex('a6 4a6b 7f 4a61 01 4a63 05 a5')));
    assert.equal(mediation.edit(named, { remove: ['k'], set: new Map(), add: new Map() }), undefined);
    const without = mediation.edit(named, { remove: ['c'], set: new Map(), add: new Map() });
    assert.deepEqual(Buffer.concat([...(without ?? [])]), attached(hex('a6 4a6b 7f 4a61 01 a5')));
  });

  it('writes what remains of the time', () => {
    for (const [value, text] of [
      ['4d33303030', '0250'],
      ['44 0bb8', '250'],
      ['48 00000bb8', '250'],
      ['be 0000000000000bb8', '250'],
      ['38ff', '250'],
      ['05', '5'],
    ] as const) {
      const parsed = parse(attached(hex(`a6 4c5f544f ${value} a5`)));
      routing.setRemainingMs?.(parsed, 250);
      assert.deepEqual(lookUp(parsed, '_TO'), [text], value);
    }
  });

  it('tells lies about lengths from fronts', () => {
    assert.match(parse(frame(23, hex('7fffffff 4a61'))).defect ?? '', /five strings/);
    assert.match(parse(frame(23, hex('ffffffff 4a61'))).defect ?? '', /five strings/);
    const lie = frame(23, Buffer.concat([hex('00010000 4a61'), Buffer.alloc(1000)]));
    assert.match(parseFront(lie, 100)?.defect ?? '', /five strings/);
    assert.equal(parseFront(attached(hex('a6a5')), 30), undefined);
    assert.deepEqual(lookUp(parse(attached(hex('a6 4a6b'))), 'k'), [UNREADABLE]);
    assert.deepEqual(lookUp(parse(attached(Buffer.concat([hex('a6 4a6b'), Buffer.alloc(500, 0x95)]))), 'k'), [UNREADABLE]);
  });
});

describe('JSON', () => {
  const items = ['2.0.2', PATH, '1.0.0', 'call', 'Ljava/util/Map;', { a: ['x}"\\', { b: 1 }] }, ATTACHED];
  for (const [name, b] of [
    ['gson', frame(16, lines(...items))],
    ['protobuf-json', frame(21, lines(...items))],
    ['fastjson in lines', frame(6, lines(...items))],
    [
      'fastjson in lines from Windows',
      frame(
        6,
        Buffer.from(
          lines(...items)
            .toString()
            .replaceAll('\n', '\r\n'),
        ),
      ),
    ],
    ['fastjson behind lengths', frame(6, lengths(...items))],
  ] as const) {
    it(`${name} is read`, () => {
      assert.deepEqual(whole(b), SIMPLE);
      for (let cut = 16; cut < b.length; cut++) parseFront(b, cut);
    });
  }

  it('reads escapes, numbers and generic calls', () => {
    const b = frame(
      16,
      lines('2.0.2', PATH, null, '$invoke', GENERIC, 'réal\n', [], ['a', 5, null, { a: 1 }], {
        'k"\n': 1.5,
        t: true,
        o: {},
        timeout: 1000,
      }),
    );
    const parsed = parse(b);
    assert.equal(routing.method(parsed), 'réal\n');
    assert.deepEqual(lookUp(parsed, ':argument[0]', ':argument[1]', ':argument[2]', ':argument[4]', 'k"\n', 't', 'o', ':version'), [
      'a',
      '5',
      undefined,
      undefined,
      '1.5',
      'true',
      undefined,
      undefined,
    ]);
    assert.equal(timeoutOf(parsed), 1000);
    assert.equal(mediation.edit(parsed, { remove: ['t'], set: new Map(), add: new Map() }), undefined);
  });

  it('knows an exception from a value', () => {
    assert.equal(routing.outcome(parse(frame(16, Buffer.from('3\n{}\n{}\n'), 0))), 'business-error');
    assert.equal(routing.outcome(parse(frame(6, lengths(4, 'a', {}), 0))), 'ok');
  });
});

describe('protobuf', () => {
  const front = Buffer.concat([...['2.0.2', PATH, '1.0.0', 'call', 'Lcom/acme/Request;'].map(message), hex('02 0805')]);
  it('is read, with attachments and without', () => {
    assert.deepEqual(whole(frame(22, Buffer.concat([front, protoMap(ATTACHED)]))), SIMPLE);
    assert.deepEqual(whole(frame(22, front)), [undefined, PATH, 'call', '1.0.0', undefined, undefined, 0]);
  });
  it('knows an exception from a value', () => {
    assert.equal(routing.outcome(parse(frame(22, hex('02 0803'), 0))), 'business-error');
    assert.equal(routing.outcome(parse(frame(22, hex('00'), 0))), 'business-error');
    assert.equal(routing.outcome(parse(frame(22, hex('02 0804'), 0))), 'ok');
  });
  it('refuses lengths beyond the body', () => {
    assert.match(parse(frame(22, hex('ffffffff0f'))).defect ?? '', /five strings/);
    assert.match(parse(frame(22, hex('ffffffffffffffff'))).defect ?? '', /five strings/);
    assert.deepEqual(lookUp(parse(frame(22, Buffer.concat([front, hex('03 0a05 61')]))), 'k'), [UNREADABLE]);
  });
});

describe('msgpack', () => {
  const text = (value: string) =>
    Buffer.concat([Buffer.from(value.length < 32 ? [0xa0 | value.length] : [0xd9, value.length]), Buffer.from(value)]);
  const front = Buffer.concat([
    ...['2.0.2', PATH, '1.0.0', 'call', 'Lcom/acme/A;'].map(text),
    hex('82 a161 92 01 c0 a162 81 a1 63 c403 010203'),
  ]);
  const entries = Object.entries(ATTACHED).flatMap((pair) => pair.map(text));

  it('is read', () => {
    const b = frame(27, Buffer.concat([front, hex('83'), ...entries]));
    assert.deepEqual(whole(b), SIMPLE);
    assert.deepEqual(whole(frame(27, Buffer.concat([front, hex('de0003'), ...entries]))), SIMPLE);
    for (let cut = 16; cut < b.length; cut++) {
      const part = parseFront(b, cut);
      if (part !== undefined) assert.deepEqual(lookUp(part, 'path'), [NOT_REACHED], String(cut));
    }
  });

  it('reads values of every type', () => {
    const scalars: [string, string | undefined][] = [
      ['05', '5'],
      ['ff', '-1'],
      ['cc ff', '255'],
      ['cd 0bb8', '3000'],
      ['ce ffffffff', '4294967295'],
      ['cf ffffffffffffffff', '18446744073709551615'],
    ];
    const more: [string, string | undefined][] = [
      ['d0 80', '-128'],
      ['d1 8000', '-32768'],
      ['d2 80000000', '-2147483648'],
      ['d3 8000000000000000', '-9223372036854775808'],
      ['cb 3ff8000000000000', '1.5'],
    ];
    const others: [string, string | undefined][] = [
      ['c0', undefined],
      ['c2', 'false'],
      ['c3', 'true'],
      ['d4 00 00', undefined],
      ['c7 01 00 00', undefined],
      ['dd 00000001 c0', undefined],
      ['d9 01 61', 'a'],
      ['a3 e4b8ad', '中'],
    ];
    for (const [value, expected] of [...scalars, ...more, ...others]) {
      const b = frame(27, Buffer.concat([front, hex(`82 a16b ${value} a178 a179`)]));
      assert.deepEqual(lookUp(parse(b), 'k', 'x'), [expected, 'y'], value);
    }
  });

  it('refuses counts and lengths beyond the body', () => {
    for (const map of ['df ffffffff', '81 a16b dd ffffffff 01', '81 a16b db ffffffff 01', '81 a16b c1', '91 01', '81 a16b']) {
      assert.deepEqual(lookUp(parse(frame(27, Buffer.concat([front, hex(map)]))), 'k'), [UNREADABLE], map);
    }
  });
});

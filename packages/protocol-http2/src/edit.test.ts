import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HeaderEdits } from '@polywire/core/spi';
import { requestFields, responseFields } from './edit.ts';
import { Malformed, RequestHead } from './head.ts';
import type { HeaderBlock } from './header-block.ts';
import { readRequest } from './request-rules.ts';
import { heads } from './routing.ts';
import { block, edits, GET, type Pairs, pairsOf, request, response } from './testing/heads.ts';

type Change = Parameters<typeof edits>[0];

/** The whole list. */
function whole(pairs: Pairs, change: Change): Pairs | undefined {
  return pairsOf(requestFields(request(pairs), edits(change)));
}

/** The headers behind the pseudo-headers. */
function edited(headers: Pairs, change: Change): Pairs | undefined {
  return whole([...GET, ...headers], change)?.slice(GET.length);
}

function answer(headers: Pairs, change: Change): Pairs | undefined {
  return pairsOf(responseFields(response([[':status', '200'], ...headers]), edits(change)));
}

describe('edits of headers', () => {
  const headers: Pairs = [
    ['a', '1'],
    ['b', '2'],
    ['a', '3'],
  ];

  it('remove all fields of a name, set in their place, and append behind the last', () => {
    assert.deepEqual(edited(headers, { remove: ['a', 'z'] }), [['b', '2']]);
    assert.deepEqual(edited(headers, { set: { a: 'x' } }), [
      ['a', 'x'],
      ['b', '2'],
    ]);
    assert.deepEqual(edited(headers, { set: { c: 'x' } }), [...headers, ['c', 'x']]);
    assert.deepEqual(edited(headers, { add: { a: 'x' } }), [
      ['a', '1'],
      ['b', '2'],
      ['a', '3,x'],
    ]);
    assert.deepEqual(edited(headers, { add: { c: 'x' } }), [...headers, ['c', 'x']]);
  });

  it('apply in the order remove, set, add', () => {
    assert.deepEqual(
      edited(
        [
          ['a', '1'],
          ['b', '2'],
        ],
        { remove: ['a'], set: { a: 'x' }, add: { a: 'y' } },
      ),
      [
        ['a', 'x,y'],
        ['b', '2'],
      ],
    );
    assert.deepEqual(
      edited(
        [
          ['a', '1'],
          ['b', '2'],
        ],
        { remove: ['a'], add: { a: 'y' } },
      ),
      [
        ['b', '2'],
        ['a', 'y'],
      ],
    );
  });

  it('take names in any case, and values in any language', () => {
    assert.deepEqual(edited([['x-tag', '1']], { set: { 'X-Tag': '灰' }, remove: ['A'] }), [
      ['x-tag', Buffer.from('灰').toString('latin1')],
    ]);
    assert.deepEqual(edited([], { set: { a: ' x ' } }), [['a', 'x']]);
    assert.deepEqual(edited([['a', 'x']], { add: { A: ' y ' } }), [['a', 'x,y']]);
  });

  it('join cookies by semicolons, and keep cookies to set apart', () => {
    assert.deepEqual(edited([['cookie', 'a=1']], { add: { cookie: 'b=2' } }), [['cookie', 'a=1; b=2']]);
    assert.deepEqual(answer([['set-cookie', 'a=1']], { add: { 'set-cookie': 'b=2' } }), [
      [':status', '200'],
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
    ]);
  });

  it('keep what must stay out of compression tables out of them', () => {
    const one: HeaderBlock = block(GET);
    const facts = readRequest({ ...one, fields: [...one.fields, { name: 'authorization', value: 'x', neverIndexed: true }] });
    assert.ok(!(facts instanceof Malformed));
    const fields = requestFields(new RequestHead(facts, 1), edits({ set: { authorization: 'y' } }));
    assert.deepEqual(fields?.at(-1), { name: 'authorization', value: 'y', neverIndexed: true });
  });

  it('change answers, too', () => {
    assert.deepEqual(answer([['server', 'x']], { remove: ['Server'], set: { 'alt-svc': 'h2=":1"' } }), [
      [':status', '200'],
      ['alt-svc', 'h2=":1"'],
    ]);
    assert.deepEqual(answer([], { set: { host: 'x' } }), [
      [':status', '200'],
      ['host', 'x'],
    ]);
  });

  it('give the same list for the same block and edits', () => {
    const head = request(GET);
    const change = edits({ set: { a: '1' } });
    const fields = requestFields(head, change);
    assert.equal(requestFields(new RequestHead(head.facts, 5), change), fields);
    assert.deepEqual(pairsOf(requestFields(head, edits({ set: { a: '2' } }))), [...GET, ['a', '2']]);
    assert.deepEqual(requestFields(head, change), fields);
    assert.equal(requestFields(head, undefined), head.facts.fields);
    const reply = response([[':status', '200']]);
    assert.equal(responseFields(reply, change), responseFields(reply, change));
    assert.equal(responseFields(reply, undefined), reply.facts.fields);
  });
});

describe('edits of the host', () => {
  const at = (authority: string): Pairs => GET.map(([name, value]) => [name, name === ':authority' ? authority : value] as const);

  it('set :authority in its place, under either name', () => {
    for (const name of [':authority', 'host', 'Host']) {
      assert.deepEqual(whole([...GET, ['a', '1']], { set: { [name]: 'b.example:81' } }), [...at('b.example:81'), ['a', '1']]);
    }
  });

  it('leave no other host behind', () => {
    assert.deepEqual(whole([...GET, ['host', 'shop.example']], { set: { host: 'b' } }), at('b'));
    const pseudo = GET.filter(([name]) => name !== ':authority');
    const found = whole([...pseudo, ['host', 'a'], ['x', '1']], { set: { host: 'b' } });
    assert.deepEqual(found, [...pseudo, [':authority', 'b'], ['x', '1']]);
  });
});

describe('edits that cannot be made', () => {
  const sides: readonly [string, (edits: HeaderEdits) => unknown][] = [
    ['request', (change) => requestFields(request(GET), change)],
    ['response', (change) => responseFields(response([[':status', '200']]), change)],
  ];
  for (const [side, apply] of sides) {
    it(`change nothing of a ${side}`, () => {
      for (const change of [
        { set: { ':path': '/x' } },
        { set: { ':status': '500' } },
        { add: { ':authority': 'x' } },
        { remove: [':method'] },
        { set: { connection: 'close' } },
        { add: { 'transfer-encoding': 'chunked' } },
        { set: { 'content-length': '5' } },
        { set: { te: 'gzip' } },
        { set: { 'a b': 'x' } },
        { add: { '': 'x' } },
        { set: { a: 'x\r\ny' } },
      ]) {
        assert.equal(apply(edits(change)), undefined, JSON.stringify(change));
      }
    });
  }

  it('are known before there is a message', () => {
    const fault = (change: Change, of: 'request' | 'response') => heads.editFault?.(edits(change), of);
    assert.match(fault({ set: { ':path': '/' } }, 'request') ?? '', /":path" stays/);
    assert.match(fault({ remove: ['Host'] }, 'request') ?? '', /can be set, not removed/);
    assert.match(fault({ set: { connection: 'close' } }, 'response') ?? '', /no header "connection"/);
    assert.equal(fault({ set: { host: 'a' } }, 'request'), undefined);
  });

  it('are those that leave a request without its host, or with two', () => {
    for (const change of [
      { remove: ['host'] },
      { remove: [':authority'] },
      { add: { host: 'x' } },
      { set: { host: '' } },
      { set: { host: 'a/b' } },
    ]) {
      assert.equal(edited([], change), undefined, JSON.stringify(change));
    }
  });

  it('do not include te: trailers of a request', () => {
    assert.deepEqual(edited([], { set: { te: 'trailers' } }), [['te', 'trailers']]);
    assert.deepEqual(edited([], { add: { te: 'Trailers' } }), [['te', 'Trailers']]);
    assert.equal(answer([], { set: { te: 'trailers' } }), undefined);
  });
});

describe('what is left of a timeout', () => {
  function left(ms: number, change?: Change): Pairs | undefined {
    const head = request([...GET, ['grpc-timeout', '10S'], ['a', '1']]);
    head.remainingMs = ms;
    return pairsOf(requestFields(head, change && edits(change)))?.slice(GET.length);
  }

  it('is sent in place of the whole, in a unit that holds it', () => {
    for (const [ms, value] of [
      [1, '1m'],
      [9876.5, '9876m'],
      [0.2, '1m'],
      [99_999_999, '99999999m'],
      [100_000_000, '100000S'],
      [2 ** 31 - 1, '2147483S'],
    ] as const) {
      assert.deepEqual(left(ms), [
        ['grpc-timeout', value],
        ['a', '1'],
      ]);
    }
  });

  it('is sent beside edits, unless they set the timeout themselves', () => {
    assert.deepEqual(left(50, { set: { a: '2' } }), [
      ['grpc-timeout', '50m'],
      ['a', '2'],
    ]);
    assert.deepEqual(left(50, { set: { 'Grpc-Timeout': '7S' } }), [
      ['grpc-timeout', '7S'],
      ['a', '1'],
    ]);
    assert.deepEqual(left(50, { remove: ['grpc-timeout'] }), [['a', '1']]);
    assert.equal(left(50, { set: { ':path': '/' } }), undefined);
  });

  it('does not stay with the requests that come after', () => {
    const head = request([...GET, ['grpc-timeout', '10S']]);
    head.remainingMs = 5;
    requestFields(head, undefined);
    assert.deepEqual(pairsOf(requestFields(new RequestHead(head.facts, 1), undefined))?.at(-1), ['grpc-timeout', '10S']);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pair } from './pair.ts';
import { hex, request, response } from './testing/bodies.ts';
import { connect, lookUp, mediation, multiplexing, parse, parseFront, routing } from './testing/codec.ts';
import { capture } from './testing/recorded.ts';

interface Change {
  readonly remove?: readonly string[];
  readonly set?: Record<string, string>;
  readonly add?: Record<string, string>;
}

function edit(b: Buffer, { remove = [], set = {}, add = {} }: Change): Buffer | undefined {
  const pieces = mediation.edit(parse(b), { remove, set: new Map(Object.entries(set)), add: new Map(Object.entries(add)) });
  return pieces === undefined ? undefined : Buffer.concat(pieces);
}

const CONTENT = Buffer.from('content');
const with_ = (...headers: string[]) => request({ headers, content: CONTENT });

describe('edit', () => {
  it('sets, adds and removes, in the order remove, set, add', () => {
    for (const [before, change, after] of [
      [['a', '1'], { set: { b: '2' } }, ['a', '1', 'b', '2']],
      [['a', '1', 'b', '2'], { set: { a: '3' } }, ['a', '3', 'b', '2']],
      [['a', '1'], { add: { a: '2' } }, ['a', '1,2']],
      [['a', '1'], { remove: ['a'], add: { a: '2' } }, ['a', '2']],
      [['a', '1', 'b', '2'], { remove: ['a'] }, ['b', '2']],
      [['a', '1'], { remove: ['a'] }, []],
      [[], { set: { a: '1' }, add: { a: '2' } }, ['a', '1,2']],
      [['a', '1'], { remove: ['b'] }, ['a', '1']],
      [['a', '1'], { set: { a: '1' } }, ['a', '1']],
      [['größe', '1'], { set: { größe: '服务 😀' } }, ['größe', '服务 😀']],
    ] as const) {
      assert.deepEqual(edit(with_(...before), change), with_(...after), JSON.stringify(change));
    }
  });

  it('replaces the last of equal headers, and removes all', () => {
    const b = with_('a', '1', 'b', '2', 'a', '3');
    assert.deepEqual(edit(b, { set: { a: '4' } }), with_('a', '1', 'b', '2', 'a', '4'));
    assert.deepEqual(edit(b, { remove: ['a'] }), with_('b', '2'));
  });

  it('leaves nulls and their bytes where they are', () => {
    const nulls = Buffer.concat([pair('a', '').subarray(0, -4), hex('ffffffff')]);
    const after = edit(request({ headers: nulls }), { set: { a: '1' } });
    assert.deepEqual(after, request({ headers: Buffer.concat([nulls, pair('a', '1')]) }));
  });

  it('makes the checksum right, after an id was assigned', () => {
    const frame = parse(capture('request', 'plain', '2.2'));
    multiplexing.assignId(frame, 99);
    const pieces = mediation.edit(frame, { remove: [], set: new Map([['tag', 'gray']]), add: new Map() });
    const edited = parse(Buffer.concat(pieces ?? []), connect(2));
    assert.deepEqual([edited.id, ...lookUp(edited, 'tag', 'type')], [99, 'gray', 'sync']);
  });

  it('moves a call to another service when a rule sets the headers that name it', () => {
    const set = { service: 'com.acme.Hello:1.0:blue', sofa_head_target_service: 'com.acme.Hello:1.0:blue' };
    const moved = parse(edit(capture('request', 'plain'), { set }) ?? Buffer.alloc(0));
    assert.deepEqual([routing.service(moved), ...lookUp(moved, ':version')], ['com.acme.Hello', '1.0:blue']);
  });

  it('changes answers, too', () => {
    const after = edit(capture('response', 'plain'), { set: { 'x-served-by': 'blue' } });
    assert.deepEqual(lookUp(parse(after ?? Buffer.alloc(0)), 'x-served-by'), ['blue']);
  });

  it('says no to what it cannot do', () => {
    const refused: readonly [Buffer, Change][] = [
      [with_('a', '1'), { set: { ':version': '1' } }],
      [with_('a', '1'), { set: { '': '1' } }],
      [with_('a', '1'), { set: { b: 'x'.repeat(0x7fff) } }],
      [request({ headers: hex('0001') }), { set: { b: '1' } }],
      [request({ command: 0, headers: [] }), { set: { b: '1' } }],
      [request({ command: 9 }), { set: { b: '1' } }],
    ];
    for (const [b, change] of refused) assert.equal(edit(b, change), undefined);
    const large = request({ content: Buffer.alloc(5000) });
    const front = parseFront(large, 300);
    assert.ok(front !== undefined);
    assert.equal(mediation.edit(front, { remove: ['a'], set: new Map(), add: new Map() }), undefined);
  });

  it('fills the headers up to what Java reads, and not further', () => {
    const room = 0x7fff - pair('a', '').length;
    const full = edit(request({ headers: [] }), { set: { a: 'x'.repeat(room) } });
    assert.equal(parse(full ?? Buffer.alloc(0)).defect, undefined);
    assert.equal(edit(request({ headers: [] }), { set: { a: 'x'.repeat(room + 1) } }), undefined);
  });

  it('of nothing gives the same bytes, whatever the headers are', () => {
    for (const b of [request({ headers: hex('0001') }), response(0), capture('request', 'plain', '2.2')]) assert.deepEqual(edit(b, {}), b);
  });
});

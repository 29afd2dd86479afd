import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HeaderEdits } from '@polywire/core/spi';
import fc from 'fast-check';
import * as hessian from 'hessian.js';
import type { DubboFrame } from './frame.ts';
import { edgeRequest, hex, NULL, request, response, values, vector } from './testing/bodies.ts';
import { character } from './testing/character.ts';
import { lookUp, mediation, parse, routing } from './testing/codec.ts';

interface Changes {
  readonly remove?: readonly string[];
  readonly set?: Readonly<Record<string, string>>;
  readonly add?: Readonly<Record<string, string>>;
}

function edits({ remove = [], set = {}, add = {} }: Changes): HeaderEdits {
  return { remove, set: new Map(Object.entries(set)), add: new Map(Object.entries(add)) };
}

/** The edited frame, parsed: its length field is right or this throws. */
function edited(b: Buffer, changes: Changes): DubboFrame | undefined {
  const pieces = mediation.edit(parse(b), edits(changes));
  return pieces === undefined ? undefined : parse(Buffer.concat(pieces));
}

function attachments(b: Buffer, changes: Changes): Record<string, string> | undefined {
  const frame = edited(b, changes);
  return frame === undefined ? undefined : Object.fromEntries(routing.headers(frame));
}

const plain = (...pairs: (string | Buffer)[]) => request({ version: '', attachments: pairs });

describe('edit', () => {
  it('sets, adds and removes, in the order remove, set, add', () => {
    const b = plain('a', '1', 'b', '2', 'c', '3');
    assert.deepEqual(attachments(b, { remove: ['a'], set: { b: 'two', d: '4' }, add: { c: '3b', e: '5' } }), {
      b: 'two',
      c: '3,3b',
      d: '4',
      e: '5',
    });
    assert.deepEqual(attachments(b, { remove: ['a'], set: { a: 'new' }, add: { a: 'er' } }), { a: 'new,er', b: '2', c: '3' });
    assert.deepEqual(attachments(b, { remove: ['a'], add: { a: 'only' } }), { a: 'only', b: '2', c: '3' });
    assert.deepEqual(attachments(b, { remove: ['a', 'b', 'c'] }), {});
  });

  it('changes no byte that it need not', () => {
    const b = plain('a', '1', 'b', '2');
    const frame = parse(b);
    const before = Buffer.from(frame.chunk);
    const pieces = mediation.edit(frame, edits({ set: { b: '3' }, add: { c: '4' } }));
    assert.deepEqual(frame.chunk, before);
    const expected = plain('c', '4', 'a', '1', 'b', '3');
    assert.deepEqual(pieces === undefined ? undefined : Buffer.concat(pieces), expected);
    for (const changes of [{}, { remove: ['x'] }, { set: { a: '1' } }, { remove: ['a'], set: { a: '1' } }]) {
      assert.deepEqual(Buffer.concat([...(mediation.edit(frame, edits(changes)) ?? [])]), b);
    }
  });

  it('writes any text', () => {
    for (const text of [
      '',
      'é',
      '中文',
      '😀',
      'x'.repeat(31),
      'x'.repeat(32),
      'é'.repeat(1024),
      `${'a'.repeat(0x7fff)}😀${'b'.repeat(40_000)}`,
    ]) {
      assert.deepEqual(attachments(plain('k', 'old'), { set: { k: text, [`${text}!`]: text } }), { k: text, [`${text}!`]: text });
    }
  });

  it('replaces and removes numbers, booleans and null', () => {
    for (const value of ['91', 'cbe8', '4c 0000000000000001', '54', '4e', '5f 00000001', '52 0001 61 0162']) {
      const b = plain('k', hex(value), 'after', 'x');
      assert.deepEqual(attachments(b, { set: { k: 'v' } }), { k: 'v', after: 'x' }, value);
      assert.deepEqual(attachments(b, { remove: ['k'] }), { after: 'x' }, value);
    }
    assert.deepEqual(attachments(plain('k', hex('91')), { add: { k: 'v' } }), { k: '1,v' });
  });

  it('leaves alone what others may refer to', () => {
    for (const value of ['48 5a', '79 91', '51 90', '43 0141 90 60', '4a 0000000000000000', '20']) {
      const b = plain('k', hex(value), 'after', 'x');
      assert.equal(attachments(b, { set: { k: 'v' } }), undefined, value);
      assert.equal(attachments(b, { remove: ['k'] }), undefined, value);
      assert.deepEqual(attachments(b, { set: { after: 'y' } }), { after: 'y' }, value);
    }
  });

  it('counts the last of equal keys, and removes all', () => {
    const b = plain('k', 'a', 'k', 'b');
    assert.deepEqual(attachments(b, { add: { k: 'c' } }), { k: 'b,c' });
    assert.deepEqual(attachments(b, { remove: ['k'] }), {});
  });

  it('makes attachments where null stands for none', () => {
    assert.deepEqual(attachments(request({ version: '', attachments: NULL }), { set: { k: 'v' } }), { k: 'v' });
    assert.deepEqual(attachments(request({ version: '', attachments: NULL }), { remove: ['k'] }), {});
  });

  it('keeps references into the arguments, in the large request made with hessian-lite', () => {
    const b = edgeRequest();
    const frame = edited(b, { set: { 'dubbo.tag': 'blue', new: 'x'.repeat(5000) }, remove: ['num'] });
    assert.ok(frame !== undefined);
    assert.deepEqual(lookUp(frame, 'dubbo.tag', 'num', 'group', 'new'), ['blue', undefined, 'g1', 'x'.repeat(5000)]);
    const attachmentsAt = 73421;
    const unchanged = frame.chunk.subarray(frame.from + 16, frame.from + attachmentsAt);
    assert.deepEqual(unchanged, b.subarray(16, attachmentsAt));
  });

  it('edits responses that carry attachments, whatever trails them', () => {
    assert.deepEqual(attachments(vector('dubbo/rsp4'), { set: { dubbo: '2.0.3', k: 'v' } }), { dubbo: '2.0.3', k: 'v' });
    assert.deepEqual(attachments(vector('dubbo/rsp3-exception'), { remove: ['dubbo'] }), {});
    assert.deepEqual(attachments(response(20, hex('95 485a 4e')), { set: { k: 'v' } }), { k: 'v' });
    assert.deepEqual(attachments(response(20, hex('95 4e 4e')), { set: { k: 'v' } }), { k: 'v' });
  });

  it('cannot edit answers without attachments, unless there is nothing to do', () => {
    for (const b of [response(20, hex('91 0161')), response(20, hex('92')), response(80, values('why'))]) {
      assert.equal(attachments(b, { set: { k: 'v' } }), undefined);
      assert.deepEqual(Buffer.concat([...(mediation.edit(parse(b), edits({ remove: ['k'] })) ?? [])]), b);
    }
  });

  it('cannot edit what it cannot read, events, or names that are no attachments', () => {
    for (const b of [
      request({ flags: 0xc8 }),
      request({ attachments: hex('91') }),
      plain('k', hex('40')),
      vector('dubbo/readonly-event'),
    ]) {
      assert.equal(attachments(b, { set: { k: 'v' } }), undefined);
      assert.equal(attachments(b, { remove: ['k'] }), undefined);
    }
    assert.equal(attachments(plain(), { set: { ':group': 'v' } }), undefined);
  });

  it('leaves bodies that hessian.js still reads', () => {
    const text = fc.oneof(fc.string({ unit: character, maxLength: 40 }), fc.string({ maxLength: 40 }));
    const name = text.filter((each) => each !== '' && !each.startsWith(':') && each !== '__proto__');
    const some = fc.dictionary(name, text, { maxKeys: 4, noNullPrototype: true });
    fc.assert(
      fc.property(some, some, some, fc.array(name, { maxLength: 3 }), (before, set, add, remove) => {
        const map = hessian.encode(before, '2.0');
        const b = request({ attachments: map });
        const changes = { remove: [...remove, ...Object.keys(before).slice(0, 1)], set, add };
        const pieces = mediation.edit(parse(b), edits(changes));
        assert.ok(pieces !== undefined);
        const after = Buffer.concat(pieces);
        assert.deepEqual(hessian.decode(after.subarray(b.length - map.length), '2.0'), expected(before, changes));
        assert.equal(after.readInt32BE(12), after.length - 16);
      }),
      { numRuns: 300 },
    );
  });
});

function expected(before: Record<string, string>, { remove, set, add }: Required<Changes>): Record<string, string> {
  const after = new Map(Object.entries(before).filter(([key]) => !remove.includes(key)));
  for (const [key, value] of Object.entries(set)) after.set(key, value);
  for (const [key, value] of Object.entries(add)) after.set(key, after.has(key) ? `${after.get(key)},${value}` : value);
  return Object.fromEntries(after);
}

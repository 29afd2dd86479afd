import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HeaderEdits } from '@polywire/core/spi';
import { bare, codec, lookUp, parse } from './testing/codec.ts';
import * as make from './testing/messages.ts';

const MESSAGE = make.message('strict', 'get');

function edits(change: { remove?: string[]; set?: Record<string, string>; add?: Record<string, string> }): HeaderEdits {
  return { remove: change.remove ?? [], set: new Map(Object.entries(change.set ?? {})), add: new Map(Object.entries(change.add ?? {})) };
}

function edited(bytes: Buffer, change: Parameters<typeof edits>[0]): Buffer | undefined {
  const pieces = bare.mediation.edit(parse(bytes), edits(change));
  return pieces === undefined ? undefined : Buffer.concat(pieces);
}

function withInfos(...infos: [string, string][]): Buffer {
  return make.framed('header', 'strict', MESSAGE, { infos, headerSeqid: 3 });
}

describe('edits of a THeader', () => {
  it('change infos in their place, put new ones in front, and pad anew', () => {
    const before = withInfos(['a', '1'], ['b', '22']);
    assert.deepEqual(edited(before, { set: { b: 'three' } }), withInfos(['a', '1'], ['b', 'three']));
    assert.deepEqual(edited(before, { set: { c: 'x' } }), withInfos(['c', 'x'], ['a', '1'], ['b', '22']));
    assert.deepEqual(edited(before, { add: { a: '2' }, remove: ['b'] }), withInfos(['a', '1,2']));
    assert.deepEqual(edited(before, { add: { c: '2' }, remove: ['b', 'z'] }), withInfos(['c', '2'], ['a', '1']));
    assert.deepEqual(edited(withInfos(), { add: { c: '2' } }), withInfos(['c', '2']));
  });

  it('keep values that end in zeros, and what comes behind infos that nobody knows', () => {
    const zeros = withInfos(['a', '1'], ['b', '\0\0\0\0\0']);
    assert.deepEqual(edited(zeros, { set: { a: '12' } }), withInfos(['a', '12'], ['b', '\0\0\0\0\0']));
    const unknown = make.header(make.hex('00 00 01 01 01 61 01 31 09 aa bb cc 00 00 00 00'), MESSAGE);
    const wanted = make.header(make.hex('00 00 01 01 01 61 02 3132 09 aa bb cc 00 00 00 00'), MESSAGE);
    assert.deepEqual(edited(unknown, { set: { a: '12' } }), wanted);
    assert.deepEqual(lookUp(parse(wanted), 'a'), ['12']);
  });

  it('remove every one of equal infos, and change the last', () => {
    const twice = withInfos(['a', '1'], ['b', 'x'], ['a', '2']);
    assert.deepEqual(edited(twice, { remove: ['a'] }), withInfos(['b', 'x']));
    assert.deepEqual(edited(twice, { add: { a: '3' } }), withInfos(['a', '1'], ['b', 'x'], ['a', '2,3']));
  });

  it('reach messages that were transformed', () => {
    const opaque = make.header(make.hex('00 01 01'), make.hex('789c0102'));
    assert.deepEqual(edited(opaque, { set: { a: '1' } }), make.header(make.hex('00 01 01 01 01 01 61 01 31'), make.hex('789c0102')));
  });

  it('are refused when the header would be too long, or cannot be read', () => {
    // 9 bytes precede the value; C++ reads 65,532 of a header.
    assert.equal(edited(withInfos(), { set: { a: 'x'.repeat(65_523) } })?.length, 14 + 65_532 + MESSAGE.length);
    assert.equal(edited(withInfos(), { set: { a: 'x'.repeat(65_524) } }), undefined);
    assert.equal(edited(make.header(make.hex('00 00 01 05 01 61'), MESSAGE), { set: { a: '1' } }), undefined);
    assert.equal(edited(withInfos(), { set: { ':transport': 'x' } }), undefined);
  });
});

describe('edits of what has no THeader', () => {
  it('are possible only when there is nothing to write', () => {
    for (const transport of ['framed', 'unframed'] as const) {
      const bytes = make.framed(transport, 'strict', MESSAGE);
      assert.equal(edited(bytes, { set: { a: '1' } }), undefined);
      assert.equal(edited(bytes, { add: { a: '1' } }), undefined);
      assert.deepEqual(edited(bytes, { remove: ['a'] }), bytes);
      assert.deepEqual(edited(bytes, {}), bytes);
    }
  });
});

describe('edits of what is sent in another transport', () => {
  const change = edits({ set: { a: '1' } });

  it('go into the THeader that services are sent', () => {
    for (const encoding of ['strict', 'compact'] as const) {
      const { multiplexing, mediation } = codec({ transport: 'header' });
      const request = parse(make.framed('framed', encoding, make.message(encoding, 'get')));
      const pieces = mediation.edit(request, change, multiplexing.assignId(request, 200));
      const wanted = make.framed('header', encoding, make.message(encoding, 'get', { seqid: 200 }), {
        headerSeqid: 200,
        infos: [['a', '1']],
      });
      assert.deepEqual(Buffer.concat([...(pieces ?? [])]), wanted);
    }
  });

  it('cannot go into frames without one', () => {
    const { multiplexing, mediation } = codec({ transport: 'unframed' });
    const request = parse(withInfos(['a', '0']));
    const front = multiplexing.assignId(request, 200);
    assert.equal(mediation.edit(request, change, front), undefined);
    const removed = mediation.edit(request, edits({ remove: ['a'] }), front) ?? [];
    assert.deepEqual(Buffer.concat([...removed]), make.message('strict', 'get', { seqid: 200 }));
  });
});

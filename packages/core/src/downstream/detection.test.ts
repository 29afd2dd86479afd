import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Detection } from '../protocol/spi.ts';
import { type Detectable, detect } from './detection.ts';
import { knownWire } from './known-wires.ts';

/** Recognises what begins with `start`. */
function startsWith(start: string): Detectable {
  return {
    detect(head: Buffer): Detection {
      const text = head.toString('latin1', 0, start.length);
      if (text === start) return 'match';
      return start.startsWith(text) ? 'need-more' : 'no-match';
    },
  };
}

const long = startsWith('abcd');
const short = startsWith('ab');
const other = startsWith('x');

function decided(candidates: readonly Detectable[], text: string): { readonly by: unknown; readonly bytes: number } {
  for (let bytes = 1; bytes <= text.length; bytes++) {
    const by = detect(candidates, Buffer.from(text.slice(0, bytes)), bytes === text.length);
    if (by !== 'need-more') return { by, bytes };
  }
  return { by: undefined, bytes: text.length };
}

test('a connection is decided by as few bytes as the protocols need, in their order', () => {
  assert.deepEqual(decided([short, long], 'abcd'), { by: short, bytes: 2 });
  assert.deepEqual(decided([long, short], 'abcd'), { by: long, bytes: 4 });
  assert.deepEqual(decided([long, short], 'abxy'), { by: short, bytes: 3 });
  assert.deepEqual(decided([long, other], 'xyz'), { by: other, bytes: 1 });
  assert.deepEqual(decided([long, short], 'zzz'), { by: 'no-match', bytes: 1 });
});

test('who needs more than there will ever be leaves the connection to the next', () => {
  assert.deepEqual(decided([long, short], 'abc'), { by: short, bytes: 3 });
  assert.deepEqual(decided([long], 'abc'), { by: 'no-match', bytes: 3 });
});

test('a protocol that recognises nothing takes what the others leave', () => {
  const blind: Detectable = {};
  assert.deepEqual(decided([long, blind], 'abcd'), { by: long, bytes: 4 });
  assert.deepEqual(decided([long, blind], 'abz'), { by: blind, bytes: 3 });
});

test('wires that others speak are known by their names', () => {
  const cases: readonly (readonly [string, string | undefined])[] = [
    ['\x16\x03\x01\x00\xc8\x01', 'tls'],
    ['\x16\x02', undefined],
    ['GET / HTTP/1.1\r\n', 'http1'],
    ['OPTIONS * HTTP/1.1\r\n', 'http1'],
    ['GETAWAY', undefined],
    ['abcd', 'long'],
    ['abc', undefined],
    ['PROXY TCP4 10.0.0.1', 'proxy-protocol'],
    ['\r\n\r\n\x00\r\nQUIT\n\x21', 'proxy-protocol'],
    ['\xda\xbb', undefined],
    ['', undefined],
  ];
  for (const [bytes, name] of cases)
    assert.equal(knownWire(Buffer.from(bytes, 'latin1'), [{ ...long, name: 'long' }])?.name, name, JSON.stringify(bytes));
});

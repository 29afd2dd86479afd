import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { covers, formatServiceKey, intersect, overlaps, parseServiceKey, patternId, specificity } from './service-key.ts';

function key(text: string) {
  const pattern = parseServiceKey(text);
  assert.ok(pattern);
  return pattern;
}

describe('service keys', () => {
  it('are written back as they were read', () => {
    for (const text of ['com.acme.A', 'g/com.acme.A', 'com.acme.A:1.0.0', 'g-1/com.acme.A:1.0.0', '*', '*.acme.com']) {
      assert.equal(formatServiceKey(key(text)), text);
    }
    assert.deepEqual(key('g/A:1'), { name: 'A', group: 'g', version: '1' });
    assert.deepEqual(key('A'), { name: 'A', group: undefined, version: undefined });
  });

  it('have no empty parts', () => {
    for (const text of ['', '/A', 'A:', 'g/', ':1', 'g/:1']) assert.equal(parseServiceKey(text), undefined, text);
  });

  it('are told apart by what is absent and what is any', () => {
    assert.notEqual(patternId(key('A')), patternId({ name: 'A', group: '', version: '' }));
    assert.equal(formatServiceKey({ name: 'A', group: '', version: '' }), 'A');
  });

  it('cover, overlap and intersect part by part', () => {
    const absent = { name: 'A', group: '', version: '' };
    assert.deepEqual(
      ['A', 'g/A', 'A:1', 'g/A:1'].map((text) => specificity(key(text))),
      [0, 1, 1, 2],
    );
    assert.equal(covers(key('A'), key('g/A:1')), true);
    assert.equal(covers(key('g/A'), key('A')), false);
    assert.equal(covers(key('g/A'), absent), false);
    assert.equal(covers(key('A'), absent), true);
    assert.equal(overlaps(key('g/A'), key('A:1')), true);
    assert.equal(overlaps(key('g/A'), key('h/A:1')), false);
    assert.deepEqual(intersect(key('g/A'), key('A:1')), key('g/A:1'));
  });
});

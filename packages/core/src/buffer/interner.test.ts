import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Interner } from './interner.ts';

function intern(interner: Interner, text: string): string {
  const bytes = Buffer.from(`<${text}>`);
  return interner.intern(bytes, 1, bytes.length - 1);
}

test('equal bytes give equal text, however full it is', () => {
  const interner = new Interner(16);
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 200; i++) assert.equal(intern(interner, `com.acme.Service${i}`), `com.acme.Service${i}`);
  }
  assert.equal(intern(interner, ''), '');
  assert.equal(intern(interner, 'grün 😀'), 'grün 😀');
  assert.equal(intern(interner, 'x'.repeat(1000)), 'x'.repeat(1000));
});

test('names that differ in one place are told apart', () => {
  const interner = new Interner(16);
  const base = 'abcdefghijklmnopqrstuvwxyz';
  const names = [...base].map((_, i) => `${base.slice(0, i)}#${base.slice(i + 1)}`);
  for (const name of [...names, ...names]) assert.equal(intern(interner, name), name);
});

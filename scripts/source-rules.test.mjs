import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sourceProblems } from './source-rules.mjs';

const problemsOf = (file, text) => sourceProblems([file], () => text);

test('a protocol may be named in comments of core, not in its code', () => {
  assert.deepEqual(problemsOf('packages/core/src/a.ts', "// Dubbo\n/* bolt\n thrift */ const url = 'http://x'; // grpc\n"), []);
  const [problem] = problemsOf('packages/core/src/a.ts', "/* two\nlines */\nconst name = 'dubbo'; // why\n");
  assert.match(problem, /^packages\/core\/src\/a\.ts:3: .*"dubbo"/);
  assert.equal(problemsOf('packages/core/src/a.ts', 'const boltHeader = 22;\n').length, 1);
});

test('a string that looks like a comment hides nothing behind it', () => {
  assert.equal(problemsOf('packages/core/src/a.ts', "const a = '//'; const dubbo = 1;\n").length, 1);
});

test('protocols are named freely outside core and in its tests', () => {
  assert.deepEqual(problemsOf('packages/protocol-dubbo/src/a.ts', 'const dubbo = 1;\n'), []);
  assert.deepEqual(problemsOf('packages/core/src/a.test.ts', 'const dubbo = 1;\n'), []);
});

test('a source has 500 lines at most', () => {
  assert.deepEqual(problemsOf('bench/a.mjs', '\n'.repeat(500)), []);
  assert.match(problemsOf('bench/a.mjs', '\n'.repeat(501))[0], /501 lines/);
});

test('a deleted file is passed over', () => {
  assert.deepEqual(problemsOf('packages/core/src/a.ts', undefined), []);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLog } from './log.ts';

test('lines below the level are not written, and the level can change', () => {
  const lines: string[] = [];
  const log = createLog({ level: 'warn', write: (line) => lines.push(line) });
  log.info('quiet');
  log.warn('loud', { port: 1 });
  log.level = 'debug';
  log.debug('now');
  assert.deepEqual(
    lines.map((line) => JSON.parse(line)).map(({ level, msg, port }) => [level, msg, port]),
    [
      ['warn', 'loud', 1],
      ['debug', 'now', undefined],
    ],
  );
});

test('an error among the fields keeps its stack', () => {
  const lines: string[] = [];
  createLog({ write: (line) => lines.push(line) }).error('broken', { cause: new Error('why') });
  assert.match(JSON.parse(lines.join('')).cause, /Error: why\n\s+at /);
});

test('what went wrong outside is said in one line', () => {
  const lines: string[] = [];
  createLog({ format: 'text', write: (line) => lines.push(line) }).warn('it is away', { error: new Error('closed by the server') });
  assert.match(lines.join(''), /^\S+ warn {2}it is away error=closed by the server\n$/);
});

test('text is one readable line', () => {
  const lines: string[] = [];
  createLog({ format: 'text', write: (line) => lines.push(line) }).info('listening', { port: 80, list: ['a'] });
  assert.match(lines.join(''), /^\d{4}-\d\d-\d\dT\S+Z info {2}listening port=80 list=\["a"\]\n$/);
});

test('a secret in a URL is not written, wherever the URL stands', () => {
  const lines: string[] = [];
  const url = '/a/providers/dubbo%3A%2F%2F10.0.0.1%2Fa%3Ftoken%3Dhunter2%26b%3D1';
  createLog({ write: (line) => lines.push(line) }).warn(`cannot read ${url}`, { node: url, error: new Error(`NO_AUTH: ${url}`) });
  assert.equal(lines.join('').split('token%3D******%26b').length, 4);
  assert.doesNotMatch(lines.join(''), /hunter2/);
});

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references to environment variables look like template strings.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatProblem } from './problems.ts';
import { parseYaml } from './yaml-source.ts';

function places(text: string): string[] {
  return parseYaml(text, 'a.yaml').problems.map((problem) => formatProblem(problem));
}

test('a document answers where each of its values and keys is', () => {
  const { documents, problems } = parseYaml('first: 1\n---\nspec:\n  http:\n  - name: a\n  - name: b\n    timeout: 3s\n', 'a.yaml');
  assert.deepEqual(problems, []);
  const second = documents[1];
  assert.deepEqual(second?.value, { spec: { http: [{ name: 'a' }, { name: 'b', timeout: '3s' }] } });
  assert.deepEqual(second?.position(['spec', 'http', 1, 'timeout']), { file: 'a.yaml', line: 7, column: 14 });
  assert.deepEqual(second?.keyPosition(['spec', 'http', 1, 'timeout']), { file: 'a.yaml', line: 7, column: 5 });
  assert.deepEqual(second?.position(['spec', 'http', 1, 'missing']), { file: 'a.yaml', line: 6, column: 5 });
  assert.deepEqual(second?.position(['spec', 'http', 9, 'missing']), { file: 'a.yaml', line: 5, column: 3 });
});

test('positions lead through aliases and merge keys', () => {
  const text = 'base: &base\n  timeout: 3s\nroutes:\n- <<: *base\n  name: a\n- *base\n';
  const [document] = parseYaml(text, 'a.yaml').documents;
  assert.deepEqual(document?.value, { base: { timeout: '3s' }, routes: [{ timeout: '3s', name: 'a' }, { timeout: '3s' }] });
  assert.deepEqual(document?.position(['routes', 0, 'timeout']), { file: 'a.yaml', line: 2, column: 12 });
  assert.deepEqual(document?.position(['routes', 1, 'timeout']), { file: 'a.yaml', line: 2, column: 12 });
});

test('faults of the text have a position and the offending text', () => {
  assert.deepEqual(places('a: 1\nb: 2\na: 3\n'), ['error a.yaml:3:1: Map keys must be unique at "a: 3"']);
  assert.deepEqual(places('a: !odd 1\n'), ['error a.yaml:1:4: Unresolved tag: !odd at "!odd 1"']);
  assert.match(places('a: [1, 2\nb: 3\n')[0] ?? '', /^error a\.yaml:2:1: .* at "b: 3"$/);
  assert.match(places('a: *nobody\n')[0] ?? '', /^error a\.yaml:1:4: Unresolved alias.*nobody/);
});

test('a faulty document does not hide the others of its file', () => {
  const { documents, problems } = parseYaml('a: 1\n---\nb: 1\nb: 2\n---\n# nothing\n---\nc: 3\n', 'a.yaml');
  assert.deepEqual(
    documents.map(({ value }) => value),
    [{ a: 1 }, { c: 3 }],
  );
  assert.equal(problems.length, 1);
});

test('alias bombs are refused', () => {
  const lines = ['a0: &a0 [x,x,x,x,x,x,x,x,x,x]'];
  for (let level = 1; level < 9; level++)
    lines.push(
      `a${level}: &a${level} [${Array(10)
        .fill(`*a${level - 1}`)
        .join(',')}]`,
    );
  const { documents, problems } = parseYaml(lines.join('\n'), 'a.yaml');
  assert.equal(documents.length, 0);
  assert.match(problems[0]?.message ?? '', /alias/i);
  assert.equal(problems[0]?.position?.line, 2);
});

test('deep nesting is refused before it exhausts the stack', () => {
  for (const text of ['['.repeat(20_000), '- '.repeat(20_000), '{a: '.repeat(20_000)]) {
    const { documents, problems } = parseYaml(text, 'a.yaml');
    assert.equal(documents.length, 0);
    assert.match(problems.at(-1)?.message ?? '', /nested more than 200 deep/);
  }
});

test('variables fill values, and unquoted ones are typed again', () => {
  const environment = { PORT: '20880', HOST: '10.0.0.1', EMPTY: '', FLAG: 'true', LIST: '[1, 2]' };
  const text = [
    'number: ${PORT}',
    'text: "${PORT}"',
    'joined: ${HOST}:${PORT}',
    'fallback: ${NOBODY:-64}',
    'whenEmpty: ${EMPTY:-5}',
    'empty: ${EMPTY}',
    'flag: ${FLAG}',
    'list: ${LIST}',
    'literal: $${PORT}',
    '${PORT}: key',
  ].join('\n');
  const { documents, problems } = parseYaml(text, 'a.yaml', environment);
  assert.deepEqual(problems, []);
  assert.deepEqual(documents[0]?.value, {
    number: 20880,
    text: '20880',
    joined: '10.0.0.1:20880',
    fallback: 64,
    whenEmpty: 5,
    empty: null,
    flag: true,
    list: '[1, 2]',
    literal: '${PORT}',
    '${PORT}': 'key',
  });
});

test('a variable that is not set, and a malformed reference, are errors with a position', () => {
  const { problems } = parseYaml('a: 1\nb: x-${NOBODY}\nc: ${NOBODY-5}\nd: ${toString}\n', 'a.yaml', {});
  assert.deepEqual(
    problems.map((problem) => formatProblem(problem)),
    [
      'error a.yaml:2:4: the environment variable NOBODY is not set: set it, or write ${NOBODY:-default}',
      'error a.yaml:3:4: "${NOBODY-5}" is not a reference to a variable: write ${NAME} or ${NAME:-default}',
      'error a.yaml:4:4: the environment variable toString is not set: set it, or write ${toString:-default}',
    ],
  );
});

test('without an environment a text stays as written', () => {
  assert.deepEqual(parseYaml('a: ${PORT}', 'a.yaml').documents[0]?.value, { a: '${PORT}' });
});

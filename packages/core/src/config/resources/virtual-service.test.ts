import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readText, resourceText } from '../../testing/mesh-text.ts';
import type { VirtualService } from '../model.ts';
import type { FieldTable } from './object-reader.ts';
import { DESTINATION_FIELDS, ROUTE_DESTINATION_FIELDS } from './route-destination.ts';
import { TCP_MATCH_FIELDS } from './tcp-route.ts';
import { HTTP_ROUTE_FIELDS, MATCH_FIELDS, VIRTUAL_SERVICE_FIELDS } from './virtual-service.ts';

const ROUTE = 'route: [{destination: {host: users.example}}]';

function read(spec: string): { service: VirtualService | undefined; problems: string[] } {
  const { resources, problems } = readText(resourceText('VirtualService', spec));
  const [first] = resources;
  return { service: first?.kind === 'VirtualService' ? first.value : undefined, problems };
}

/** Of a VirtualService with one route that has the given lines; the first of them is on line 8. */
function routeProblems(...lines: string[]): string[] {
  return read(`hosts: [users.example]\nhttp:\n- ${ROUTE}\n${lines.map((line) => `  ${line}`).join('\n')}`).problems;
}

function matchProblems(match: string): string[] {
  return routeProblems(`match: [${match}]`);
}

test('everything that is implemented reaches the model', () => {
  const { service, problems } = read(`
hosts: ["g/com.acme.UserService:1.0.0", "*.example", "*"]
gateways: [mesh]
exportTo: ["."]
http:
- name: gray
  match:
  - name: one
    uri: {prefix: /com.acme}
    ignoreUriCase: true
    authority: {exact: users.example}
    headers: {x-env: {exact: gray}, tag: {}}
    withoutHeaders: {old: {regex: "v[0-9]+"}}
    method: {exact: POST}
    scheme: {prefix: http}
    queryParams: {userId: {exact: "7"}, flag: {}}
  route:
  - destination: {host: users.example, subset: v1, port: {number: 20880}}
    weight: 10
  - {destination: {host: other.example}, weight: 90}
  timeout: 1m30s
  headers:
    request: {set: {a: "1"}, add: {b: "2"}, remove: [c]}
    response: {remove: [d]}
- ${ROUTE}
  timeout: 0s
`);
  assert.deepEqual(problems, []);
  assert.equal(service?.name, 'default/users');
  assert.equal(service.createdAt, 0);
  assert.deepEqual(
    service.hosts.map(({ text }) => text),
    ['g/com.acme.UserService:1.0.0', '*.example', '*'],
  );
  assert.deepEqual(service.hosts[1]?.position, { file: 'a.yaml', line: 5, column: 43 });
  const [gray, rest] = service.routes;
  const [match] = gray?.matches ?? [];
  assert.deepEqual(match?.uri, { kind: 'prefix', value: '/com.acme' });
  assert.equal(match.ignoreUriCase, true);
  assert.deepEqual(match.authority, { kind: 'exact', value: 'users.example' });
  assert.deepEqual(
    match.headers.map(({ name, match: condition }) => [name, condition]),
    [
      [':method', { kind: 'exact', value: 'POST' }],
      [':scheme', { kind: 'prefix', value: 'http' }],
      [':query[userId]', { kind: 'exact', value: '7' }],
      [':query[flag]', { kind: 'present' }],
      ['x-env', { kind: 'exact', value: 'gray' }],
      ['tag', { kind: 'present' }],
    ],
  );
  assert.deepEqual(match.withoutHeaders[0]?.match, { kind: 'regex', value: 'v[0-9]+' });
  assert.deepEqual(
    gray?.destinations.map(({ host, subset, port, weight }) => [host, subset, port, weight]),
    [
      ['users.example', 'v1', 20880, 10],
      ['other.example', undefined, undefined, 90],
    ],
  );
  assert.equal(gray.timeoutMs, 90_000);
  assert.deepEqual(gray.requestHeaders?.set, new Map([['a', '1']]));
  assert.deepEqual(gray.requestHeaders.add, new Map([['b', '2']]));
  assert.deepEqual(gray.requestHeaders.remove, ['c']);
  assert.deepEqual(gray.responseHeaders?.remove, ['d']);
  assert.deepEqual([rest?.matches, rest?.timeoutMs, rest?.destinations[0]?.weight], [[], 0, 100]);
});

test('every field of Istio that is not implemented is reported by name, at its place', () => {
  const tables: [FieldTable, (field: string) => string[], string, string][] = [
    [VIRTUAL_SERVICE_FIELDS, (field) => read(`${field}: []\nhosts: [a]\nhttp: [{${ROUTE}}]`).problems, 'spec', '5:3'],
    [HTTP_ROUTE_FIELDS, (field) => routeProblems(`${field}: {}`), 'spec.http[0]', '8:5'],
    [MATCH_FIELDS, (field) => matchProblems(`{${field}: {}}`), 'spec.http[0].match[0]', '8:14'],
    [
      ROUTE_DESTINATION_FIELDS,
      (field) => read(`hosts: [a]\nhttp:\n- route:\n  - ${field}: {}\n    destination: {host: a}`).problems,
      'spec.http[0].route[0]',
      '8:7',
    ],
    [
      TCP_MATCH_FIELDS,
      (field) => read(`hosts: [a]\ntcp:\n- match: [{${field}: {}}]\n  route: [{destination: {host: a}}]`).problems,
      'spec.tcp[0].match[0]',
      '7:14',
    ],
  ];
  let seen = 0;
  for (const [table, problemsOf, path, place] of tables) {
    for (const [field, rule] of Object.entries(table)) {
      if (rule === 'read') continue;
      assert.deepEqual(problemsOf(field), [`${rule.severity} a.yaml:${place}: ${path}.${field} is not implemented: ${rule.reason}`]);
      seen++;
    }
  }
  assert.equal(seen, 21);
  const errors = ['redirect', 'delegate', 'rewrite', 'fault', 'mirror', 'mirrors', 'mirrorPercentage'];
  for (const field of errors) assert.match(routeProblems(`${field}: {}`)[0] ?? '', /^error/, field);
  assert.match(routeProblems('retries: {}')[0] ?? '', /^warning/);
});

test('a uri that no request has is a warning', () => {
  for (const kind of ['exact', 'prefix']) {
    const [problem] = matchProblems(`{uri: {${kind}: com.acme.Users/find}}`);
    assert.match(problem ?? '', /^warning a\.yaml:8:\d+: spec\.http\[0\]\.match\[0\]\.uri matches nothing: .* begins with a slash$/);
  }
  assert.deepEqual(matchProblems('{uri: {regex: ".*/find"}}'), []);
});

test('what Istio does not know is an error with a suggestion', () => {
  assert.deepEqual(routeProblems('metod: 1'), ['error a.yaml:8:5: unknown key "metod" in spec.http[0].']);
  assert.deepEqual(matchProblems('{metod: 1}'), [
    'error a.yaml:8:14: unknown key "metod" in spec.http[0].match[0]. Did you mean "method"?',
  ]);
  assert.deepEqual(matchProblems('{without_headers: {}}'), [
    'error a.yaml:8:14: unknown key "without_headers" in spec.http[0].match[0]. Did you mean "withoutHeaders"?',
  ]);
  assert.match(matchProblems('{uri: {exakt: /a}}')[0] ?? '', /unknown key "exakt" in .*uri\. Did you mean "exact"\?/);
  assert.match(routeProblems('toString: 1')[0] ?? '', /unknown key "toString"/);
  assert.match(routeProblems('__proto__: 1')[0] ?? '', /unknown key "__proto__"/);
  assert.deepEqual(Object.keys(DESTINATION_FIELDS), ['host', 'subset', 'port']);
});

test('hosts are service keys, DNS names or leading wildcards', () => {
  const problemOf = (host: string) => read(`hosts: ["${host}"]\nhttp: [{${ROUTE}}]`).problems;
  for (const host of ['a', 'users.example', 'com.acme.UserService', 'g-1/com.acme.U_$1:1.0', 'com.acme.User:1.0:unique', '*', '*.a.b']) {
    assert.deepEqual(problemOf(host), [], host);
  }
  assert.match(
    problemOf('com.acme.*')[0] ?? '',
    /^error a\.yaml:5:11: spec\.hosts: "com\.acme\.\*" is refused: Istio allows only leading wildcards/,
  );
  for (const host of ['', 'a b', '*.', '*.a_b', 'a/b/c', ':1', 'g/']) assert.match(problemOf(host)[0] ?? '', /is not a host/, host);
  for (const host of ['a*', '*a', 'a.*.b', 'g/*']) assert.match(problemOf(host)[0] ?? '', /leading wildcards/, host);
  assert.match(read(`hosts: [a, a]\nhttp: [{${ROUTE}}]`).problems[0] ?? '', /5:14: spec\.hosts: "a" stands there twice/);
  assert.match(read(`hosts: []\nhttp: [{${ROUTE}}]`).problems[0] ?? '', /needs at least one of hosts/);
  assert.match(read('hosts: [a]').problems[0] ?? '', /needs http/);
  assert.match(read('hosts: [a]\nhttp: []').problems[0] ?? '', /no usable route/);
});

test('a condition has one comparison, and RE2 must accept an expression', () => {
  assert.match(matchProblems('{uri: {exact: /a, prefix: /b}}')[0] ?? '', /has exact and prefix: only one/);
  assert.match(matchProblems('{uri: {prefix: ""}}')[0] ?? '', /prefix must not be empty/);
  assert.match(matchProblems('{uri: {regex: "a(?=b)"}}')[0] ?? '', /^error a\.yaml:8:27: .*"a\(\?=b\)" is not an RE2 regular expression/);
  assert.match(matchProblems('{headers: {h: {regex: "("}}}')[0] ?? '', /is not an RE2 regular expression/);
  assert.match(matchProblems('{headers: {h: }}')[0] ?? '', /headers\.h must be a mapping, not empty/);
  assert.match(matchProblems('{headers: {h: {exact: 1.0}}}')[0] ?? '', /must be a text, not the number 1: write it in quotes/);
  assert.match(matchProblems('{headers: {"a b": {}}}')[0] ?? '', /"a b" is not a header's name/);
  assert.match(matchProblems('{ignoreUriCase: "yes"}')[0] ?? '', /must be true or false/);
});

test('weights must leave a destination that takes requests', () => {
  const problemsOf = (route: string) => read(`hosts: [a]\nhttp:\n- route: ${route}`).problems;
  assert.match(problemsOf('[{destination: {host: a}, weight: 0}]')[0] ?? '', /^error a\.yaml:7:12: .*weights add up to 0/);
  assert.match(problemsOf('[{destination: {host: a}}, {destination: {host: b}}]').at(-1) ?? '', /weights add up to 0/);
  assert.match(problemsOf('[{destination: {host: a}, weight: 1}, {destination: {host: b}}]')[0] ?? '', /^warning .*has no weight/);
  assert.match(problemsOf('[{destination: {host: a}, weight: -1}]')[0] ?? '', /whole number from 0/);
  assert.match(problemsOf('[{destination: {host: a}, weight: 1.5}]')[0] ?? '', /whole number from 0 to 2147483647, not 1\.5/);
  const notAWeight = problemsOf('[{destination: {host: a}, weight: ninety}, {destination: {host: b}, weight: 0}]');
  assert.equal(notAWeight.length, 1);
  assert.match(notAWeight[0] ?? '', /whole number from 0 to 2147483647, not a string/);
  assert.match(problemsOf('[{destination: {host: "*.a"}}]')[0] ?? '', /a destination is one service/);
  assert.match(problemsOf('[{destination: {subset: a}}]')[0] ?? '', /destination needs host/);
  assert.match(problemsOf('[{weight: 1}]')[0] ?? '', /needs destination/);
  assert.match(problemsOf('[]')[0] ?? '', /has no destination/);
});

test('gateways, exports, timeouts and header changes are checked', () => {
  assert.match(read(`hosts: [a]\ngateways: [edge]\nhttp: [{${ROUTE}}]`).problems[0] ?? '', /^error .*"edge" is not implemented/);
  assert.match(matchProblems('{gateways: [edge]}')[0] ?? '', /^error .*"edge" is not implemented/);
  assert.match(read(`hosts: [a]\nexportTo: [team]\nhttp: [{${ROUTE}}]`).problems[0] ?? '', /^error .*exportTo "team" is not implemented/);
  assert.match(
    routeProblems('timeout: 5')[0] ?? '',
    /^error a\.yaml:8:14: .*timeout must be a duration with its unit, like 3s or 500ms, not 5$/m,
  );
  assert.match(routeProblems('timeout: 5x')[0] ?? '', /is not a duration/);
  assert.match(routeProblems('headers: {request: {set: {a: "b\\nc"}}}')[0] ?? '', /has a line break/);
  assert.match(routeProblems('headers: {request: {set: {a: 1}}}')[0] ?? '', /set\.a must be a text, not the number 1/);
  assert.match(routeProblems('headers: {request: {remove: [""]}}')[0] ?? '', /a header needs a name/);
});

test('a route behind one that takes everything is reported', () => {
  const { problems } = read(`hosts: [a]\nhttp:\n- ${ROUTE}\n- ${ROUTE}`);
  assert.deepEqual(problems, ['warning a.yaml:8:5: spec.http[1] is never reached: the route above it matches every request']);
});

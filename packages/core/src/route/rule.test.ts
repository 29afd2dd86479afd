import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RouteMatch, StringMatch } from '../config/model.ts';
import { type LookupResult, NOT_REACHED, UNREADABLE } from '../protocol/spi.ts';
import { exact, header, when } from './routing-fixture.test.ts';
import { headersOf, RuleMatch } from './rule.ts';

function judge(
  match: Partial<RouteMatch>,
  values: Readonly<Record<string, LookupResult>> = {},
  service = 'com.acme.A',
  method = 'get',
): string {
  const written = when(match);
  const names = [...headersOf(written, false)].map(({ name }) => name);
  const rule = new RuleMatch(written, false, (name) => names.indexOf(name));
  return rule.judge(
    service,
    method,
    names.map((name) => values[name]),
  );
}

function uri(match: StringMatch, ignoreUriCase = false, service = 'com.acme.A', method = 'getUser'): string {
  return judge({ uri: match, ignoreUriCase }, {}, service, method);
}

describe('uri conditions', () => {
  const table: [StringMatch, boolean, string][] = [
    [{ kind: 'exact', value: '/com.acme.A/getUser' }, false, 'holds'],
    [{ kind: 'exact', value: '/com.acme.A/getuser' }, false, 'fails'],
    [{ kind: 'exact', value: '/com.acme.A/getuser' }, true, 'holds'],
    [{ kind: 'exact', value: '/com.acme.B/getUser' }, false, 'fails'],
    [{ kind: 'exact', value: 'com.acme.A/getUser' }, false, 'fails'],
    [{ kind: 'exact', value: '/getUser' }, false, 'fails'],
    [{ kind: 'prefix', value: '/com.acme.A/get' }, false, 'holds'],
    [{ kind: 'prefix', value: '/com.acme.A/' }, false, 'holds'],
    [{ kind: 'prefix', value: '/com.acme' }, false, 'holds'],
    [{ kind: 'prefix', value: '/' }, false, 'holds'],
    [{ kind: 'prefix', value: '' }, false, 'holds'],
    [{ kind: 'prefix', value: 'com' }, false, 'fails'],
    [{ kind: 'prefix', value: '/com.acme.A/set' }, false, 'fails'],
    [{ kind: 'prefix', value: '/COM.acme.A/GET' }, true, 'holds'],
    [{ kind: 'regex', value: '/com\\.acme\\.A/(get|set).*' }, false, 'holds'],
    [{ kind: 'regex', value: '/com\\.acme\\.A/get' }, false, 'fails'],
    [{ kind: 'regex', value: '/com\\.acme\\.a/GETUSER' }, true, 'holds'],
  ];
  for (const [match, ignoreCase, verdict] of table) {
    it(`${match.kind} ${'value' in match ? match.value : ''}${ignoreCase ? ' ignoring case' : ''} ${verdict}`, () => {
      assert.equal(uri(match, ignoreCase), verdict);
      assert.equal(uri(match, ignoreCase), verdict, 'again, remembered');
    });
  }

  it('refuse a regular expression that is not RE2', () => {
    assert.throws(() => uri({ kind: 'regex', value: '(?=x)' }));
  });
});

describe('authority conditions', () => {
  it('compare the interface, and of a service key the group and version too', () => {
    assert.equal(judge({ authority: { kind: 'exact', value: 'com.acme.A' } }), 'holds');
    assert.equal(judge({ authority: { kind: 'prefix', value: 'com.other' } }), 'fails');
    const authority = { kind: 'exact', value: 'g/com.acme.A:1' } as const;
    assert.equal(judge({ authority }, { ':group': 'g', ':version': '1' }), 'holds');
    assert.equal(judge({ authority }, { ':group': 'g' }), 'fails');
    assert.equal(judge({ authority }, { ':group': UNREADABLE, ':version': '1' }), 'unreadable');
  });
});

describe('header conditions', () => {
  const gray = { headers: [exact('tag', 'gray')] };
  const notGray = { withoutHeaders: [exact('tag', 'gray')] };
  const tagged = { headers: [header('tag', { kind: 'present' })] };
  const untagged = { withoutHeaders: [header('tag', { kind: 'present' })] };
  const table: [string, Partial<RouteMatch>, LookupResult, string][] = [
    ['exact', gray, 'gray', 'holds'],
    ['exact', gray, 'Gray', 'fails'],
    ['exact', gray, undefined, 'fails'],
    ['exact', gray, NOT_REACHED, 'not-reached'],
    ['exact', gray, UNREADABLE, 'unreadable'],
    ['exact ignoring case', { headers: [header('tag', { kind: 'exact', value: 'gray' }, true)] }, 'GRAY', 'holds'],
    ['prefix', { headers: [header('tag', { kind: 'prefix', value: 'gr' })] }, 'gray', 'holds'],
    ['prefix', { headers: [header('tag', { kind: 'prefix', value: 'gr' })] }, undefined, 'fails'],
    ['regex matches the whole value', { headers: [header('tag', { kind: 'regex', value: 'gra' })] }, 'gray', 'fails'],
    ['regex', { headers: [header('tag', { kind: 'regex', value: 'gr.*' })] }, 'gray', 'holds'],
    ['present', tagged, '', 'holds'],
    ['present', tagged, undefined, 'fails'],
    ['without exact', notGray, 'gray', 'fails'],
    ['without exact', notGray, 'blue', 'holds'],
    ['without exact', notGray, undefined, 'holds'],
    ['without exact', notGray, NOT_REACHED, 'not-reached'],
    ['without exact', notGray, UNREADABLE, 'unreadable'],
    ['without present', untagged, 'x', 'fails'],
    ['without present', untagged, undefined, 'holds'],
  ];
  for (const [what, match, value, verdict] of table) {
    it(`${what} of ${String(value)} ${verdict}`, () => assert.equal(judge(match, { tag: value }), verdict));
  }

  it('fail together when one fails, whatever is not reached or unreadable', () => {
    const match = { headers: [exact('a', '1'), exact('b', '1'), exact('c', '1')] };
    assert.equal(judge(match, { a: NOT_REACHED, b: UNREADABLE, c: '2' }), 'fails');
    assert.equal(judge(match, { a: NOT_REACHED, b: UNREADABLE, c: '1' }), 'unreadable');
    assert.equal(judge(match, { a: UNREADABLE, b: NOT_REACHED, c: '1' }), 'unreadable', 'more of the frame would not help');
    assert.equal(judge(match, { a: '1', b: NOT_REACHED, c: '1' }), 'not-reached');
    assert.equal(judge(match, { a: '1', b: '1', c: '1' }), 'holds');
  });

  it('remember answers of many values without growing forever', () => {
    const written = when({ headers: [header('tag', { kind: 'regex', value: 'a+' })] });
    const rule = new RuleMatch(written, false, () => 0);
    for (let i = 0; i < 5000; i++) assert.equal(rule.judge('s', 'm', [`b${i}`]), 'fails');
    assert.equal(rule.judge('s', 'm', ['a'.repeat(1000)]), 'holds');
  });
});

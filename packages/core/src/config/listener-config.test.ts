import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseBootstrap } from './bootstrap.ts';
import type { ListenerConfig } from './bootstrap-model.ts';
import { formatProblem } from './problems.ts';

const HEAD = 'listeners:\n- name: rpc\n  address: 127.0.0.1:20880\n';

function listener(lines: string): ListenerConfig | undefined {
  const { bootstrap, problems } = parseBootstrap(`${HEAD}  ${lines.trim()}\n`, 'p.yaml', {});
  assert.deepEqual(problems, []);
  return bootstrap?.listeners[0];
}

function faults(lines: string): string[] {
  return parseBootstrap(`${HEAD}  ${lines.trim()}\n`, 'p.yaml', {}).problems.map((problem) => formatProblem(problem));
}

test('several protocols are detected, with defaults; one is not', () => {
  assert.equal(listener('protocols: [dubbo]')?.detection, undefined);
  assert.deepEqual(listener('protocols: [dubbo, bolt]')?.detection, { timeout: 3000, maxBytes: 512, fallback: 'refuse' });
  assert.deepEqual(listener('protocols: [dubbo]\n  detection: {timeout: 500ms, fallback: {opaque: "127.0.0.1:3306"}}')?.detection, {
    timeout: 500,
    maxBytes: 512,
    fallback: { kind: 'address', host: '127.0.0.1', port: 3306 },
  });
  const service = 'protocols: [dubbo]\n  detection: {maxBytes: 16, fallback: {opaque: {host: mysql.prod.svc, port: 3306}}}';
  assert.deepEqual(listener(service)?.detection, {
    timeout: 3000,
    maxBytes: 16,
    fallback: { kind: 'service', host: 'mysql.prod.svc', port: 3306 },
  });
});

test('a protocol may have settings, which reach the codec as texts', () => {
  assert.deepEqual(listener('protocols: [dubbo, {name: thrift, settings: {service: a.B, strict: true, version: 2}}]')?.protocols, [
    { name: 'dubbo', settings: new Map() },
    {
      name: 'thrift',
      settings: new Map([
        ['service', 'a.B'],
        ['strict', 'true'],
        ['version', '2'],
      ]),
    },
  ]);
});

test('a listener of bytes has a target and nothing else', () => {
  const config = listener('protocols: [tcp]\n  upstream: 127.0.0.1:3306');
  assert.deepEqual(config?.opaque, { kind: 'address', host: '127.0.0.1', port: 3306 });
  assert.deepEqual(config?.protocols, []);
  assert.equal(config?.upstream, undefined);
  assert.equal(listener('protocols: [tcp]\n  upstream: {host: mysql.prod.svc, port: 3306}')?.opaque?.kind, 'service');
});

test('what does not fit together is reported where it stands', () => {
  const cases: Readonly<Record<string, readonly string[]>> = {
    'protocols: []': ['error p.yaml:4:14: listeners[0].protocols: must name at least one protocol'],
    'protocols: [5]': ['error p.yaml:4:15: listeners[0].protocols[0]: must be the name of a protocol, or {name: ..., settings: {...}}'],
    'protocols: [{nam: a}]': [
      'error p.yaml:4:15: listeners[0].protocols[0].name: is required',
      'error p.yaml:4:16: unknown key "nam" in listeners[0].protocols[0]. Did you mean "name"?',
    ],
    'protocols: [{name: a, settings: {b: [1]}}]': [
      'error p.yaml:4:39: listeners[0].protocols[0].settings.b: must be a text, a number, true or false',
    ],
    'protocols: [a, b, a]': ['error p.yaml:4:21: "a" stands in protocols twice'],
    'protocols: [a, tcp]': [
      'error p.yaml:4:18: "tcp" is spoken alone: where bytes go that no protocol recognises is said by detection.fallback',
    ],
    'protocols: [tcp]': [
      'error p.yaml:4:14: protocols: [tcp] needs upstream: an address like 127.0.0.1:3306, or a service like {host: mysql.prod.svc, port: 3306}',
    ],
    'protocols: [{name: tcp, settings: {a: b}}]\n  upstream: a:1\n  detection: {}\n  filters: [{name: x}]': [
      'error p.yaml:4:37: "tcp" has no settings',
      'error p.yaml:6:14: there is nothing to detect in protocols: [tcp]',
      'error p.yaml:7:12: filters see requests, and protocols: [tcp] has none',
    ],
    'protocols: [a]\n  upstream: {host: b, port: 1}': [
      'error p.yaml:5:13: upstream is one address, like 127.0.0.1:20880: requests of services are routed when there is none',
    ],
    'protocols: [a]\n  upstream: 7': [
      'error p.yaml:5:13: listeners[0].upstream: must be an address like 127.0.0.1:3306, or a service like {host: mysql.prod.svc, port: 3306}',
    ],
    'protocols: [a]\n  detection: {fallback: {opaque: {host: b}}}': [
      'error p.yaml:5:34: listeners[0].detection.fallback.opaque.port: is required',
    ],
    'protocols: [a]\n  detection: {fallback: close}': [
      'error p.yaml:5:25: listeners[0].detection.fallback: must be refuse, or {opaque: 127.0.0.1:3306}',
    ],
    'protocols: [a]\n  detection: {timeout: 0s}': ['error p.yaml:5:24: listeners[0].detection.timeout: must be more than 0s'],
  };
  for (const [lines, expected] of Object.entries(cases)) assert.deepEqual(faults(lines), expected, lines);
});

import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { readText, resourceText } from '../../testing/mesh-text.ts';
import { TLS_FIELDS } from './client-tls.ts';
import { DESTINATION_RULE_FIELDS } from './destination-rule.ts';
import type { FieldTable } from './object-reader.ts';
import { LOAD_BALANCER_FIELDS, TRAFFIC_POLICY_FIELDS } from './traffic-policy.ts';

function read(spec: string) {
  const { resources, problems } = readText(resourceText('DestinationRule', spec));
  const [first] = resources;
  return { rule: first?.kind === 'DestinationRule' ? first.value : undefined, problems };
}

test('hosts, subsets and balancers reach the model', () => {
  const { rule, problems } = read(`
host: com.acme.UserService:1.0.0
trafficPolicy: {loadBalancer: {simple: LEAST_CONN}, tls: {mode: DISABLE}}
subsets:
- {name: v1, labels: {version: "1"}}
- {name: plain, labels: {tag: ""}, trafficPolicy: {loadBalancer: {simple: PEAK_EWMA}}}
`);
  assert.deepEqual(problems, []);
  assert.equal(rule?.name, 'default/users');
  assert.deepEqual(rule.host, { text: 'com.acme.UserService:1.0.0', position: { file: 'a.yaml', line: 5, column: 9 } });
  assert.equal(rule.loadBalancer, 'LEAST_REQUEST');
  assert.deepEqual(
    rule.subsets.map(({ name, labels, loadBalancer }) => [name, [...labels], loadBalancer]),
    [
      ['v1', [['version', '1']], undefined],
      ['plain', [['tag', '']], 'PEAK_EWMA'],
    ],
  );
});

test('every field of Istio that is not implemented is reported by name, at its place', () => {
  const tables: [FieldTable, (field: string) => string, string][] = [
    [DESTINATION_RULE_FIELDS, (field) => `${field}: {}`, 'spec'],
    [TRAFFIC_POLICY_FIELDS, (field) => `trafficPolicy: {${field}: {}}`, 'spec.trafficPolicy'],
    [LOAD_BALANCER_FIELDS, (field) => `trafficPolicy: {loadBalancer: {${field}: {}}}`, 'spec.trafficPolicy.loadBalancer'],
    [TLS_FIELDS, (field) => `trafficPolicy: {tls: {mode: DISABLE, ${field}: {}}}`, 'spec.trafficPolicy.tls'],
  ];
  for (const [table, spec, path] of tables) {
    const unread = Object.entries(table).filter(([, rule]) => rule !== 'read');
    assert.ok(unread.length > 0);
    for (const [field, rule] of unread) {
      if (rule === 'read') continue;
      const text = spec(field);
      const column = text.lastIndexOf(`${field}:`) + 3;
      assert.deepEqual(read(`${text}\nhost: a`).problems, [
        `${rule.severity} a.yaml:5:${column}: ${path}.${field} is not implemented: ${rule.reason}`,
      ]);
    }
  }
  for (const field of ['outlierDetection', 'connectionPool']) {
    assert.match(read(`host: a\ntrafficPolicy: {${field}: {}}`).problems[0] ?? '', /^warning/);
  }
});

test('TLS of rules and subsets reaches the model, with files relative to where they are named', () => {
  const { rule, problems } = read(`
host: a
trafficPolicy: {tls: {mode: SIMPLE, caCertificates: ca.pem, sni: b.test, subjectAltNames: [c.test]}}
subsets:
- {name: plain, trafficPolicy: {tls: {mode: DISABLE}}}
- {name: mutual, trafficPolicy: {tls: {mode: MUTUAL, clientCertificate: /etc/cert.pem, privateKey: key.pem}}}
- {name: same}
`);
  assert.deepEqual(problems, []);
  assert.deepEqual(
    { ...rule?.tls, positions: undefined },
    {
      mode: 'SIMPLE',
      files: { ca: resolve('ca.pem') },
      sni: 'b.test',
      subjectAltNames: ['c.test'],
      insecureSkipVerify: false,
      positions: undefined,
    },
  );
  assert.deepEqual(rule?.tls?.positions.ca, { file: 'a.yaml', line: 6, column: 55 });
  assert.deepEqual(
    rule?.subsets.map(({ tls }) => [tls?.mode, tls?.files]),
    [
      ['DISABLE', { ca: undefined }],
      ['MUTUAL', { ca: undefined, cert: '/etc/cert.pem', key: resolve('key.pem') }],
      [undefined, undefined],
    ],
  );
});

test('TLS that cannot mean what it says is refused, and what has no effect is a warning', () => {
  const problems = (tls: string) => read(`host: a\nsubsets: [{name: a, trafficPolicy: {tls: ${tls}}}]`).problems;
  const cases: readonly (readonly [tls: string, problem: RegExp])[] = [
    ['{mode: ISTIO_MUTUAL}', /^error .*"ISTIO_MUTUAL" is not implemented: there are no certificates of an Istio agent/],
    ['{mode: SIMPEL}', /^error .*must be one of DISABLE, SIMPLE, MUTUAL\. Did you mean "SIMPLE"\?/],
    ['{caCertificates: ca.pem}', /^error .*tls needs mode: SIMPLE or MUTUAL/],
    ['{mode: MUTUAL, privateKey: k}', /^error .*tls needs clientCertificate/],
    ['{mode: MUTUAL, clientCertificate: c}', /^error .*tls needs privateKey/],
    ['{mode: SIMPLE, sni: ""}', /^error .*sni must not be empty/],
    ['{mode: SIMPLE, insecureSkipVerify: true, caCertificates: ca.pem}', /^error .*caCertificates contradicts insecureSkipVerify/],
    ['{mode: SIMPLE, insecureSkipVerify: true, subjectAltNames: [a]}', /^error .*subjectAltNames contradicts insecureSkipVerify/],
    ['{mode: SIMPLE, insecureSkipVerify: true}', /^warning .*whoever answers is believed/],
    ['{mode: SIMPLE, privateKey: k}', /^warning .*privateKey has no effect with mode SIMPLE/],
    ['{mode: DISABLE, sni: a}', /^warning .*sni has no effect with mode DISABLE/],
  ];
  for (const [tls, problem] of cases) assert.match(problems(tls)[0] ?? '', problem, tls);
});

test('balancers are those of core and of plugins', () => {
  const simple = (name: string) => read(`host: a\ntrafficPolicy: {loadBalancer: {simple: ${name}}}`);
  for (const name of ['ROUND_ROBIN', 'RANDOM', 'LEAST_REQUEST', 'PEAK_EWMA']) assert.equal(simple(name).rule?.loadBalancer, name);
  assert.deepEqual([simple('UNSPECIFIED').rule?.loadBalancer, simple('UNSPECIFIED').problems], [undefined, []]);
  assert.match(simple('RANDOMM').problems[0] ?? '', /^error a\.yaml:6:42: .*"RANDOMM" is not a balancer.*Did you mean "RANDOM"\?/);
  for (const name of ['PASSTHROUGH', 'random']) assert.match(simple(name).problems[0] ?? '', /is not a balancer/);
});

test('a warm-up is read with the defaults of Istio, by its new name and by its old one', () => {
  const linear = { durationMs: 60_000, leastWeight: 0, leastShare: 0.1, exponent: 1 };
  const of = (settings: string) => read(`host: a\ntrafficPolicy: {loadBalancer: {${settings}}}`);
  assert.deepEqual(of('warmup: {duration: 1m}').rule?.warmUp, linear);
  assert.deepEqual(of('simple: RANDOM, warmupDurationSecs: 60s').rule?.warmUp, linear);
  const full = of('warmup: {duration: 30s, minimumPercent: 2.5, aggression: 2}').rule?.warmUp;
  assert.deepEqual(full, { durationMs: 30_000, leastWeight: 0, leastShare: 0.025, exponent: 0.5 });
  const both = of('warmup: {duration: 1m}, warmupDurationSecs: 5s');
  assert.deepEqual(both.rule?.warmUp, linear);
  assert.match(both.problems.join(), /^warning a\.yaml:6:\d+: spec\.trafficPolicy\.loadBalancer\.warmupDurationSecs has no effect beside/);
});

test('a faulty warm-up is refused', () => {
  const cases: readonly [string, RegExp][] = [
    ['warmup: {}', /^error a\.yaml:6:42: spec\.trafficPolicy\.loadBalancer\.warmup needs duration/],
    ['warmup: {duration: 0s}', /duration must be at least 1ms/],
    ['warmupDurationSecs: 0s', /warmupDurationSecs must be at least 1ms/],
    ['warmup: {duration: 60}', /duration must be a duration with its unit, like 3s or 500ms, not 60/],
    ['warmup: {duration: 1m, minimumPercent: 101}', /minimumPercent must be a number from 0 to 100, not 101/],
    ['warmup: {duration: 1m, minimumPercent: 10%}', /minimumPercent must be a number/],
    ['warmup: {duration: 1m, aggression: 0.5}', /aggression must be a number of at least 1, not 0.5/],
    ['warmup: {duration: 1m, minPercent: 5}', /unknown key "minPercent"/],
  ];
  for (const [settings, problem] of cases) {
    assert.match(read(`host: a\ntrafficPolicy: {loadBalancer: {${settings}}}`).problems[0] ?? '', problem, settings);
  }
});

test('faulty rules are refused', () => {
  assert.match(read('subsets: []').problems[0] ?? '', /^error a\.yaml:5:3: spec needs host/);
  assert.match(read('host: com.acme.*').problems[0] ?? '', /leading wildcards/);
  assert.match(read('host: a\nexportTo: [b]').problems[0] ?? '', /exportTo "b" is not implemented/);
  assert.match(read('host: a\nsubsets: [{name: v, labels: {version: 1.0}}]').problems[0] ?? '', /labels\.version must be a text/);
  assert.match(read('host: a\nsubsets: [{name: v}, {name: v}]').problems[0] ?? '', /there is a subset "v" already/);
  assert.match(read('host: a\nsubsets: [{labels: {a: b}}]').problems[0] ?? '', /spec\.subsets\[0\] needs name/);
  assert.match(read('host: a\nsubset: []').problems[0] ?? '', /unknown key "subset" in spec\. Did you mean "subsets"\?/);
});

test('other kinds are skipped, and what would protect or misname a service is refused', () => {
  const of = (apiVersion: string, kind: string) =>
    readText(`apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: a}\nspec: {host: a}\n`).problems;
  assert.match(of('apps/v1', 'Deployment')[0] ?? '', /^warning a\.yaml:2:7: Deployment \(apps\/v1\) is skipped/);
  assert.match(of('networking.istio.io/v1', 'Gateway')[0] ?? '', /^warning .*Gateway .*is skipped/);
  assert.match(of('security.istio.io/v1', 'AuthorizationPolicy')[0] ?? '', /^error .*less protected/);
  assert.match(of('networking.istio.io/v1', 'DestinationRul')[0] ?? '', /^error .*Did you mean "DestinationRule"\?/);
  assert.match(of('service.dubbo.apache.org/v1alpha1', 'DestinationRule')[0] ?? '', /^error a\.yaml:1:13: .*is not Istio's/);
  for (const version of ['v1', 'v1beta1', 'v1alpha3']) assert.deepEqual(of(`networking.istio.io/${version}`, 'DestinationRule'), []);
  assert.match(readText('kind: X\n').problems[0] ?? '', /needs apiVersion/);
  assert.match(readText('- a\n').problems[0] ?? '', /the document must be a mapping, not a list/);
  assert.match(
    readText(resourceText('DestinationRule', 'host: a').replace('{name: users}', '{}')).problems[0] ?? '',
    /metadata needs name/,
  );
});

test('the items of a List are read where they stand, and a List that holds itself ends', () => {
  const list = 'apiVersion: v1\nkind: List\nitems:\n- apiVersion: networking.istio.io/v1\n  kind: DestinationRule\n';
  const { resources, problems } = readText(`${list}  metadata: {name: a}\n  spec: {host: a, hots: b}\n`);
  assert.equal(resources.length, 1);
  assert.deepEqual(problems, ['error a.yaml:7:19: unknown key "hots" in items[0].spec. Did you mean "host"?']);
  assert.match(readText('&a {apiVersion: v1, kind: List, items: [*a]}').problems[0] ?? '', /List \(v1\) is skipped/);
});

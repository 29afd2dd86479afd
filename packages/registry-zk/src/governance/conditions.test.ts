import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FLEET, Governed } from '../testing/governed.ts';

const SERVICE_NODE = `${FLEET}::.condition-router`;

function service(conditions: readonly string[], more = ''): string {
  const list = conditions.map((each) => `  - ${JSON.stringify(each)}`).join('\n');
  return `configVersion: v3.0\nscope: service\nforce: true\nenabled: true\nruntime: true\nkey: ${FLEET}\n${more}conditions:\n${list}\n`;
}

function fleet(conditions: readonly string[], more = ''): Governed {
  return new Governed()
    .read()
    .providers({ 1: { region: 'east' }, 2: { region: 'west' }, 3: {} })
    .config(SERVICE_NODE, service(conditions, more));
}

describe('conditions on calls', () => {
  const to1 = 'address=127.0.0.1:1';
  const all = [1, 2, 3];
  const cases: readonly [condition: string, method: string, headers: Readonly<Record<string, string>>, isRouted: boolean][] = [
    ['method = echo', 'echo', {}, true],
    ['method=find*,echo', 'findAll', {}, true],
    ['methods = *All', 'findAll', {}, true],
    ['method = find*,get*', 'echo', {}, false],
    ['method != echo', 'echo', {}, false],
    ['method != echo', 'date', {}, true],
    ['method = e* & method != echo', 'echo', {}, false],
    ['method = e* & method != echo', 'export', {}, true],
    ['', 'echo', {}, true],
    ['true', 'echo', {}, true],
    ['attachments[env] = gray', 'echo', { env: 'gray' }, true],
    ['attachments[env] = gray', 'echo', {}, false],
    ['attachments[env] != gray', 'echo', { env: 'blue' }, true],
    ['attachments[env] != gray', 'echo', {}, false],
    ['arguments[0] = 1~5,9', 'echo', { ':argument[0]': '5' }, true],
    ['arguments[0] = 1~5,9', 'echo', { ':argument[0]': '9' }, true],
    ['arguments[0] = 1~5,9', 'echo', { ':argument[0]': '6' }, false],
    ['arguments[0] != a', 'echo', {}, true],
    ['application = web', 'echo', { 'remote.application': 'web' }, true],
    ['consumer.application = web', 'echo', { 'remote.application': 'shop' }, false],
    [`interface = ${FLEET}`, 'echo', {}, true],
    ['interface = com.acme.*', 'echo', {}, true],
    ['interface = com.other.*', 'echo', {}, false],
    ['group = a', 'echo', {}, false],
    ['host = *', 'echo', {}, true],
  ].map((each) => each as [string, string, Record<string, string>, boolean]);
  for (const [condition, method, headers, isRouted] of cases) {
    test(`${condition || 'none'}: ${method} ${JSON.stringify(headers)}`, () => {
      assert.deepEqual(fleet([`${condition} => ${to1}`]).takers(headers, method), isRouted ? [1] : all);
    });
  }
});

describe('conditions on providers', () => {
  const cases: readonly [condition: string, takers: readonly number[]][] = [
    ['address = 127.0.0.1:1,127.0.0.1:3', [1, 3]],
    ['address = *:2', [2]],
    ['address != 127.0.0.1:2', [1, 3]],
    ['host = 127.0.0.*', [1, 2, 3]],
    ['host != 127.0.0.1', []],
    ['provider.port = 3', [3]],
    ['port != 3', [1, 2]],
    ['region = east', [1]],
    ['region != east', [2]],
    ['region = *', [1, 2]],
    ['application = fleet-provider & port = 1', [1]],
    [`interface = $interface`, [1, 2, 3]],
    ['timestamp = 0~5 & port = 1', [1]],
    ['timestamp = 2~5', []],
    ['', []],
    ['false', []],
  ];
  for (const [condition, takers] of cases) {
    test(condition || 'nothing: nobody', () => assert.deepEqual(fleet([`=> ${condition}`]).takers(), takers));
  }
});

test('a condition that leaves nobody is passed over without force, but an empty one never', () => {
  const rule = (condition: string): string => service([condition]).replace('force: true', 'force: false');
  const governed = fleet([]).config(SERVICE_NODE, rule('=> host = 10.9.9.9'));
  assert.deepEqual(governed.takers(), [1, 2, 3]);
  governed.config(SERVICE_NODE, rule('method = echo =>'));
  assert.deepEqual(governed.takers(), []);
  assert.deepEqual(governed.takers({}, 'date'), [1, 2, 3]);
});

test('conditions apply one after another', () => {
  assert.deepEqual(fleet(['=> address != 127.0.0.1:1', 'method = echo => address != 127.0.0.1:2']).takers(), [3]);
});

test('what the proxy cannot see of a consumer is shown with the reason, said once, and has no effect', () => {
  const governed = fleet(['port = 1 => false', 'region = a => region = $region', 'attachments[a.b] = c => port = 1']);
  assert.deepEqual(governed.takers(), [1, 2, 3]);
  assert.deepEqual(
    governed.rules.map(({ text, fault }) => `${text}: ${fault}`),
    [
      'port = 1 => false: port is what a consumer says of itself, which is not in its calls',
      'region = a => region = $region: region is what a consumer says of itself, which is not in its calls',
      'attachments[a.b] = c => port = 1: Dubbo itself finds no attachment whose name has a dot, as a.b',
    ],
  );
  governed.providers({ 1: {} });
  assert.equal(governed.log.length, 3);
});

test('a rule is for its own service, version and group', () => {
  const governed = new Governed().read().providers({ 1: { version: '1.0', group: 'g' } });
  for (const name of [`${FLEET}::`, `${FLEET}:1.0:`, `${FLEET}::g`]) governed.config(`${name}.condition-router`, service(['=> ']));
  assert.deepEqual(governed.takers(), [1]);
  governed.config(`${FLEET}:1.0:g.condition-router`, service(['=> ']));
  assert.deepEqual(governed.takers(), []);
});

test("an application's rule is for the services it provides, and for its own calls of others", () => {
  const governed = new Governed().read().providers({ 1: {}, 2: {} });
  const rule = (key: string): string => service(['=> port = 2']).replace('scope: service', 'scope: application').replace(FLEET, key);
  governed.config('web.condition-router', rule('web'));
  assert.deepEqual(governed.takers(), [1, 2]);
  assert.deepEqual(governed.takers({ 'remote.application': 'web' }), [2]);
  governed.config('fleet-provider.condition-router', rule('fleet-provider'));
  assert.deepEqual(governed.takers(), [2]);
  assert.deepEqual(governed.rules.map(({ text }) => text).sort(), ['=> port = 2', 'calls of web: => port = 2']);
});

test('rules of 2.6 are applied before the tags, or where their priority says', () => {
  const url = (priority: number): string =>
    `condition://0.0.0.0/${FLEET}?category=routers&dynamic=false&enabled=true&force=true&name=a&priority=${priority}&rule=${encodeURIComponent('method = echo => port = 1,3')}&runtime=false`;
  const governed = new Governed().read().providers({ 1: { 'dubbo.tag': 'gray' }, 2: {}, 3: {} });
  governed.config(SERVICE_NODE, service(['=> port != 9'])).old('routers', [url(50)]);
  assert.deepEqual(governed.takers(), [3]);
  assert.equal(governed.rules[0]?.text, 'method = echo => port = 1,3');
  assert.match(governed.rules[0]?.origin ?? '', new RegExp(`^/dubbo/${FLEET}/routers/condition%3A%2F%2F`));
  governed.old('routers', [url(120)]);
  assert.equal(governed.rules.at(-2)?.text, 'method = echo => port = 1,3');
  governed.old('routers', [url(0).replace('enabled=true', 'enabled=false'), url(1).replace('?', '?compatible_config=true&')]);
  assert.deepEqual(governed.takers(), [2, 3]);
  governed.old('routers', [url(0).replace('condition', 'route'), url(0).replace('condition', 'script')]);
  assert.deepEqual(
    governed.rules
      .slice(0, 2)
      .map(({ fault }) => fault)
      .sort(),
    ['it says no router: write router=condition', 'routers of type script are not supported'],
  );
  governed.old('routers', [url(0).replace('?', '?version=1.0&')]);
  assert.deepEqual(governed.takers(), [2, 3]);
  governed.old('routers', []);
  assert.deepEqual(governed.takers(), [2, 3]);
});

test('a rule without conditions has a warning that says what to do, and what it said before stays in force', () => {
  const governed = fleet(['=> port = 2']);
  const typo = service(['=> port = 3']).replace('conditions:', 'condition:');
  for (const text of [typo, `${service([])}enabled: false\n`, service(['=> port = 3'], 'valid: false\n')]) {
    governed.config(SERVICE_NODE, text);
    assert.deepEqual(governed.takers(), [2]);
  }
  const node = `/dubbo/config/dubbo/${SERVICE_NODE}`;
  const kept = `warn: cannot understand ${node}, so that what it said before stays in force; mend or remove the node`;
  const missing = `${kept} (it has no conditions: write conditions: and a list of them; to switch it off, enabled: false beside them)`;
  assert.deepEqual(governed.log, [missing, missing, `${kept} (it says valid: false; to switch it off, write enabled: false)`]);
  governed.config(SERVICE_NODE, service(['=> port = 3']).replace('enabled: true', 'enabled: false'));
  assert.deepEqual(governed.takers(), [1, 2, 3]);
});

test('scripts, mesh rules and affinity are shown as not supported', () => {
  const governed = new Governed().read().providers({ 1: {} });
  governed.config('fleet-provider.script-router', 'script: x').config('fleet-provider.MESHAPPRULE', 'kind: VirtualService');
  governed.config(`${FLEET}::.affinity-router`, 'affinityAware: { key: region, ratio: 20 }');
  assert.deepEqual(
    governed.rules.map(({ text, origin }) => `${text} ${origin}`),
    [
      'mesh rule /dubbo/config/dubbo/fleet-provider.MESHAPPRULE',
      `affinity /dubbo/config/dubbo/${FLEET}::.affinity-router`,
      'script /dubbo/config/dubbo/fleet-provider.script-router',
    ],
  );
  assert.equal(
    governed.rules.every(({ fault }) => fault !== undefined),
    true,
  );
});

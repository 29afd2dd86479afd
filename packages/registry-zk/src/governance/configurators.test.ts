import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FLEET, Governed } from '../testing/governed.ts';

const OLD = `category=configurators&dynamic=false&enabled=true`;
const APP_NODE = 'fleet-provider.configurators';
const SERVICE_NODE = `${FLEET}::.configurators`;

// As Dubbo Admin writes it.
const WEIGHT = `configVersion: v2.7
enabled: true
key: ${FLEET}
scope: service
configs:
  - addresses: ["127.0.0.1:1"]
    enabled: true
    side: provider
    type: weight
    parameters: { weight: 200 }
`;

function fleet(): Governed {
  return new Governed().read().providers({ 1: {}, 2: { weight: '50' } });
}

test('a weight by address, with the node that says it, and nothing but that is delivered anew', () => {
  const governed = fleet();
  const before = governed.entry.endpoints;
  governed.delivered();
  governed.config(SERVICE_NODE, WEIGHT);
  assert.deepEqual(governed.weights, { 1: 200, 2: 50 });
  assert.deepEqual(governed.effects, { 1: ['weight 200, was 100'] });
  assert.equal(governed.entry.endpoints[0]?.overrides?.[0]?.origin, `/dubbo/config/dubbo/${SERVICE_NODE}`);
  assert.equal(governed.entry.endpoints[1], before[1]);
  assert.equal(governed.delivered().length, 1);
  const [changed] = governed.entry.endpoints;
  governed.config(SERVICE_NODE, `${WEIGHT}\n`).config('other.properties', 'a=b');
  assert.deepEqual(governed.delivered(), []);
  governed.providers({ 1: {}, 2: { weight: '50' }, 3: {} });
  assert.equal(governed.entry.endpoints[0], changed);
  governed.config(SERVICE_NODE, undefined);
  assert.deepEqual(governed.weights, { 1: 100, 2: 50, 3: 100 });
  assert.deepEqual(governed.effects, {});
});

test('a provider that applied the rule itself shows it, too', () => {
  const governed = new Governed()
    .read()
    .providers({ 1: { weight: '200' } })
    .config(SERVICE_NODE, WEIGHT);
  assert.deepEqual(governed.effects, { 1: ['weight 200, as it says itself'] });
});

test('timeouts are metadata, which give calls their deadline; other parameters are labels as those of providers are', () => {
  const rule = WEIGHT.replace('weight: 200', 'timeout: 500, echo.timeout: 90, region: east').replace('type: weight', 'type: general');
  const [endpoint] = fleet().config(SERVICE_NODE, rule).entry.endpoints;
  assert.equal(endpoint?.metadata.get('timeout'), '500');
  assert.equal(endpoint?.metadata.get('echo.timeout'), '90');
  assert.equal(endpoint?.labels.get('region'), 'east');
  assert.deepEqual(
    endpoint?.overrides?.map(({ effect }) => effect),
    ['timeout 500, was not set', 'echo.timeout 90, was not set', 'region east, was not set'],
  );
});

test('a disabled provider gets no calls, and is not counted when its tag is looked for', () => {
  const governed = new Governed()
    .read()
    .providers({ 1: { 'dubbo.tag': 'gray' }, 2: {} })
    .old('configurators', [`override://127.0.0.1:1/${FLEET}?${OLD}&disabled=true`]);
  assert.deepEqual(governed.weights, { 1: 0, 2: 100 });
  assert.deepEqual(governed.takers({ 'dubbo.tag': 'gray' }), [2]);
  assert.equal(governed.rules[0]?.text, 'disabled: 127.0.0.1:1');
  assert.match(governed.rules[0]?.origin ?? '', /configurators\/override%3A%2F%2F127\.0\.0\.1/);
  governed.old('configurators', [`override://127.0.0.1:1/${FLEET}?${OLD}&enabled=false`]);
  assert.deepEqual(governed.weights, { 1: 100, 2: 100 });
});

test('a provider that says itself that it is disabled is left out, and the rule shown', () => {
  const governed = fleet().old('configurators', [`override://127.0.0.1:3/${FLEET}?${OLD}&disabled=true`]);
  assert.deepEqual(governed.takers(), [1, 2]);
  assert.deepEqual(
    governed.rules.map(({ text, fault }) => [text, fault]),
    [['override://127.0.0.1:3 disabled=true: a provider that says so itself is left out already', undefined]],
  );
});

test('what a rule sets is in force and not shown when its name is that of a secret', () => {
  const governed = new Governed().read().providers({ 1: { token: 'hunter1' }, 2: {} });
  governed.old('configurators', [
    `override://0.0.0.0/${FLEET}?${OLD}&token=hunter2`,
    `override://127.0.0.1:3/${FLEET}?${OLD}&disabled=true&password=hunter3`,
  ]);
  assert.equal(governed.entry.endpoints[0]?.metadata.get('token') ?? governed.entry.endpoints[0]?.labels.get('token'), 'hunter2');
  assert.deepEqual(governed.effects, { 1: ['token ******, was ******'], 2: ['token ******, was not set'] });
  assert.match(governed.rules[0]?.text ?? '', /disabled=true password=\*{6}:/);
});

test('2.6: of all, of one address, of other ports and of services that are not the same', () => {
  const weights = (...urls: string[]): Record<number, number> => fleet().old('configurators', urls).weights;
  assert.deepEqual(weights(`override://0.0.0.0/${FLEET}?${OLD}&weight=7`), { 1: 7, 2: 7 });
  assert.deepEqual(weights(`override://127.0.0.1:2/${FLEET}?${OLD}&weight=7`), { 1: 100, 2: 7 });
  assert.deepEqual(weights(`override://10.0.0.1:2/${FLEET}?${OLD}&weight=7`), { 1: 100, 2: 50 });
  assert.deepEqual(weights(`override://0.0.0.0/${FLEET}?${OLD}&version=1.0&weight=7`), { 1: 100, 2: 50 });
  assert.deepEqual(weights(`override://0.0.0.0/${FLEET}?${OLD}&weight=7`.replace('enabled=true', 'enabled=false')), { 1: 100, 2: 50 });
  assert.deepEqual(weights(`override://0.0.0.0/${FLEET}?${OLD}&compatible_config=true&weight=7`), { 1: 100, 2: 50 });
  assert.deepEqual(weights(`override://0.0.0.0/${FLEET}?${OLD}&~weight=50&weight=7`), { 1: 100, 2: 7 });
  assert.deepEqual(weights(`override://0.0.0.0/${FLEET}?${OLD}&application=fleet-provider&weight=7`), { 1: 7, 2: 7 });
  assert.deepEqual(weights(`absent://0.0.0.0/${FLEET}?${OLD}&weight=7`), { 1: 7, 2: 50 });
});

test('the more specific wins: a host over all, priority, the application over 2.6, the service over the application', () => {
  const [all, one] = [`override://0.0.0.0/${FLEET}?${OLD}&weight=1`, `override://127.0.0.1:1/${FLEET}?${OLD}&weight=2`];
  const governed = fleet().old('configurators', [one, all]);
  assert.deepEqual(governed.weights, { 1: 2, 2: 1 });
  governed.old('configurators', [`${all}0&priority=2`, `${all}5&priority=1`]);
  assert.deepEqual(governed.weights, { 1: 10, 2: 10 });
  const app = (weight: number): string =>
    `configVersion: v2.7\nscope: application\nkey: fleet-provider\nconfigs:\n- side: provider\n  parameters: { weight: ${weight} }\n`;
  // Consumers apply the rules of 2.6 again to what providers made of themselves.
  governed.old('configurators', [all.replace('&weight', '&side=provider&weight')]).config(APP_NODE, app(3));
  assert.deepEqual(governed.weights, { 1: 3, 2: 3 });
  governed.config(SERVICE_NODE, WEIGHT);
  assert.deepEqual(governed.weights, { 1: 200, 2: 3 });
  governed.old('configurators', [all.replace('&weight', '&application=fleet-provider&weight')]);
  assert.deepEqual(governed.weights, { 1: 200, 2: 3 });
  governed.config(APP_NODE, app(3).replace('configs:', 'enabled: false\nconfigs:'));
  assert.deepEqual(governed.weights, { 1: 200, 2: 1 });
});

test('an application says of which of its services', () => {
  const rule = (services: string): string =>
    `configVersion: v2.7\nscope: application\nkey: fleet-provider\nconfigs:\n- side: provider\n  services: ${services}\n  parameters: { weight: 9 }\n`;
  assert.deepEqual(fleet().config(APP_NODE, rule('["*"]')).weights, { 1: 9, 2: 9 });
  assert.deepEqual(fleet().config(APP_NODE, rule(`[a.B, ${FLEET}]`)).weights, { 1: 9, 2: 9 });
  assert.deepEqual(fleet().config(APP_NODE, rule('[a.B]')).weights, { 1: 100, 2: 50 });
  assert.deepEqual(fleet().config('other.configurators', rule('["*"]')).weights, { 1: 100, 2: 50 });
});

test('providerAddresses narrow a rule of consumers', () => {
  const rule = WEIGHT.replace('side: provider', 'side: consumer\n    providerAddresses: ["127.0.0.1:2"]').replace('127.0.0.1:1', '0.0.0.0');
  assert.deepEqual(fleet().config(SERVICE_NODE, rule).weights, { 1: 100, 2: 200 });
});

test('rules of version 3.0 match by address, application and parameter', () => {
  const rule = (match: string): string =>
    `configVersion: v3.0\nscope: service\nkey: ${FLEET}\nconfigs:\n- side: provider\n  match: ${match}\n  parameters: { weight: 9 }\n`;
  const first = { 1: 9, 2: 50 };
  const none = { 1: 100, 2: 50 };
  const weights = (match: string): Record<number, number> =>
    new Governed()
      .read()
      .providers({ 1: { region: 'east' }, 2: { weight: '50' } })
      .config(SERVICE_NODE, rule(match)).weights;
  assert.deepEqual(weights('{ param: [{ key: region, value: { exact: east } }] }'), first);
  assert.deepEqual(weights('{ param: [{ key: region, value: { noempty: "" } }] }'), first);
  assert.deepEqual(weights('{ providerAddress: { exact: "127.0.0.1:1" } }'), first);
  assert.deepEqual(weights('{ address: { wildcard: "127.*" }, providerAddress: { wildcard: "*:1" } }'), first);
  assert.deepEqual(weights('{ address: { cird: "127.0.0.0/8" }, providerAddress: { wildcard: "*:1" } }'), first);
  assert.deepEqual(weights('{ address: { cird: "10.0.0.0/8" } }'), none);
  assert.deepEqual(weights('{ app: { oneof: [{ exact: other }] } }'), none);
  assert.deepEqual(weights(`{ app: { oneof: [{ exact: fleet-provider }] }, service: { oneof: [{ exact: ${FLEET} }] } }`), { 1: 9, 2: 9 });
});

test('what is for some consumers only is shown with the reason, and has no effect', () => {
  const faults = (governed: Governed): (string | undefined)[] => governed.rules.map(({ fault }) => fault);
  const consumers = WEIGHT.replace('side: provider', 'side: consumer').replace('127.0.0.1:1', '10.0.0.1');
  assert.deepEqual(faults(fleet().config(SERVICE_NODE, consumers)), [
    'it is for the consumer at 10.0.0.1: endpoints are the same for all callers',
  ]);
  assert.deepEqual(
    faults(fleet().config(SERVICE_NODE, consumers.replace('10.0.0.1', '0.0.0.0').replace('type:', 'applications: [a]\n    type:'))),
    ['it is for consumers of application a: endpoints are the same for all callers'],
  );
  assert.deepEqual(faults(fleet().config(SERVICE_NODE, WEIGHT.replace('    side: provider\n', ''))), [
    'it says no side, so that Dubbo applies it nowhere',
  ]);
  assert.deepEqual(faults(fleet().config(SERVICE_NODE, WEIGHT)), []);
});

test('what an application is told as a consumer is said in the log', () => {
  const governed = fleet().config(
    APP_NODE,
    WEIGHT.replace('scope: service', 'scope: application').replace('side: provider', 'side: consumer'),
  );
  assert.deepEqual(governed.log, [
    `warn: what /dubbo/config/dubbo/${APP_NODE} says to consumers is not followed: endpoints are the same for all callers`,
  ]);
});

test('a rule that cannot be understood keeps what it said before, with its node and line', () => {
  const governed = fleet().config(SERVICE_NODE, WEIGHT).config(SERVICE_NODE, `${WEIGHT}  - [`);
  assert.deepEqual(governed.weights, { 1: 200, 2: 50 });
  assert.equal(governed.log.length, 1);
  assert.match(
    governed.log[0] ?? '',
    /^warn: cannot understand \/dubbo\/config\/dubbo\/com\.acme\.api\.Fleet::\.configurators, so that what it said before stays in force; mend or remove the node \(line \d+: /,
  );
  governed
    .config(APP_NODE, '[]')
    .config(APP_NODE, 'just text')
    .old('configurators', ['nonsense', `override://0.0.0.0/${FLEET}?${OLD}&a=b`]);
  assert.equal(governed.log.length, 4);
  governed.config(SERVICE_NODE, undefined);
  assert.deepEqual(governed.weights, { 1: 100, 2: 50 });
});

test('a list of URLs, as older versions of Dubbo Admin write it', () => {
  const list = JSON.stringify([`override://0.0.0.0/${FLEET}?${OLD}&weight=3`]);
  assert.deepEqual(fleet().config(SERVICE_NODE, list).weights, { 1: 3, 2: 3 });
});

test('nothing is delivered before all rules were read, and then at once', () => {
  const governed = new Governed().providers({ 1: {} }).config(SERVICE_NODE, WEIGHT);
  assert.deepEqual(governed.delivered(), []);
  governed.read();
  assert.deepEqual(governed.weights, { 1: 200 });
});

test('a rule that would take all time or memory is refused with the reason', () => {
  const list = (letter: string): string => `[${Array.from({ length: 101 }, (_, index) => `${letter}${index}`).join(', ')}]`;
  const many = WEIGHT.replace('["127.0.0.1:1"]', list('host')).replace('type:', `applications: ${list('app')}\n    type:`);
  assert.match(fleet().config(SERVICE_NODE, many).log[0] ?? '', /configs names more than 10000 addresses, each with each application/);
  const long = `${WEIGHT}# ${'x'.repeat(300_000)}`;
  assert.match(fleet().config(SERVICE_NODE, long).log[0] ?? '', /it has \d+ characters, more than 262144/);
});

test('of keys that are written twice the last counts, however many there are', () => {
  const keys = Array.from({ length: 12_000 }, (_, index) => `k${index}: 1\n`).join('');
  const before = process.cpuUsage();
  assert.deepEqual(fleet().config(SERVICE_NODE, `${WEIGHT.replace('weight: 200', 'weight: 7, weight: 200')}${keys}`).weights, {
    1: 200,
    2: 50,
  });
  // Comparing each with each takes twice as long.
  assert.ok(process.cpuUsage(before).user < 1_200_000);
});

import assert from 'node:assert/strict';
import { afterEach, before, describe, test } from 'node:test';
import { CALL_SERVICE } from './support/governance.ts';
import { CONSUMERS, GovernedFleet, PROVIDERS, SETTLE_MILLISECONDS } from './support/governed-fleet.ts';
import { suiteOwner } from './support/owner.ts';
import { type DubboModule, PeerError } from './support/peers.ts';
import { requireJava } from './support/requirements.ts';

const NOBODY: readonly string[] = [];
const GRAY = { 'dubbo.tag': 'gray' };
const BLUE = { 'dubbo.tag': 'blue' };
const FORCED = { 'dubbo.force.tag': 'true' };

describe("the rules of Dubbo's operators in ZooKeeper: the same providers answer with and without the proxy", {
  skip: requireJava(),
}, () => {
  const owner = suiteOwner();
  let fleet: GovernedFleet;

  before(async () => {
    fleet = await GovernedFleet.start(owner);
  });

  afterEach(async () => {
    await fleet.rules.clear();
    await fleet.answered({ by: ['a', 'b'] }, { attachments: GRAY, by: ['gray'] });
  });

  test('tags that providers say themselves', async () => {
    await fleet.answered(
      { attachments: BLUE, by: ['a', 'b'] },
      { attachments: { ...GRAY, ...FORCED }, by: ['gray'] },
      { attachments: { ...BLUE, ...FORCED }, by: NOBODY },
    );
  });

  test('tags that a rule gives', async () => {
    await fleet.tags(false, 'blue', '127.0.0.2/32');
    await fleet.answered(
      { attachments: BLUE, by: ['a'] },
      { attachments: GRAY, by: ['gray'] },
      // Consumers of 2.7 send these also to providers with a tag that no rule knows.
      { by: ['b'], as: ['dubbo3'] },
      { attachments: { ...BLUE, ...FORCED }, by: ['a'] },
    );
  });

  test('a tag whose rule says force and that nobody has', async () => {
    await fleet.tags(true, 'blue', '127.0.0.9/32');
    await fleet.answered({ attachments: BLUE, by: NOBODY }, { by: ['a', 'b'], as: ['dubbo3'] });
  });

  test('conditions on the method, the argument and the attachments', async () => {
    const node = await fleet.conditions(
      CALL_SERVICE,
      true,
      `method=slow => address=${fleet.address('b')}`,
      'method=who & arguments[0]=other => host=10.9.9.9',
      `attachments[env]=x* => port=${fleet.portOf('a')}`,
    );
    await fleet.answered(
      { method: 'slow', by: ['b'] },
      { by: ['a', 'b'] },
      // Attachments are looked at since 3.
      { attachments: { env: 'xyz' }, by: ['a'], as: ['dubbo3'] },
      { attachments: { env: 'y' }, by: ['a', 'b'] },
    );
    const said = await fleet.proxy.explain('--service', CALL_SERVICE, '--method', 'slow');
    assert.match(
      said,
      new RegExp(`${node}[^]*method=slow => address=${fleet.address('b')}|method=slow => address=${fleet.address('b')}[^]*${node}`),
    );
  });

  test('a method that nobody may call, forced or not', async () => {
    await fleet.conditions(CALL_SERVICE, false, 'method=slow => ');
    await fleet.answered({ method: 'slow', by: NOBODY }, { by: ['a', 'b'] });
  });

  test('a condition that no provider meets, without force', async () => {
    await fleet.conditions(CALL_SERVICE, false, 'method=slow => host=10.9.9.9', 'method=who => region=b');
    await fleet.answered({ by: ['b'] }, { method: 'slow', by: ['a', 'b'] });
  });

  test("conditions of the consumers' application, and of the providers'", async () => {
    await fleet.conditions(CONSUMERS, true, '=> region=a');
    await fleet.answered({ by: ['a'] });
    await fleet.rules.clear();
    await fleet.conditions(PROVIDERS, true, '=> region=b');
    await fleet.answered({ by: ['b'], as: ['dubbo3'] });
  });

  test('a route of 2.6, which 3 does not follow', async () => {
    const rule = encodeURIComponent(`method = slow => address = ${fleet.address('a')}`);
    await fleet.rules.old(
      'routers',
      `condition://0.0.0.0/${CALL_SERVICE}?category=routers&dynamic=false&enabled=true&force=true&name=slow&rule=${rule}`,
    );
    await fleet.answered({ method: 'slow', by: ['a'], as: ['dubbo27'] }, { by: ['a', 'b'] });
  });

  test("conditions on the consumer's host, which is where its connections come from", async () => {
    await fleet.conditions(CALL_SERVICE, true, 'host = 127.0.0.1 => region=a', 'host != 127.0.0.*,10.0.0.1 => ');
    await fleet.answered({ by: ['a'] });
    await fleet.answeredElsewhere({ by: ['a', 'b'] });
    const asked = ['--service', CALL_SERVICE, '--method', 'who'];
    for (const source of ['127.0.0.1', '::ffff:127.0.0.1']) {
      assert.match(await fleet.proxy.explain(...asked, '--source', source), /host = 127\.0\.0\.1 => region=a [\s\S]*chose 1 of/);
    }
    await fleet.rules.clear();
    await fleet.conditions(CALL_SERVICE, true, 'host != 10.0.0.1,127.0.0.1 => false', 'host = 10.*,127.* & method = slow => region=b');
    await fleet.answered({ method: 'slow', by: ['b'] }, { by: ['a', 'b'] });
    await fleet.answeredElsewhere({ by: NOBODY });
    await fleet.rules.clear();
    await fleet.conditions(CALL_SERVICE, true, '=> host = $host');
    await fleet.answered({ by: ['b'] });
    await fleet.answeredElsewhere({ by: NOBODY });
    await fleet.rules.clear();
    await fleet.conditions(CALL_SERVICE, true, '=> host != $host');
    await fleet.answered({ by: ['a'] });
    await fleet.answeredElsewhere({ by: ['a', 'b'] });
  });

  test("a route of 2.6 on the consumer's host, which is not its own", async () => {
    const rule = encodeURIComponent('consumer.host = 127.0.0.1 => provider.host = 127.0.0.2');
    await fleet.rules.old(
      'routers',
      `route://10.9.9.9/${CALL_SERVICE}?category=routers&router=condition&dynamic=false&force=true&name=host&rule=${rule}`,
    );
    await fleet.answered({ by: ['a'], as: ['dubbo27'] });
    await fleet.answeredElsewhere({ by: ['a', 'b'] });
  });

  test('calls that are divided between sets of providers by weight', async () => {
    const as: readonly DubboModule[] = ['dubbo3'];
    const sets = (first: number, second: number): string =>
      `[{ match: region=a, weight: ${first} }, { match: region=b, weight: ${second} }]`;
    await fleet.destinations(
      CALL_SERVICE,
      true,
      `{ from: { match: method=who }, to: ${sets(10, 90)} }`,
      '{ from: { match: method=slow } }',
    );
    await fleet.shared('b', as, (part) => part > 0.79 && part < 0.97);
    await fleet.answered({ method: 'slow', by: NOBODY, as });
    assert.match(
      await fleet.proxy.explain('--service', CALL_SERVICE, '--method', 'who'),
      /drew 1 of 2 endpoints by weight 90; or drew 1 of 2 endpoints by weight 10[\s\S]*89 % of calls[\s\S]*11 % of calls/,
    );
    await fleet.rules.clear();
    // Dubbo draws 0 or 1, and either is the first's.
    await fleet.destinations(CALL_SERVICE, true, `{ to: ${sets(1, 1)} }`);
    await fleet.answered({ by: ['a'], as });
    await fleet.rules.clear();
    await fleet.destinations(CALL_SERVICE, true, '{ to: [{ match: region=nowhere }, { match: "host=127.0.0.1", weight: -1 }] }');
    await fleet.answered({ by: ['b'], as });
  });

  test('a rule that lost its conditions goes on as it was', async () => {
    const node = await fleet.conditions(CALL_SERVICE, true, '=> region=a');
    await fleet.answered({ by: ['a'] });
    await fleet.rules.rewrite(
      node,
      `configVersion: v3.0\nscope: service\nforce: true\nkey: ${CALL_SERVICE}\ncondition:\n  - => region=b\n`,
    );
    await fleet.proxy.until('/registry', () => fleet.proxy.log.includes(`cannot understand ${node}`));
    // Whoever knows of this has heard of the other, too.
    await fleet.tags(true, 'blue', '127.0.0.9/32');
    await fleet.answered({ attachments: BLUE, by: NOBODY }, { by: ['a'] });
  });

  test('a disabled provider, by a rule of 2.6, by one for consumers and by one that it applies itself', async () => {
    // Consumers of 3.3 go on calling providers that they know.
    const as: readonly DubboModule[] = ['dubbo27'];
    const node = await fleet.rules.old(
      'configurators',
      `override://${fleet.address('a')}/${CALL_SERVICE}?category=configurators&dynamic=false&enabled=true&disabled=true`,
    );
    await fleet.answered({ by: ['b'], as });
    const said = await fleet.proxy.explain('--service', CALL_SERVICE, '--method', 'who');
    assert(said.includes(node), said);
    await fleet.rules.clear();
    await fleet.configure(
      `{ side: consumer, addresses: ["0.0.0.0"], providerAddresses: ["${fleet.address('gray')}"], parameters: { disabled: true } }`,
    );
    await fleet.answered({ attachments: GRAY, by: ['a', 'b'], as });
    await fleet.rules.clear();
    await fleet.configure(`{ side: provider, addresses: ["${fleet.address('b')}"], parameters: { disabled: true } }`);
    await fleet.answered({ by: ['a'], as });
  });

  test('weights, by a rule of 2.6 and by one that the provider applies itself', async () => {
    const isHeavy = (part: number): boolean => part > 0.83 && part < 0.98;
    const old = await fleet.rules.old(
      'configurators',
      `override://${fleet.address('a')}/${CALL_SERVICE}?category=configurators&dynamic=false&enabled=true&weight=1000`,
    );
    await fleet.shared('a', ['dubbo27'], isHeavy);
    assert((await fleet.proxy.explain('--service', CALL_SERVICE, '--method', 'who', '-o', 'json')).includes(old));
    await fleet.rules.clear();
    const node = await fleet.configure(`{ side: provider, addresses: ["${fleet.address('b')}"], parameters: { weight: 1000 } }`);
    await fleet.shared('b', ['dubbo27'], isHeavy);
    assert.match(
      await fleet.proxy.explain('--service', CALL_SERVICE, '--method', 'who'),
      new RegExp(`weight 1000[^]*${node}|${node}[^]*weight 1000`),
    );
  });

  test('a timeout, for callers that bring none', async () => {
    await fleet.configure('{ side: consumer, addresses: ["0.0.0.0"], parameters: { timeout: 300 } }');
    for (const on of ['direct', 'proxied']) {
      const late = async (): Promise<string | undefined> => {
        try {
          await fleet.consumerOf('dubbo27').call({ on, method: 'slow', args: [1000, 'token'] });
          return undefined;
        } catch (error) {
          return error instanceof PeerError ? error.code : String(error);
        }
      };
      const deadline = Date.now() + SETTLE_MILLISECONDS;
      while ((await late()) === undefined && Date.now() < deadline);
      assert.equal(await late(), 'TIMEOUT', on);
    }
  });
});

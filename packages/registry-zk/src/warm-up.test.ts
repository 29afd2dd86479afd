import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Endpoint } from '@polywire/core/spi';
import { DubboLayout } from './dubbo/dubbo-layout.ts';
import { SofaLayout } from './sofa/sofa-layout.ts';
import { FLEET, Governed } from './testing/governed.ts';
import { named, TestLeaf } from './testing/leaf.ts';
import { javaUrlEncode, providerUrl } from './testing/providers.ts';

const STARTED = Date.UTC(2026, 0, 1);
const LINEAR = { leastWeight: 1, leastShare: 0, exponent: 1, whole: true };

function log(): void {}

/** How an endpoint starts that registers with these parameters. */
function dubbo(parameters: Readonly<Record<string, string>>, warmsUp?: boolean): Pick<Endpoint, 'startedAt' | 'warmUp'> {
  const leaf = new TestLeaf(new DubboLayout('/dubbo', log, warmsUp), [FLEET]);
  const [entry] = leaf.update(named([javaUrlEncode(providerUrl(FLEET, 1, { timestamp: String(STARTED), ...parameters }))]));
  const { startedAt, warmUp } = entry?.endpoints[0] ?? assert.fail();
  return { ...(startedAt !== undefined && { startedAt }), ...(warmUp && { warmUp }) };
}

function sofa(query: string, warmsUp?: boolean): Pick<Endpoint, 'startedAt' | 'warmUp'> {
  const leaf = new TestLeaf(new SofaLayout('/sofa-rpc', log, warmsUp), [FLEET]);
  const [entry] = leaf.update(new Map([[javaUrlEncode(`bolt://127.0.0.1:1?weight=100&${query}`), Buffer.of(1)]]));
  const { startedAt, warmUp } = entry?.endpoints[0] ?? assert.fail();
  return { ...(startedAt !== undefined && { startedAt }), ...(warmUp && { warmUp }) };
}

test("Dubbo's providers warm up for ten minutes from their timestamp on, or as long as they say", () => {
  assert.deepEqual(dubbo({}), { startedAt: STARTED, warmUp: { durationMs: 600_000, ...LINEAR } });
  assert.deepEqual(dubbo({ warmup: '20000' }), { startedAt: STARTED, warmUp: { durationMs: 20_000, ...LINEAR } });
  assert.deepEqual(dubbo({ 'default.warmup': '9' }), { startedAt: STARTED, warmUp: { durationMs: 9, ...LINEAR } });
  assert.deepEqual(dubbo({ warmup: 'soon' }), { startedAt: STARTED, warmUp: { durationMs: 600_000, ...LINEAR } });
  assert.equal(dubbo({}).warmUp, dubbo({}).warmUp, 'what most say is kept once');
});

test("a provider of Dubbo's without a warm-up, or of which nobody knows since when it is there, takes its whole share", () => {
  for (const warmup of ['0', '-1']) assert.deepEqual(dubbo({ warmup }), { startedAt: STARTED });
  for (const timestamp of ['0', '', 'x', '-5', '1e999', '0.5']) assert.deepEqual(dubbo({ timestamp }), {});
});

test("SOFARPC's providers count another weight for a time, when they say both and since when", () => {
  const warmUp = { durationMs: 60_000, leastWeight: 20, leastShare: 0 };
  assert.deepEqual(sofa(`startTime=${STARTED}&warmupTime=60000&warmupWeight=20`), { startedAt: STARTED, warmUp });
  for (const incomplete of ['warmupTime=60000', 'warmupWeight=20', 'warmupTime=0&warmupWeight=20', 'warmupTime=x&warmupWeight=20', '']) {
    assert.deepEqual(sofa(`startTime=${STARTED}&${incomplete}`), { startedAt: STARTED });
  }
  for (const none of ['', 'startTime=0&', 'startTime=x&']) assert.deepEqual(sofa(`${none}warmupTime=60000&warmupWeight=20`), {});
});

test('with warmup: false all take their whole share at once, and it is still known when they started', () => {
  assert.deepEqual(dubbo({}, false), { startedAt: STARTED });
  assert.deepEqual(sofa(`startTime=${STARTED}&warmupTime=60000&warmupWeight=20`, false), { startedAt: STARTED });
});

test('an operator may give providers another warm-up, and another weight to grow to', () => {
  const governed = new Governed().read().providers({ 1: { timestamp: String(STARTED) }, 2: { timestamp: String(STARTED), warmup: '0' } });
  const rule = (parameters: string): readonly Endpoint[] => {
    const text = `configVersion: v2.7\nkey: ${FLEET}\nscope: service\nconfigs:\n- {side: provider, addresses: [0.0.0.0], parameters: {${parameters}}}\n`;
    return governed.config(`${FLEET}::.configurators`, text).entry.endpoints;
  };
  assert.deepEqual(
    rule('warmup: 5000').map(({ warmUp }) => warmUp?.durationMs),
    [5000, undefined],
  );
  assert.deepEqual(
    rule('warmup: 0').map(({ warmUp, startedAt }) => [warmUp, startedAt]),
    [
      [undefined, STARTED],
      [undefined, STARTED],
    ],
  );
  const [heavier] = rule('weight: 200');
  assert.deepEqual([heavier?.weight, heavier?.warmUp?.durationMs], [200, 600_000]);
});

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type ClientHttp2Stream, connect } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { startBodyOrigin } from './support/http2-body-origin.ts';
import { type H2load, runH2load } from './support/http2-load.ts';
import { startOrigin } from './support/http2-origins.ts';
import { AUTHORITY, Http2Proxy } from './support/http2-proxy.ts';
import { requireHttp2 } from './support/http2-requirements.ts';
import { begin, exchange, openSession } from './support/http2-session.ts';

const MIB = 1024 * 1024;
/** How long; `pnpm soak` says minutes. */
const SOAK_MS = Number(process.env['POLYWIRE_SOAK_MS'] ?? 12_000);
const WARM_MS = Math.min(SOAK_MS / 3, 60_000);
const SAMPLE_MS = 500;
/** What memory may be more at the end than after warming up: V8 collects when it wants to. */
const MOST_GROWTH = 48 * MIB;
/** Over minutes, that averages out. */
const MOST_SLOPE = 3 * MIB;
const LONG_MS = 120_000;
const BODIES = 'bodies.test';
/** Whose service ends connections on which more streams are reset than nghttp2 allows: 1,000, and 33 a second. */
const BROKEN_OFF = 'broken-off.test';

/** Requests of each are done in about a second. */
const SHAPES: readonly (Omit<H2load, 'port'> & { readonly body?: number })[] = [
  { requests: 20_000, connections: 8, streams: 32 },
  { requests: 10_000, connections: 64, streams: 1 },
  { requests: 5_000, connections: 16, streams: 16, body: 4_000 },
  { requests: 200, connections: 4, streams: 8, body: 300_000 },
  { requests: 4_000, connections: 1, streams: 100, body: 100 },
];

test('HTTP/2 at full load, for a while: nothing is lost, nothing is left over, memory stays flat', {
  skip: requireHttp2('nghttp2'),
  timeout: SOAK_MS + 120_000,
}, async (t) => {
  const origin = await startOrigin(t, 'nghttpd');
  const bodies = await startBodyOrigin(t);
  const services = [
    { ports: [origin] },
    { host: BODIES, ports: [bodies.port] },
    { host: BROKEN_OFF, ports: [(await startBodyOrigin(t)).port] },
  ];
  const proxy = await Http2Proxy.start(t, { services });
  const folder = mkdtempSync(join(tmpdir(), 'polywire-soak-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));

  const began = performance.now();
  const elapsed = () => performance.now() - began;
  const samples: { readonly ms: number; readonly bytes: number }[] = [];
  const sampler = setInterval(() => {
    void proxy.residentBytes().then((bytes) => samples.push({ ms: elapsed(), bytes }));
  }, SAMPLE_MS);
  t.after(() => clearInterval(sampler));

  let requests = 0;
  const load = async () => {
    for (let turn = 0; elapsed() < SOAK_MS; turn++) {
      const { body, ...shape } = SHAPES[turn % SHAPES.length] ?? SHAPES[0] ?? { requests: 1 };
      const bodyFile = join(folder, `${body}`);
      if (body !== undefined) writeFileSync(bodyFile, Buffer.alloc(body, 'b'));
      const { done, succeeded, failed } = await runH2load({
        ...shape,
        port: proxy.port,
        authority: AUTHORITY,
        ...(body === undefined ? {} : { bodyFile }),
      });
      assert.deepEqual({ done, succeeded, failed }, { done: shape.requests, succeeded: shape.requests, failed: 0 });
      requests += done;
    }
  };
  let disturbances = 0;
  const disturb = async () => {
    for (; elapsed() < SOAK_MS; disturbances++) {
      if (disturbances % 10 === 9) await proxy.replaceServices([...services, { host: `new-${disturbances % 4}.test`, ports: [origin] }]);
      await breakOff(proxy.origin, disturbances % 2 === 0);
      const session = await openSession(t, proxy.origin);
      const headers = { ':authority': BODIES };
      const asks = Array.from({ length: 20 }, (_, seed) =>
        exchange(session, { path: '/echo', headers, body: { seed, bytes: seed * 5_000 } }),
      );
      for (const { status } of await Promise.all(asks)) assert.equal(status, 200);
      session.destroy();
    }
  };
  await Promise.all([load(), disturb()]);
  clearInterval(sampler);

  const settled = samples.filter(({ ms }) => ms > WARM_MS);
  const third = Math.max(1, Math.floor(settled.length / 3));
  const grown = mean(settled.slice(-third)) - mean(settled.slice(0, third));
  const slope = slopePerMinute(settled);
  const totals =
    `${requests} requests of h2load in ${(elapsed() / 1000).toFixed(0)} s, ${disturbances} disturbances; ` +
    `${(mean(settled) / MIB).toFixed(0)} MiB, ${(grown / MIB).toFixed(1)} MiB more at the end than when warm, ${(slope / MIB).toFixed(2)} MiB a minute`;
  t.diagnostic(totals);
  assert.ok(grown < MOST_GROWTH, totals);
  if (SOAK_MS >= LONG_MS) assert.ok(slope < MOST_SLOPE, totals);
  await proxy.alone();
  assert.equal(await proxy.stop(), 'exit code 0');
});

/** A caller that goes in the middle of everything: with resets, or without a word. */
async function breakOff(origin: string, resets: boolean): Promise<void> {
  const session = connect(origin);
  session.on('error', () => {}).setMaxListeners(0);
  const headers = { ':authority': BROKEN_OFF };
  const down = Array.from({ length: 15 }, (_, seed) => begin(session, { path: `/down/1000000/${seed}`, headers }));
  const up = Array.from({ length: 15 }, (_, seed) => begin(session, { path: '/sum', headers, body: { seed, bytes: 300_000 } }));
  const begun = (stream: ClientHttp2Stream) => new Promise((resolve) => stream.once('response', resolve).once('close', resolve));
  await Promise.all(down.map(begun));
  if (resets) for (const stream of [...down, ...up]) stream.close(8);
  session.destroy();
}

function mean(samples: readonly { readonly bytes: number }[]): number {
  return samples.reduce((sum, { bytes }) => sum + bytes, 0) / Math.max(1, samples.length);
}

/** Of the line that fits best. */
function slopePerMinute(samples: readonly { readonly ms: number; readonly bytes: number }[]): number {
  const middle = samples.reduce((sum, { ms }) => sum + ms, 0) / Math.max(1, samples.length);
  const height = mean(samples);
  const over = samples.reduce((sum, { ms, bytes }) => sum + (ms - middle) * (bytes - height), 0);
  const under = samples.reduce((sum, { ms }) => sum + (ms - middle) ** 2, 0);
  return under === 0 ? 0 : (over / under) * 60_000;
}

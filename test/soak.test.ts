import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freePort } from './support/ports.ts';
import { WireCaller } from './support/wire/caller.ts';
import { dubbo } from './support/wire/dubbo.ts';
import { assertAccounted, Load } from './support/wire/load.ts';
import { mesh, routeTo, WireProxy } from './support/wire/proxy.ts';
import { pattern } from './support/wire/raw-wire.ts';
import { startService } from './support/wire/service-process.ts';

const MIB = 1024 * 1024;
/** How long; `pnpm soak` says minutes. */
const SOAK_MS = Number(process.env['POLYWIRE_SOAK_MS'] ?? 4000);
const WARM_MS = Math.min(SOAK_MS / 4, 60_000);
/** What memory may be more at the end than after warming up. */
const MOST_GROWTH = 48 * MIB;
const REPORT_MS = 30_000;

test('everything at once, for a while: nothing is lost, nothing is left over, memory stays flat', {
  timeout: SOAK_MS + 120_000,
}, async (t) => {
  const services = [await startService(t, dubbo, 'v1', await freePort()), await startService(t, dubbo, 'v2')];
  const endpoints = services.map(({ port }, index) => ({ port, version: `v${index + 1}` }));
  const proxy = await WireProxy.start(t, dubbo, {
    endpoints,
    routes: [routeTo('v1')],
    bootstrap: { upstream: { heartbeatInterval: '1s', backoff: { initial: '50ms', max: '500ms' } } },
  });
  const loads = [
    Load.start(t, { wire: dubbo, port: proxy.port, callers: 4, depth: 4, pauseMs: 2, headers: { timeout: '500' }, remembered: 100_000 }),
    Load.start(t, { wire: dubbo, port: proxy.port, callers: 8, depth: 1, pauseMs: 5, headers: { timeout: '500' }, remembered: 100_000 }),
  ];
  const answers = () => Promise.all(loads.map((load) => load.answers(50)));
  const deadCallers = async () => {
    const callers = await Promise.all(Array.from({ length: 10 }, () => WireCaller.connect(t, dubbo, proxy.port)));
    for (const caller of callers) {
      void caller.say('echo', 'nobody waits');
      const begun = dubbo.request(caller.nextId(), { method: 'echo', body: pattern(MIB) }).subarray(0, 100);
      caller.socket.write(begun, () => caller.socket.resetAndDestroy());
    }
    await Promise.all(callers.map(({ ended }) => ended));
  };
  const chaos: (() => Promise<void>)[] = [
    async () => {
      const [first] = services;
      if (first === undefined) return;
      await first.process.kill();
      services[0] = await startService(t, dubbo, 'v1', first.port);
    },
    async () => proxy.replaceMesh(mesh(dubbo, endpoints, [routeTo('v2')])),
    deadCallers,
    async () => {
      services[1]?.process.signal('SIGSTOP');
      await new Promise((resolve) => setTimeout(resolve, 300));
      services[1]?.process.signal('SIGCONT');
    },
    async () => proxy.replaceMesh('kind: ['),
    async () => proxy.replaceMesh(mesh(dubbo, endpoints, [routeTo('v1')])),
  ];

  const began = performance.now();
  let warmBytes = 0;
  let reported = 0;
  let rounds = 0;
  for (let elapsed = 0; elapsed < SOAK_MS || warmBytes === 0; elapsed = performance.now() - began) {
    await chaos[rounds++ % chaos.length]?.();
    await answers();
    if (warmBytes === 0 && elapsed >= WARM_MS) warmBytes = await proxy.residentBytes();
    if (elapsed - reported < REPORT_MS) continue;
    reported = elapsed;
    const bytes = await proxy.residentBytes();
    t.diagnostic(`${(elapsed / 1000).toFixed(0)} s, ${(bytes / MIB).toFixed(0)} MiB: ${loads.map((load) => load.tally).join(' | ')}`);
  }

  for (const load of loads) {
    const tally = await load.stop();
    t.diagnostic(`${tally}`);
    assertAccounted(tally);
    assert.equal(tally.closed, 0, `no caller's connection was closed: ${tally}`);
  }
  const stats = await proxy.settled();
  await proxy.until('no caller is left', (now) => now.sum('polywire_downstream_connections_active') === 0);
  const grown = stats.sum('polywire_resident_memory_bytes') - warmBytes;
  const totals = `${rounds} disturbances, ${(warmBytes / MIB).toFixed(0)} MiB when warm, ${(grown / MIB).toFixed(1)} MiB more at the end`;
  t.diagnostic(totals);
  assert.ok(grown < MOST_GROWTH, totals);
  proxy.process.signal('SIGTERM');
  assert.equal(await proxy.process.exited, 'exit code 0');
});

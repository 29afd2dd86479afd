import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { ZkEvent } from '../../client/client.ts';
import { clientOpener } from '../../client/open.ts';
import { connected, eventOn } from '../client.ts';
import { Recorder } from '../recorder.ts';
import { type Bench, EMPTY } from './bench.ts';

/** Cycles of a watch that is set, fires and is set again; `POLYWIRE_ZK_WATCH_CYCLES=60000` is the long form. */
const CYCLES = Number(process.env['POLYWIRE_ZK_WATCH_CYCLES'] ?? 4_000);
const MAX_HEAP_PER_CYCLE = 100;
/** Grown by whatever runs, within bounds; told apart from a leak only by many cycles. */
const MAX_RSS_GROWTH = 32 * 1024 * 1024;

/** One-shot watches, which all servers have. */
export function watchCases(bench: Bench): void {
  test('each kind of watch fires once, for its own kind of change', async () => {
    const path = bench.path();
    const { client: writer } = bench.client();
    const { client: zk, reports } = bench.client();
    const events = (): ZkEvent[] => reports.all.flatMap((report) => (report.kind === 'event' ? [report.event] : []));
    const next = (): Promise<unknown> => reports.next((report) => report.kind === 'event');
    const steps: readonly (readonly [ZkEvent['kind'], () => Promise<unknown>, () => Promise<unknown>])[] = [
      ['created', () => zk.exists(path, true), () => writer.create(path, EMPTY)],
      ['data', () => zk.exists(path, true), () => writer.setData(path, Buffer.from('1'))],
      ['data', () => zk.getNode(path, true), () => writer.setData(path, Buffer.from('2'))],
      ['children', () => zk.getChildren(path, true), () => writer.create(`${path}/a`, EMPTY, { ephemeral: true })],
      ['children', () => zk.getChildren(path, true), () => writer.delete(`${path}/a`)],
      ['deleted', () => zk.getData(path, true), () => writer.delete(path)],
    ];
    for (const [kind, watch, change] of steps) {
      await watch();
      const fired = next();
      await change();
      await fired;
      assert.deepEqual(events().at(-1), { kind, path });
    }
    await writer.create(path, EMPTY);
    await zk.exists(path, false);
    assert.equal(events().length, steps.length);
  });

  test('watches are armed again after a lost connection, however many, and what was missed fires', async () => {
    const { client: writer } = bench.client();
    const parent = bench.path();
    await writer.create(parent, EMPTY);
    const { client: zk, reports } = bench.client(bench.relay.address);
    // more than one packet's worth of paths
    const paths = Array.from({ length: 1_500 }, () => `${bench.path()}-${'x'.repeat(150)}`);
    await Promise.all(paths.map((path) => zk.exists(path, true)));
    await zk.getChildren(parent, true);
    bench.relay.partitioned = true;
    bench.relay.breakAll();
    const missed = reports.next(eventOn(paths[700] ?? ''));
    await writer.create(paths[700] ?? '', EMPTY);
    const back = reports.next(connected);
    bench.relay.partitioned = false;
    bench.relay.breakAll();
    assert.deepEqual(await back, { kind: 'connected', newSession: false });
    await missed;
    const event = reports.next(eventOn(parent));
    await writer.create(`${parent}/child`, EMPTY);
    await event;
    for (const path of [paths[0], paths.at(-1)]) {
      assert.ok(path !== undefined);
      const created = reports.next(eventOn(path));
      await writer.create(path, EMPTY);
      await created;
    }
  });
}

/** To be run by itself: it measures the process. */
export function memoryCase(bench: Bench): void {
  test(`memory is flat over ${CYCLES} cycles of a watch`, { timeout: 10 * 60_000 }, async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const path = bench.path();
    // Without a list of all reports, which would grow.
    const events = new Recorder<ZkEvent>();
    const options = { address: bench.server.address, sessionTimeoutMs: 5_000, connectTimeoutMs: 2_000, maxPacketBytes: 1 << 20 };
    const zk = clientOpener(bench.driver)(options, {
      connected: () => {},
      disconnected: () => {},
      event: (event) => {
        events.add(event);
        events.all.length = 0;
      },
    });
    zk.connect();
    await zk.create(path, EMPTY);
    const cycles = async (count: number): Promise<{ heap: number; rss: number }> => {
      for (let i = 0; i < count; i++) {
        await zk.getNode(path, true);
        const fired = events.next(() => true);
        await zk.setData(path, Buffer.from(String(i)));
        await fired;
      }
      collect();
      const { heapUsed: heap, rss } = process.memoryUsage();
      return { heap, rss };
    };
    try {
      const before = await cycles(CYCLES / 4);
      const after = await cycles(CYCLES);
      const perCycle = (after.heap - before.heap) / CYCLES;
      assert.ok(perCycle < MAX_HEAP_PER_CYCLE, `${perCycle} bytes of heap for each cycle`);
      assert.ok(after.rss - before.rss < MAX_RSS_GROWTH, `${after.rss - before.rss} bytes of memory more`);
    } finally {
      await zk.close();
    }
  });
}

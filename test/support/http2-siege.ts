import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { CommandLine } from './command-line.ts';
import { CoreWaits } from './core-waits.ts';
import { headers, request, reset, streamId } from './http2-raw.ts';
import { type RawOptions, RawPeer } from './http2-raw-peer.ts';
import { LineProcess } from './line-process.ts';
import { documents } from './mesh.ts';
import type { Owner } from './owner.ts';
import { Polywire } from './polywire.ts';

const BYSTANDER = fileURLToPath(new URL('./http2-bystander-main.js', import.meta.url));
const READY_MS = 180_000;
const MIB = 1024 * 1024;
const WARM_MS = 500;
const WARM_ROUNDS = 6;
const WARM_REQUESTS = 300;
/** How long an attack is repeated, on so many connections at a time, and the pause of each before it connects again. */
const SIEGE_MS = 350;
const LANES = 2;
const PAUSE_MS = 80;
const SAMPLE_MS = 100;
/** Fewer calls say little; what comes of an attack afterwards counts, too. */
const LEAST_CALLS = 80;
/** Beyond what the proxy had when it was warm: V8 keeps garbage for a while. */
const MOST_GROWTH = 160 * MIB;
/** Of all that is measured in time: beyond what a busy machine adds. */
const P50_TIMES = 10;
const P50_MORE_MS = 20;
const P95_TIMES = 10;
const P95_MORE_MS = 300;
const SLOWEST_MS = 2000;
const SETTLED_MS = 20_000;

export interface SiegeOptions {
  /** Of the listener, for callers' connections. */
  readonly settings?: Readonly<Record<string, string | number>>;
  readonly limits?: Readonly<Record<string, unknown>>;
  /** Of the connections to `origin.test`. */
  readonly origin?: Readonly<Record<string, string>>;
  /** More services by host, beside `origin.test`: ports, and settings of theirs. */
  readonly services?: Readonly<Record<string, { port: number; settings?: Readonly<Record<string, string>> }>>;
}

interface Latency {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly slowest: number;
}

/** A proxy before an origin, and a caller that must not notice what others do to it. */
export class Siege {
  readonly proxy: Polywire;
  readonly #victim: CommandLine;
  readonly #origin: number | undefined;
  #baseline: Latency | undefined;
  #warmBytes = 0;

  private constructor(proxy: Polywire, victim: CommandLine, origin: number | undefined) {
    this.proxy = proxy;
    this.#victim = victim;
    this.#origin = origin;
  }

  static async start(owner: Owner, options: SiegeOptions = {}): Promise<Siege> {
    const origin = await bystander(owner, 'origin');
    const port = Number(origin.readyLine.slice('READY '.length));
    const services = { 'origin.test': { port, settings: options.origin ?? {} }, ...options.services };
    const proxy = await Polywire.start(owner, { 'polywire.yaml': bootstrap(options), 'mesh.yaml': entries(services) });
    const victim = await bystander(owner, 'victim', `http://127.0.0.1:${proxy.port}`, 'origin.test');
    return new Siege(proxy, new CommandLine(victim.process), origin.process.pid);
  }

  /** Repeats an attack, each time on a connection of its own and on several at a time, for long enough to tell what it does to others. */
  async attack(
    name: string,
    run: (peer: RawPeer) => Promise<void>,
    options: RawOptions & { lanes?: number; ms?: number } = {},
  ): Promise<void> {
    const { lanes = LANES, ms = SIEGE_MS } = options;
    await this.beside(name, async () => {
      const end = performance.now() + ms;
      await Promise.all(
        Array.from({ length: lanes }, async () => {
          do {
            await this.once(run, options);
            await sleep(PAUSE_MS);
          } while (performance.now() < end);
        }),
      );
    });
  }

  async once(run: (peer: RawPeer) => Promise<void>, options: RawOptions = {}): Promise<void> {
    const peer = await RawPeer.connect(this.proxy.port, options);
    try {
      await run(peer);
    } finally {
      peer.end();
    }
  }

  /** Judges the victim and the proxy's memory while something happens, and that nothing is left of it afterwards. */
  async beside(name: string, happens: () => Promise<void>): Promise<void> {
    this.#baseline ??= await this.#warm();
    await this.#calls();
    const waits = new CoreWaits(this.proxy.pid, this.#victim.process.pid, this.#origin);
    let most = 0;
    const sampling = { over: false };
    const sampler = this.#sample(sampling, (bytes) => {
      most = Math.max(most, bytes);
    });
    const began = performance.now();
    try {
      await happens();
      const missing = SIEGE_MS - (performance.now() - began);
      if (missing > 0) await sleep(missing);
    } finally {
      sampling.over = true;
      await sampler;
    }
    const latency = await this.#latencies();
    this.#judge(name, latency, most, waits);
    await this.settled();
  }

  /** No request, no stream and no byte is left of what was. */
  async settled(): Promise<void> {
    await this.until(
      'nothing is left',
      (stat) =>
        // The victim has one of each.
        stat('polywire_http2_downstream_open_streams') <= 1 &&
        stat('polywire_http2_upstream_open_streams') <= 1 &&
        stat('polywire_http2_queued_bytes') === 0 &&
        stat('polywire_http2_unreturned_window_bytes') === 0,
      SETTLED_MS,
    );
  }

  async until(what: string, holds: (stat: (name: string) => number) => boolean, ms = SETTLED_MS): Promise<void> {
    const end = performance.now() + ms;
    for (;;) {
      const text = await this.proxy.get('/stats');
      if (holds((name) => sum(text, name))) return;
      if (performance.now() > end) assert.fail(`${what}: not within ${ms} ms\n${text.replace(/^.* 0\n/gm, '')}`);
      await sleep(20);
    }
  }

  async stat(name: string): Promise<number> {
    return sum(await this.proxy.get('/stats'), name);
  }

  /** What is compiled at its first use is slow then, and takes memory. */
  async #warm(): Promise<Latency> {
    for (let round = 0; round < WARM_ROUNDS; round++) {
      await this.once(async (peer) => {
        const ids = Array.from({ length: WARM_REQUESTS }, (_, index) => streamId(index));
        peer.write(...ids.map((id) => Buffer.concat([headers(id, request('/')), ...(id % 4 === 3 ? [reset(id)] : [])])));
        await peer.until('the answers', () => peer.ended.size >= WARM_REQUESTS / 2);
      });
    }
    await sleep(WARM_MS);
    await this.#latencies();
    await sleep(WARM_MS);
    this.#warmBytes = await this.stat('polywire_resident_memory_bytes');
    return this.#latencies();
  }

  async #sample(state: { over: boolean }, saw: (bytes: number) => void): Promise<void> {
    while (!state.over) {
      saw(await this.stat('polywire_resident_memory_bytes'));
      await sleep(SAMPLE_MS);
    }
  }

  /** What the victim's calls since the last report took. It calls again and again, whatever happens. */
  async #calls(): Promise<number[]> {
    const { milliseconds, failures } = (await this.#victim.send({ op: 'report' })) as { milliseconds: number[]; failures: string[] };
    assert.deepEqual(failures, [], 'the victim was not answered');
    return milliseconds;
  }
  async #latencies(): Promise<Latency> {
    const all: number[] = [];
    while (all.length < LEAST_CALLS) {
      all.push(...(await this.#calls()));
      if (all.length < LEAST_CALLS) await sleep(SAMPLE_MS);
    }
    const sorted = all.sort((a, b) => a - b);
    const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
    return { count: sorted.length, p50: at(0.5), p95: at(0.95), p99: at(0.99), slowest: at(1) };
  }

  #judge(name: string, { count, p50, p95, p99, slowest }: Latency, mostBytes: number, waits: CoreWaits): void {
    const base = this.#baseline ?? { count: 0, p50: 0, p95: 0, p99: 0, slowest: 0 };
    const said =
      `${name}: ${count} calls, p50 ${p50.toFixed(1)} ms (${base.p50.toFixed(1)}), p95 ${p95.toFixed(1)} ms (${base.p95.toFixed(1)}), p99 ${p99.toFixed(1)} ms (${base.p99.toFixed(1)}), ` +
      `slowest ${slowest.toFixed(1)} ms, ${waits.milliseconds.toFixed(0)} ms without a core, memory +${((mostBytes - this.#warmBytes) / MIB).toFixed(0)} MiB`;
    if (process.env['POLYWIRE_SIEGE'] === 'report') process.stderr.write(`${said}\n`);
    assert.ok(p50 < base.p50 * P50_TIMES + P50_MORE_MS + waits.most(0.5, count), said);
    assert.ok(p95 < base.p95 * P95_TIMES + P95_MORE_MS + waits.most(0.95, count), said);
    assert.ok(slowest < SLOWEST_MS + waits.most(1, count), said);
    assert.ok(mostBytes - this.#warmBytes < MOST_GROWTH, said);
  }
}

/** The other side ends the connection for this error, says so. */
export async function assertGoAway(peer: RawPeer, code: number, says: RegExp = /./): Promise<void> {
  await peer.until('GOAWAY', () => peer.over || (peer.goAway !== undefined && peer.goAway.code !== 0));
  assert.equal(peer.goAway?.code, code, `${peer}`);
  assert.match(peer.goAway?.text ?? '', says);
}

function bystander(owner: Owner, ...args: string[]): Promise<{ process: LineProcess; readyLine: string }> {
  const [role = ''] = args;
  const ready = (line: string) => line.startsWith('READY');
  return LineProcess.start(owner, { name: role, command: process.execPath, args: [BYSTANDER, ...args], ready, readyTimeout: READY_MS });
}

function bootstrap({ settings, limits }: SiegeOptions): string {
  return stringify({
    listeners: [{ name: 'h2', address: '127.0.0.1:0', protocols: [settings === undefined ? 'http2' : { name: 'http2', settings }] }],
    admin: { address: '127.0.0.1:0' },
    resources: ['mesh.yaml'],
    log: { level: 'warn' },
    ...(limits === undefined ? {} : { limits }),
  });
}

function entries(services: NonNullable<SiegeOptions['services']>): string {
  return documents(
    Object.entries(services).map(([host, { port, settings = {} }]) => ({
      kind: 'ServiceEntry',
      name: host,
      annotations: Object.fromEntries(Object.entries(settings).map(([name, value]) => [`http2.polywire.io/${name}`, value])),
      spec: {
        hosts: [host],
        location: 'MESH_INTERNAL',
        resolution: 'STATIC',
        ports: [{ name: 'http2', number: 80, protocol: 'HTTP2' }],
        endpoints: [{ address: '127.0.0.1', ports: { http2: port } }],
      },
    })),
  );
}

function sum(text: string, name: string): number {
  const lines = text.split('\n').filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
  return lines.reduce((total, line) => total + Number(line.slice(line.lastIndexOf(' '))), 0);
}

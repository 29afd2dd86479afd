import assert from 'node:assert/strict';
import { stringify } from 'yaml';
import { documents } from './mesh.ts';
import type { Owner } from './owner.ts';
import { Polywire } from './polywire.ts';
import { Stats } from './wire/proxy.ts';

/** What requests ask for. */
export const AUTHORITY = 'calls.test';
const PORT_NAME = 'http2';
const POLL_MILLISECONDS = 20;
const UNTIL_MILLISECONDS = 60_000;

/** What is zero while nothing is under way, whatever happened before. */
const IDLE = [
  'polywire_http2_downstream_open_streams',
  'polywire_http2_upstream_open_streams',
  'polywire_http2_queued_bytes',
  'polywire_http2_unreturned_window_bytes',
  'polywire_requests_active',
  'polywire_endpoint_requests_active',
] as const;

/** And what is zero besides when no caller is connected. */
const ALONE = ['polywire_http2_downstream_connections', 'polywire_downstream_connections_active'] as const;

export type Settings = Readonly<Record<string, string | number>>;

/** A service, by its host name. */
export interface Http2Service {
  readonly host?: string;
  readonly ports: readonly number[];
  /** How its connections are to be spoken to. */
  readonly settings?: Settings;
}

export interface Http2ProxyOptions {
  readonly services: readonly Http2Service[];
  /** Of the listener. */
  readonly settings?: Settings;
  /** More keys of the bootstrap. */
  readonly bootstrap?: Readonly<Record<string, unknown>>;
  /** More resources. */
  readonly resources?: string;
}

/** The proxy with one HTTP/2 listener in cleartext. */
export class Http2Proxy {
  readonly port: number;
  readonly origin: string;
  readonly #polywire: Polywire;

  private constructor(polywire: Polywire) {
    this.#polywire = polywire;
    this.port = polywire.port;
    this.origin = `http://127.0.0.1:${polywire.port}`;
  }

  static async start(owner: Owner, options: Http2ProxyOptions): Promise<Http2Proxy> {
    const protocol = options.settings === undefined ? 'http2' : { name: 'http2', settings: options.settings };
    const bootstrap = {
      listeners: [{ name: 'in', address: '127.0.0.1:0', protocols: [protocol] }],
      admin: { address: '127.0.0.1:0' },
      resources: ['mesh/*.yaml'],
      log: { level: 'warn' },
      ...options.bootstrap,
    };
    const files = {
      'polywire.yaml': stringify(bootstrap),
      'mesh/services.yaml': services(options.services),
      ...(options.resources === undefined ? {} : { 'mesh/more.yaml': options.resources }),
    };
    return new Http2Proxy(await Polywire.start(owner, files));
  }

  /** Replaces all services, and resolves when the new ones are in force. */
  async replaceServices(list: readonly Http2Service[]): Promise<void> {
    const before = (await this.stats()).sum('polywire_config_reloads_total');
    this.#polywire.replace('mesh/services.yaml', services(list));
    await this.until('the change is in force', (stats) => stats.sum('polywire_config_reloads_total') > before);
  }

  async stats(): Promise<Stats> {
    return new Stats(JSON.parse(await this.#polywire.get('/stats?format=json')));
  }

  async residentBytes(): Promise<number> {
    return (await this.stats()).sum('polywire_resident_memory_bytes');
  }

  /** Waits until the counters say so; shows them when they do not. */
  async until(what: string, holds: (stats: Stats) => boolean, milliseconds = UNTIL_MILLISECONDS): Promise<Stats> {
    const end = performance.now() + milliseconds;
    for (;;) {
      const stats = await this.stats();
      if (holds(stats)) return stats;
      if (performance.now() > end) throw new Error(`${what}: not within ${milliseconds} ms:\n${stats}\n${this.log}`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MILLISECONDS));
    }
  }

  /** Nothing is under way, and nothing is left of what was: no stream, no byte, no window that is owed. */
  async idle(milliseconds?: number): Promise<Stats> {
    return this.#allZero(IDLE, 'nothing is under way', milliseconds);
  }

  /** The same, and no caller is connected. */
  async alone(milliseconds?: number): Promise<Stats> {
    return this.#allZero([...IDLE, ...ALONE], 'nothing is under way and nobody is connected', milliseconds);
  }

  get pid(): number | undefined {
    return this.#polywire.pid;
  }

  /** What it wrote on standard error. */
  get log(): string {
    return this.#polywire.log;
  }

  /** Ends as an operator would end it; resolves with how it ended. */
  stop(): Promise<string> {
    return this.#polywire.stop();
  }

  async #allZero(names: readonly string[], what: string, milliseconds?: number): Promise<Stats> {
    const page = await this.#polywire.get('/stats?format=json');
    for (const name of names) assert.ok(page.includes(`"${name}"`), `no metric ${name}`);
    return this.until(what, (stats) => names.every((name) => stats.sum(name) === 0), milliseconds);
  }
}

function services(list: readonly Http2Service[]): string {
  return documents(
    list.map(({ host = AUTHORITY, ports, settings = {} }) => ({
      kind: 'ServiceEntry',
      name: host,
      annotations: Object.fromEntries(Object.entries(settings).map(([name, value]) => [`http2.polywire.io/${name}`, `${value}`])),
      spec: {
        hosts: [host],
        location: 'MESH_INTERNAL',
        resolution: 'STATIC',
        ports: [{ name: PORT_NAME, number: 80, protocol: 'HTTP2' }],
        endpoints: ports.map((port) => ({ address: '127.0.0.1', ports: { [PORT_NAME]: port } })),
      },
    })),
  );
}

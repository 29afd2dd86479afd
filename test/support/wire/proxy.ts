import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { LineProcess } from '../line-process.ts';
import type { Owner } from '../owner.ts';
import { type RawWire, SERVICE } from './raw-wire.ts';

const CLI = fileURLToPath(new URL('../../../../packages/cli/bin/polywire.js', import.meta.url));
const READY_MS = 180_000;
const POLL_MS = 20;
const HOST = 'wire.test';

/** A provider as the mesh resources name it. */
export interface EndpointOptions {
  readonly port: number;
  readonly version?: string;
}

export interface WireProxyOptions {
  readonly endpoints: readonly EndpointOptions[];
  /** Entries of a VirtualService's `http`; without any there is no VirtualService. */
  readonly routes?: readonly object[];
  /** More keys of its only listener. */
  readonly listener?: Readonly<Record<string, unknown>>;
  /** More keys of the bootstrap file. */
  readonly bootstrap?: Readonly<Record<string, unknown>>;
  /** Annotations of the ServiceEntry, in place of the wire's. */
  readonly annotations?: Readonly<Record<string, string>>;
}

/** One series of the admin listener's `/stats`. */
interface Series {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number | object;
}

/** The command as users run it, in a process of its own. */
export class WireProxy {
  readonly port: number;
  readonly admin: string;
  readonly process: LineProcess;
  readonly wire: RawWire;
  readonly #folder: string;

  private constructor(wire: RawWire, folder: string, process: LineProcess, port: number, admin: string) {
    this.wire = wire;
    this.#folder = folder;
    this.process = process;
    this.port = port;
    this.admin = admin;
  }

  static async start(owner: Owner, wire: RawWire, options: WireProxyOptions): Promise<WireProxy> {
    const folder = await mkdtemp(join(tmpdir(), 'polywire-wire-'));
    owner.after(() => rm(folder, { recursive: true, force: true }));
    const protocol = wire.settings === undefined ? wire.protocol : { name: wire.protocol, settings: wire.settings };
    const bootstrap = {
      listeners: [{ name: 'rpc', address: '127.0.0.1:0', protocols: [protocol], ...options.listener }],
      resources: ['mesh.yaml'],
      admin: { address: '127.0.0.1:0' },
      log: { level: 'warn' },
      ...options.bootstrap,
    };
    await writeFile(join(folder, 'polywire.yaml'), stringify(bootstrap));
    await writeFile(join(folder, 'mesh.yaml'), mesh(wire, options.endpoints, options.routes, options.annotations));
    const { process: started, readyLine } = await LineProcess.start(owner, {
      name: 'polywire',
      command: process.execPath,
      args: [CLI, 'run', '-c', join(folder, 'polywire.yaml')],
      ready: (line) => line.startsWith('polywire ready:'),
      readyTimeout: READY_MS,
    });
    const found = /rpc 127\.0\.0\.1:(\d+), admin (http:\/\/\S+)/.exec(readyLine);
    if (found?.[1] === undefined || found[2] === undefined) throw new Error(`not understood: ${readyLine}`);
    return new WireProxy(wire, folder, started, Number(found[1]), found[2]);
  }

  /** Replaces the mesh resources in one step, as editors and ConfigMaps do. */
  async replaceMesh(content: string): Promise<void> {
    const next = join(this.#folder, 'mesh.yaml.next');
    await writeFile(next, content);
    await rename(next, join(this.#folder, 'mesh.yaml'));
  }

  async stats(): Promise<Stats> {
    // A connection that is kept may be closed in the moment in which it is used again.
    const answer = await fetch(`${this.admin}/stats?format=json`, { headers: { connection: 'close' } });
    return new Stats((await answer.json()) as Series[]);
  }

  async residentBytes(): Promise<number> {
    return (await this.stats()).sum('polywire_resident_memory_bytes');
  }

  /** Waits until the counters say so; shows them when they do not. */
  async until(what: string, holds: (stats: Stats) => boolean, timeoutMs = 60_000): Promise<Stats> {
    const end = performance.now() + timeoutMs;
    for (;;) {
      const stats = await this.stats();
      if (holds(stats)) return stats;
      if (performance.now() > end) throw this.process.failure(`${what}: not within ${timeoutMs} ms\n${stats}`);
      await sleep(POLL_MS);
    }
  }

  /** Nothing is under way and nothing leaked: no request, neither at a listener nor at an endpoint. */
  async settled(): Promise<Stats> {
    return this.until(
      'no open requests',
      (stats) => stats.sum('polywire_requests_active') === 0 && stats.sum('polywire_endpoint_requests_active') === 0,
    );
  }
}

/** Every series at one moment. */
export class Stats {
  readonly #series: readonly Series[];

  constructor(series: readonly Series[]) {
    this.#series = series;
  }

  /** Of all series of a family with these labels. */
  sum(name: string, labels: Readonly<Record<string, string>> = {}): number {
    let sum = 0;
    for (const series of this.#series) {
      if (series.name !== name || typeof series.value !== 'number') continue;
      if (Object.entries(labels).every(([label, value]) => series.labels[label] === value)) sum += series.value;
    }
    return sum;
  }

  toString(): string {
    const shown = this.#series.filter(({ value }) => typeof value === 'number' && value !== 0);
    return shown.map(({ name, labels, value }) => `  ${name} ${JSON.stringify(labels)} ${value}`).join('\n');
  }
}

/** Mesh resources for SERVICE as a file's content. */
export function mesh(
  wire: RawWire,
  endpoints: readonly EndpointOptions[],
  routes?: readonly object[],
  annotations = wire.annotations,
): string {
  const versions = [...new Set(endpoints.flatMap(({ version }) => (version === undefined ? [] : [version])))];
  const entry = {
    hosts: [HOST],
    location: 'MESH_INTERNAL',
    resolution: 'STATIC',
    ports: [{ name: wire.protocol, number: 20880, protocol: 'TCP' }],
    endpoints: endpoints.map(({ port, version }) => ({
      address: '127.0.0.1',
      ports: { [wire.protocol]: port },
      ...(version === undefined ? {} : { labels: { version } }),
    })),
  };
  const resources = [resource('ServiceEntry', entry, { 'polywire.io/service': SERVICE, ...annotations })];
  if (versions.length > 0) {
    const subsets = versions.map((version) => ({ name: version, labels: { version } }));
    resources.push(resource('DestinationRule', { host: HOST, subsets }));
  }
  if (routes !== undefined) resources.push(resource('VirtualService', { hosts: [HOST], http: routes }));
  return resources.map((each) => stringify(each)).join('---\n');
}

function resource(kind: string, spec: object, annotations?: Readonly<Record<string, string>>): object {
  const metadata = annotations === undefined ? { name: 'wire' } : { name: 'wire', annotations };
  return { apiVersion: 'networking.istio.io/v1', kind, metadata, spec };
}

/** An entry of `http` that leads to a version, or to all endpoints. */
export function routeTo(version: string | undefined, more: object = {}): object {
  const destination = version === undefined ? { host: HOST } : { host: HOST, subset: version };
  return { ...more, route: [{ destination }] };
}

/** What of a route leads only requests with this header to it. */
export function whenHeader(name: string, value: string): object {
  return { match: [{ headers: { [name]: { exact: value } } }] };
}

/** What of a route leads only requests for this method to it. */
export function whenMethod(method: string): object {
  return { match: [{ uri: { exact: `/${SERVICE}/${method}` } }] };
}

import { dirname } from 'node:path';
import { watch as watchPaths } from 'chokidar';
import type { EndpointTls } from '../cluster/cluster.ts';
import type { ListenerTlsConfig } from '../config/bootstrap-model.ts';
import type { ClientTls } from '../config/model.ts';
import { listenerTlsFiles } from '../config/tls-checks.ts';
import { messageOf } from '../errors/message-of.ts';
import type { Log } from '../observe/log.ts';
import { ClientSecurity } from '../transport/tls-client.ts';
import { TlsFault, type TlsFiles } from '../transport/tls-files.ts';
import { TlsIdentity } from '../transport/tls-identity.ts';
import type { EndpointSecurity } from '../upstream/pools.ts';

/** Milliseconds of quiet before changed files are read: a certificate and its key are two files. */
const DEBOUNCE_MS = 50;
/** Endpoints whose last reason is kept in mind. */
const MOST_FAULTS = 1000;

interface Held {
  readonly identity: TlsIdentity;
  /** Whom messages name. */
  readonly owner: string;
}

/** All certificates and keys of a proxy: read when they are first needed, and again when their files change. */
export class TlsRuntime {
  readonly #log: Log;
  readonly #directory: string;
  readonly #listeners: Held[] = [];
  readonly #clients = new Map<string, Held>();
  /** Last reasons by endpoint. */
  readonly #faults = new Map<string, string>();
  #watcher: ReturnType<typeof watchPaths> | undefined = undefined;
  #timer: NodeJS.Timeout | undefined = undefined;

  /** @param directory that listeners' files are relative to */
  constructor(directory: string, log: Log) {
    this.#directory = directory;
    this.#log = log;
  }

  /** A listener's certificate. */
  listener(name: string, tls: ListenerTlsConfig): TlsIdentity {
    const identity = new TlsIdentity(listenerTlsFiles(tls, this.#directory));
    const held = { identity, owner: `listener ${name}` };
    this.#listeners.push(held);
    this.#warn(held);
    return identity;
  }

  /** TLS towards an endpoint. @param alpn what its protocol is called in TLS's negotiation */
  endpoint({ settings, host }: EndpointTls, alpn: readonly string[]): EndpointSecurity {
    const { sni, subjectAltNames: names, insecureSkipVerify: trustAll } = settings;
    const serverName = sni ?? host;
    const identity = this.#client(settings);
    const key = JSON.stringify([settings.mode, settings.files, serverName, names, trustAll]);
    const onFault = (peer: string, reason: string) => this.#onFault(peer, reason);
    return { key, security: new ClientSecurity({ identity, serverName, names, trustAll, alpn, onFault }) };
  }

  /** Only these settings are in use from now on: files of others are not looked at any more. */
  keep(inUse: readonly ClientTls[]): void {
    const keys = new Set(inUse.map(({ files }) => JSON.stringify(files)));
    for (const key of this.#clients.keys()) if (!keys.has(key)) this.#clients.delete(key);
  }

  /** Watches the files from now on. */
  async start(): Promise<void> {
    const folders = [...this.#listeners, ...this.#clients.values()].flatMap(({ identity }) => foldersOf(identity.files));
    const watcher = watchPaths(folders, { ignoreInitial: true, depth: 0 });
    this.#watcher = watcher;
    // 'raw' also tells of what chokidar has no event for, like the swapped link of a mounted Secret.
    for (const event of ['all', 'raw'] as const) watcher.on(event, () => this.#schedule());
    watcher.on('error', (error) => this.#log.error('the folders of certificates cannot be watched', { reason: messageOf(error) }));
    if (folders.length > 0) await new Promise<void>((ready) => watcher.once('ready', ready));
    // Files may have changed since they were read.
    this.#schedule();
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#watcher?.close();
    clearTimeout(this.#timer);
  }

  /** Each attempt to reach a service fails the same way: the first one is enough to see. */
  #onFault(endpoint: string, reason: string): void {
    const level = this.#faults.get(endpoint) === reason ? 'debug' : 'warn';
    if (this.#faults.size >= MOST_FAULTS) this.#faults.clear();
    this.#faults.set(endpoint, reason);
    this.#log[level]('a connection to a service failed', { endpoint, reason });
  }

  #client({ files }: ClientTls): TlsIdentity {
    const key = JSON.stringify(files);
    let held = this.#clients.get(key);
    if (held === undefined) {
      held = { identity: new TlsIdentity(files), owner: 'connections to services' };
      this.#clients.set(key, held);
      this.#watcher?.add(foldersOf(files));
    }
    return held.identity;
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      for (const held of this.#listeners) if (this.#reload(held)) this.#warn(held);
      for (const held of this.#clients.values()) this.#reload(held);
    }, DEBOUNCE_MS);
  }
  /** @returns whether anything changed */
  #reload({ identity, owner }: Held): boolean {
    try {
      if (!identity.reload()) return false;
      this.#log.info(`${owner}: the changed certificate files are in use for new connections`);
      return true;
    } catch (error) {
      this.#log.error(`${owner}: changed certificate files are not taken; what was in use stays so: ${messageOf(error)}`);
      return false;
    }
  }
  /** Certificates of rules are judged with their rules. */
  #warn({ identity: { current }, owner }: Held): void {
    if (current instanceof TlsFault) return;
    for (const { message } of current.warnings) this.#log.warn(`${owner}: ${message}`);
  }
}

function foldersOf({ cert, key, ca }: TlsFiles): string[] {
  return [cert, key, ca].flatMap((file) => (file === undefined ? [] : [dirname(file)]));
}

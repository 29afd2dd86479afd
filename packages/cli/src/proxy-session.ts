import { dirname } from 'node:path';
import {
  type AdminListener,
  type AdminSource,
  type Bootstrap,
  ConfigError,
  createLog,
  hasErrors,
  type LogLevel,
  messageOf,
  ProxyServer,
  startAdmin,
} from '@polywire/core';
import { loadConfiguration } from './configuration.ts';
import { CliError, EXIT } from './exit.ts';
import { writeProblems } from './problem-output.ts';
import { styleFor, type Terminal } from './terminal.ts';

/** A running proxy as the commands see it. The only file that knows core's Proxy. */
export interface ProxySession {
  readonly listeners: readonly { readonly name: string; readonly address: string }[];
  /** `host:port`; undefined when the bootstrap has no admin listener. */
  readonly adminAddress: string | undefined;
  readonly admin: AdminSource;
  /** Takes no new connections and resolves when open requests are answered, or the drain timeout is over. */
  drain(): Promise<void>;
  close(): Promise<void>;
}

/** What `run` lets the command line say. */
export interface SessionOptions {
  readonly logLevel?: LogLevel;
  readonly logFormat?: 'json' | 'text';
}

/**
 * Starts the proxy that a bootstrap file describes, with its admin listener.
 * @throws CliError when the file is invalid or an address cannot be bound
 */
export async function startProxy(file: string, terminal: Terminal, options: SessionOptions): Promise<ProxySession> {
  const { bootstrap, plugins, mesh, problems, sources } = await loadConfiguration(file, terminal);
  if (bootstrap === undefined || mesh === undefined || hasErrors(problems)) {
    writeProblems(terminal.stderr, problems, sources, styleFor(terminal.stderr, terminal.environment));
    throw new CliError(`${file} is not valid`, EXIT.refused);
  }
  const format = options.logFormat ?? (terminal.stderr.isTTY === true ? 'text' : 'json');
  const log = createLog({ level: options.logLevel ?? bootstrap.log.level, format });
  const proxy = createProxy(file, { bootstrap, baseDirectory: dirname(file), plugins, mesh, log });
  const { listeners } = await started(proxy, () => proxy.start());
  const admin = await started(proxy, () => startAdminOf(bootstrap, proxy));
  return {
    listeners,
    adminAddress: admin?.address,
    admin: proxy.adminSource,
    drain: () => proxy.drain(),
    close: async () => {
      await admin?.close();
      await proxy.close();
    },
  };
}

function createProxy(file: string, options: Parameters<typeof ProxyServer.create>[0]): ProxyServer {
  try {
    return ProxyServer.create(options);
  } catch (error) {
    if (error instanceof ConfigError) throw new CliError(`${file} is not valid\n${error.message}`, EXIT.refused, error);
    throw error;
  }
}

async function startAdminOf(bootstrap: Bootstrap, proxy: ProxyServer): Promise<AdminListener | undefined> {
  return bootstrap.admin === undefined ? undefined : startAdmin(bootstrap.admin.address, proxy.adminSource);
}

/** A proxy that could not start is closed, so that the process can end. */
async function started<T>(proxy: ProxyServer, start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (error) {
    await proxy.close();
    throw new CliError(messageOf(error), EXIT.refused, error);
  }
}

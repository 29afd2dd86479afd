import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type PeerModule, peerClassPath } from './build-peers.ts';
import { LineProcess } from './line-process.ts';
import type { Owner } from './owner.ts';

// Several start at a time, on few cores.
const READY_TIMEOUT_MILLISECONDS = 180_000;
const READY = 'READY ';
// Dubbo and its serializations reach into these by reflection.
const OPENED_PACKAGES = ['lang', 'lang.reflect', 'util', 'util.concurrent', 'math', 'text', 'time', 'net', 'io'];

/** Starts a main class of a peer module and answers its process when it is ready. */
export async function startJava(
  owner: Owner,
  options: { name: string; module: PeerModule; mainClass: string; args: readonly string[]; flags?: readonly string[] },
): Promise<LineProcess> {
  const classPath = await peerClassPath(options.module);
  const home = mkdtempSync(join(tmpdir(), 'polywire-peer-'));
  owner.after(() => rmSync(home, { recursive: true, force: true }));
  const { process } = await LineProcess.start(owner, {
    name: options.name,
    command: 'java',
    args: [...flags(home), ...(options.flags ?? []), '-cp', classPath, `io.polywire.peers.${options.mainClass}`, ...options.args],
    ready: (line) => line.startsWith(READY),
    readyTimeout: READY_TIMEOUT_MILLISECONDS,
  });
  return process;
}

function flags(home: string): string[] {
  // Dubbo replaces 127.0.0.1 by the machine's own address, when it registers and when it connects. With every interface
  // ignored it asks for this host's name instead, which this file answers with loopback.
  const hosts = join(home, 'hosts');
  writeFileSync(hosts, `127.0.0.1 localhost loop ${hostname()}\n`);
  return [
    '-Xmx256m',
    '-XX:+UseSerialGC',
    '-XX:TieredStopAtLevel=1',
    '-Xshare:auto',
    '-Djava.net.preferIPv4Stack=true',
    `-Djdk.net.hosts.file=${hosts}`,
    '-Ddubbo.network.interface.ignored=.*',
    // Caches that Dubbo keeps in the home directory must not leak from one test to another.
    `-Duser.home=${home}`,
    '-Ddubbo.application.logger=slf4j',
    '-Ddubbo.config.ignore-duplicated-interface=true',
    '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
    ...OPENED_PACKAGES.map((name) => `--add-opens=java.base/java.${name}=ALL-UNNAMED`),
  ];
}

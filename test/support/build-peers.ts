import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildOnce, hashFiles } from './build-once.ts';

/** A Maven module of `test/peers`. */
export type PeerModule = 'dubbo26' | 'dubbo27' | 'dubbo3' | 'motan' | 'sofarpc' | 'springcloud' | 'zookeeper';

const MODULES: readonly PeerModule[] = ['dubbo26', 'dubbo27', 'dubbo3', 'motan', 'sofarpc', 'springcloud', 'zookeeper'];
// This file runs as test/dist/support/build-peers.js.
const PEERS = fileURLToPath(new URL('../../peers/', import.meta.url));
const BUILD_TIMEOUT_MILLISECONDS = 600_000;

let classPaths: Promise<ReadonlyMap<PeerModule, string>> | undefined;

/** The class path of a module. Builds all of them with Maven when their sources changed since the last build. */
export async function peerClassPath(module: PeerModule): Promise<string> {
  classPaths ??= buildModules();
  const found = (await classPaths).get(module);
  if (found === undefined) throw new Error(`no class path for ${module}`);
  return found;
}

async function buildModules(): Promise<ReadonlyMap<PeerModule, string>> {
  await buildOnce({
    output: join(PEERS, 'target'),
    sources: hashFiles(PEERS, (file) => !file.includes('target/') && !/^(thrift|http2)\//.test(file)),
    // The libraries it was built with are still in the local repository.
    isWhole: () => MODULES.every((module) => classPath(module).split(':').every(existsSync)),
    build,
  });
  return new Map(MODULES.map((module) => [module, classPath(module)]));
}

function build(): void {
  const maven = spawnSync('mvn', ['-q', '-B', 'package'], { cwd: PEERS, encoding: 'utf8', timeout: BUILD_TIMEOUT_MILLISECONDS });
  if (maven.status !== 0) {
    throw new Error(
      `mvn package in test/peers failed (${maven.error?.message ?? `exit code ${maven.status}`}):\n${maven.stdout}${maven.stderr}`,
    );
  }
}

function classPath(module: PeerModule): string {
  const target = join(PEERS, module, 'target');
  return `${join(target, 'classes')}:${readFileSync(join(target, 'classpath.txt'), 'utf8').trim()}`;
}

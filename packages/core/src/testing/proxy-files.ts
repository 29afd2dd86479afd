import { writeFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { Interner } from '../buffer/interner.ts';
import { parseBootstrap } from '../config/bootstrap.ts';
import { loadMesh } from '../config/load.ts';
import { formatProblem } from '../config/problems.ts';
import type { FilterFactory } from '../filter/filter.ts';
import { createLog } from '../observe/log.ts';
import { SPI_VERSION } from '../plugin/plugin.ts';
import { PluginRegistry } from '../plugin/plugin-registry.ts';
import type { Protocol } from '../protocol/streaming.ts';
import { builtIn } from '../proxy/built-in.ts';
import { ProxyServer } from '../proxy/proxy.ts';
import { toyProtocol } from './toy-protocol.ts';

/** Toy frames with ids from 0x7f000000 on; it needs four bytes to know. */
export const LOUD_ID = 0x7f_00_00_00;

/** Of a connection that begins with a toy frame whose id is, or is not, a loud one. */
function detectToy(head: Buffer, loud: boolean) {
  if (head[0] !== undefined && head[0] !== 0x54) return 'no-match';
  if (head[3] === undefined) return 'need-more';
  return (head[3] === 0x7f) === loud ? 'match' : 'no-match';
}

/** A line of the proxy's log. */
interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly peer?: string;
  readonly seen?: string;
  readonly bytes?: string;
  readonly reason?: string;
}

/** What a test starts a proxy with. */
export interface ProxyFiles {
  readonly bootstrap: string;
  /** Mesh resources; none when absent. */
  readonly mesh?: string;
  readonly protocols?: readonly Protocol[];
  readonly filters?: readonly FilterFactory[];
}

/** A whole proxy from the text of its files, with two protocols, `toy` and `loud`. Ends with the test. */
export async function startFromFiles(t: TestContext, { bootstrap: text, mesh: meshText = '', protocols = [], filters = [] }: ProxyFiles) {
  const directory = await mkdtemp(join(tmpdir(), 'polywire-'));
  t.after(() => rm(directory, { recursive: true }));
  await writeFile(join(directory, 'mesh.yaml'), meshText);
  const plugins = new PluginRegistry(new Interner());
  plugins.add(builtIn, 'built in');
  const toys: Protocol[] = [
    { ...toyProtocol(), detect: (head) => detectToy(head, false) },
    { ...toyProtocol(), name: 'loud', detect: (head) => detectToy(head, true) },
    ...protocols,
  ];
  plugins.add({ name: 'toys', spiVersion: SPI_VERSION, protocols: toys.map((protocol) => () => protocol), filters }, 'the test');
  const { bootstrap, problems } = parseBootstrap(`resources: [mesh.yaml]\n${text}`, 'polywire.yaml', {});
  if (bootstrap === undefined) throw new Error(problems.map((problem) => formatProblem(problem)).join('\n'));
  const lines: LogLine[] = [];
  const log = createLog({ level: 'debug', write: (line) => lines.push(JSON.parse(line)) });
  const mesh = await loadMesh({ directory, globs: bootstrap.resources, ...plugins.resourceOptions });
  const proxy = ProxyServer.create({ bootstrap, baseDirectory: directory, plugins, mesh, log });
  const { listeners } = await proxy.start();
  t.after(() => proxy.close());
  const port = (name: string) =>
    Number(
      listeners
        .find((listener) => listener.name === name)
        ?.address.split(':')
        .at(-1),
    );
  /** Changes the mesh resources. */
  const write = (mesh: string) => writeFileSync(join(directory, 'mesh.yaml'), mesh);
  return { proxy, port, lines, write };
}

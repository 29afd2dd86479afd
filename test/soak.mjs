// pnpm soak [--minutes 5] [--only rpc|http2|fuzz|registry|watches]
// Minutes of what `pnpm test` runs for seconds, one after the other: load and disturbances over RPC (soak.test.ts) and HTTP/2
// (http2-soak.test.ts), generated and mutated HTTP/2, ZooKeeper and its providers in trouble (registry-chaos.test.ts), and 60,000 cycles of a
// watch (the ZooKeeper client's own tests), which take as long as they take.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const END_TO_END = 'dist/';
const CLIENT = '../packages/registry-zk/dist/client/';
const FILES = {
  rpc: [`${END_TO_END}soak`],
  http2: [`${END_TO_END}http2-soak`],
  fuzz: [`${END_TO_END}http2-fuzz`, `${END_TO_END}http2-byte-fuzz`],
  registry: [`${END_TO_END}registry-chaos`],
  watches: [`${CLIENT}builtin.integration`],
};
const WATCH_CYCLES = '60000';

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '5' }, only: { type: 'string' } } });
const minutes = Number(values.minutes);
const kinds = values.only === undefined ? Object.keys(FILES) : [values.only];
const problem =
  minutes > 0
    ? kinds.every((kind) => Object.hasOwn(FILES, kind))
      ? undefined
      : `--only is one of ${Object.keys(FILES).join(', ')}, not ${values.only}`
    : `--minutes is a number over 0, not ${values.minutes}`;
if (problem !== undefined) {
  console.error(problem);
  process.exit(2);
}
const files = kinds.flatMap((kind) => FILES[kind]).map((name) => fileURLToPath(new URL(`${name}.test.js`, import.meta.url)));
const env = { POLYWIRE_ZK_WATCH_CYCLES: WATCH_CYCLES, ...process.env, POLYWIRE_SOAK_MS: String(Math.round(minutes * 60_000)) };
const child = spawn(process.execPath, ['--test', '--test-concurrency=1', '--test-reporter=spec', ...files], { env, stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('close', (code) => {
  process.exitCode = code ?? 1;
});

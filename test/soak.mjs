// pnpm soak [--minutes 5] [--only rpc|http2|fuzz]    minutes of what `pnpm test` runs for seconds, one after the other: load and disturbances
//                                                    over RPC (soak.test.ts) and HTTP/2 (http2-soak.test.ts), and generated and mutated HTTP/2
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const FILES = { rpc: ['soak'], http2: ['http2-soak'], fuzz: ['http2-fuzz', 'http2-byte-fuzz'] };

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
const files = kinds.flatMap((kind) => FILES[kind]).map((name) => fileURLToPath(new URL(`dist/${name}.test.js`, import.meta.url)));
const env = { ...process.env, POLYWIRE_SOAK_MS: String(Math.round(minutes * 60_000)) };
const child = spawn(process.execPath, ['--test', '--test-concurrency=1', '--test-reporter=spec', ...files], { env, stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('close', (code) => {
  process.exitCode = code ?? 1;
});

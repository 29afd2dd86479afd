// pnpm soak [--minutes 5]    load and disturbances for minutes: test/soak.test.ts, which `pnpm test` runs for seconds
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '5' } } });
const minutes = Number(values.minutes);
if (!(minutes > 0)) {
  console.error(`--minutes is a number over 0, not ${values.minutes}`);
  process.exit(2);
}
const file = fileURLToPath(new URL('dist/soak.test.js', import.meta.url));
const env = { ...process.env, POLYWIRE_SOAK_MS: String(Math.round(minutes * 60_000)) };
const child = spawn(process.execPath, ['--test', '--test-reporter=spec', file], { env, stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('close', (code) => {
  process.exitCode = code ?? 1;
});

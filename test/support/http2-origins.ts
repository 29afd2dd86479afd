import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { goProgram } from './http2-build.ts';
import { startNodeOrigin } from './http2-node-origin.ts';
import { LineProcess } from './line-process.ts';
import type { Owner } from './owner.ts';
import { freePort } from './ports.ts';

/**
 * Servers of other people's HTTP/2. `node` and `go` answer:
 *
 * - `/`: 200 with `served by <name>`
 * - `/echo`: the request's body as it comes, then the trailers `x-echoed-bytes` and, where the request had it, `x-said`
 * - `/request`: what was asked, as JSON: `server`, `method`, `path`, `authority`, `headers`
 * - `/early`: 103, then 200
 * - `/bytes/<n>`: n bytes, of which the i-th is i % 65536 % 251
 * - `/slow/<ms>`, `/status/<code>`, and `/reset`, which ends the stream with an error.
 *
 * `nghttpd` serves `GET /`, and answers every POST with its body; both end with the trailer `x-served-by`.
 */
export const ORIGINS = ['nghttpd', 'node', 'go'] as const;
export type OriginName = (typeof ORIGINS)[number];

// With a length, curl reads an answer to the end of its body only.
const NGHTTPD_TRAILER = ['--trailer', 'x-served-by: nghttpd', '--no-content-length'];
const READY = 'READY ';
const READY_TIMEOUT_MILLISECONDS = 60_000;

/** Starts a server, in cleartext with prior knowledge, on the port that it answers. */
export async function startOrigin(owner: Owner, name: OriginName): Promise<number> {
  if (name === 'node') return (await startNodeOrigin(owner)).port;
  return name === 'go' ? startGo(owner) : startNghttpd(owner);
}

async function startGo(owner: Owner): Promise<number> {
  const { readyLine } = await LineProcess.start(owner, {
    name: 'go origin',
    command: await goProgram('origin'),
    args: [],
    ready: (line) => line.startsWith(READY),
    readyTimeout: READY_TIMEOUT_MILLISECONDS,
  });
  return (JSON.parse(readyLine.slice(READY.length)) as { port: number }).port;
}

async function startNghttpd(owner: Owner): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'polywire-nghttpd-'));
  owner.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'index.html'), 'served by nghttpd\n');
  const port = await freePort();
  await LineProcess.start(owner, {
    name: 'nghttpd',
    command: 'nghttpd',
    // Its default of 100 streams on a connection starves a proxy that shares connections.
    args: ['--no-tls', '-a', '127.0.0.1', '-d', folder, '-m', '1000', '--echo-upload', ...NGHTTPD_TRAILER, `${port}`],
    ready: port,
    readyTimeout: READY_TIMEOUT_MILLISECONDS,
  });
  return port;
}

// An innocent caller in a process of its own, so that nothing but the proxy and the machine can slow it down; or an origin. It
// obeys CommandLine.
import { once } from 'node:events';
import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from 'node:http2';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { startNodeOrigin } from './http2-node-origin.ts';

const PAUSE_MS = 2;
/** A call that takes longer has failed. */
const MOST_MS = 20_000;
const [role = '', url = '', authority = ''] = process.argv.slice(2);

if (role === 'origin') {
  const { port } = await startNodeOrigin({ after: () => {} });
  process.stdout.write(`READY ${port}\n`);
} else {
  void run();
}

async function run(): Promise<void> {
  let milliseconds: number[] = [];
  let failures: string[] = [];
  createInterface({ input: process.stdin }).on('line', (line) => {
    const { id } = JSON.parse(line) as { id: number };
    process.stdout.write(`${JSON.stringify({ id, ok: { milliseconds, failures } })}\n`);
    milliseconds = [];
    failures = [];
  });
  process.stdout.write('READY\n');
  let session = connect(url);
  session.on('error', () => {});
  for (;;) {
    const began = performance.now();
    try {
      await call(session);
      milliseconds.push(performance.now() - began);
    } catch (error) {
      failures.push(String(error));
      session.destroy();
      session = connect(url);
      session.on('error', () => {});
    }
    await sleep(PAUSE_MS);
  }
}

async function call(session: ClientHttp2Session): Promise<void> {
  const signal = AbortSignal.timeout(MOST_MS);
  const stream = session.request({ ':path': '/', ':authority': authority }, { signal });
  let body = '';
  stream.setEncoding('latin1').on('data', (text: string) => {
    body += text;
  });
  const ended = once(stream, 'end', { signal });
  const [headers] = (await once(stream, 'response', { signal })) as [IncomingHttpHeaders];
  await ended;
  if (Number(headers[':status']) !== 200 || body !== 'served by node\n') throw new Error(`status ${headers[':status']}: ${body}`);
}

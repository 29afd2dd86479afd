import assert from 'node:assert/strict';
import type { ClientHttp2Session } from 'node:http2';
import { describe, test } from 'node:test';
import { GeneratedServer } from './support/http2-differential.ts';
import { type GeneratedExchange, generateExchange } from './support/http2-generated.ts';
import { Http2Proxy } from './support/http2-proxy.ts';
import { Random } from './support/http2-random.ts';
import { openSession } from './support/http2-session.ts';

/** `pnpm soak` says minutes, and takes another seed each time. */
const SOAK_MS = Number(process.env['POLYWIRE_SOAK_MS'] ?? 0);
const FUZZ_MS = SOAK_MS === 0 ? 5_000 : SOAK_MS / 2;
const SEED = Number(process.env['POLYWIRE_FUZZ_SEED'] ?? (SOAK_MS === 0 ? 1 : Date.now() % 2 ** 31));
const AT_ONCE = 8;
/** Also on a machine that is busy with other things. */
const LEAST_EXCHANGES = 100;

describe('generated HTTP/2', { timeout: 2 * FUZZ_MS + 120_000 }, () => {
  test('exchanges arrive through the proxy exactly as they do without it', async (t) => {
    const server = await GeneratedServer.start(t);
    const proxy = await Http2Proxy.start(t, { services: [{ ports: [server.port] }] });
    const direct = await openSession(t, `http://127.0.0.1:${server.port}`);
    const proxied = await openSession(t, proxy.origin);
    const random = new Random(SEED);
    const end = performance.now() + FUZZ_MS;
    let count = 0;
    const lanes = Array.from({ length: AT_ONCE }, async () => {
      while (performance.now() < end || count < LEAST_EXCHANGES) {
        const number = count++;
        await assertSame(server, [direct, proxied], generateExchange(random), `seed ${SEED}, exchange ${number}`);
      }
    });
    await Promise.all(lanes);
    t.diagnostic(`${count} exchanges, seed ${SEED}`);
    await proxy.idle();
  });
});

async function assertSame(
  server: GeneratedServer,
  [direct, proxied]: readonly [ClientHttp2Session, ClientHttp2Session],
  generated: GeneratedExchange,
  name: string,
): Promise<void> {
  const [wanted, seen] = await Promise.all([server.exchange(direct, generated), server.exchange(proxied, generated)]);
  assert.deepEqual(seen, wanted, `${name}: ${JSON.stringify(generated.request).slice(0, 2000)}`);
}

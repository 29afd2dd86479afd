import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { ClientHttp2Session } from 'node:http2';
import { connect, createServer, type Socket } from 'node:net';
import { before, describe, type TestContext, test } from 'node:test';
import { startBodyOrigin } from './support/http2-body-origin.ts';
import { framesOf, mutate } from './support/http2-mutations.ts';
import { Http2Proxy } from './support/http2-proxy.ts';
import { Random } from './support/http2-random.ts';
import { PREFACE, TYPE } from './support/http2-raw.ts';
import { type RecordedConnection, recordConnections } from './support/http2-recording.ts';
import { begin, exchange, openSession, outcome } from './support/http2-session.ts';
import { suiteOwner } from './support/owner.ts';
import { listen } from './support/ports.ts';

const MIB = 1024 * 1024;
/** `pnpm soak` says minutes, and takes another seed each time. */
const SOAK_MS = Number(process.env['POLYWIRE_SOAK_MS'] ?? 0);
const FUZZ_MS = SOAK_MS === 0 ? 4_000 : SOAK_MS / 2;
const SEED = Number(process.env['POLYWIRE_FUZZ_SEED'] ?? (SOAK_MS === 0 ? 1 : Date.now() % 2 ** 31));
/** At a time. Services mostly cost their callers a timeout. */
const CALLERS = 12;
const SERVICES = 40;
/** Of the proxy: what it may wait for is over long before. */
const CLOSED_MILLISECONDS = 30_000;
/** Also on a machine that is busy with other things. */
const LEAST_CONNECTIONS = 50;
const LEAST_REQUESTS = 10;
const LIMITS = { 'header-timeout': '300ms', 'settings-timeout': '1s' };
const BOOTSTRAP = {
  defaultTimeout: '700ms',
  limits: { streamIdleTimeout: '300ms' },
  upstream: { backoff: { initial: '1ms', max: '5ms' }, connections: 1, maxConnections: 200 },
};
/** Long requests of theirs were mutated into many at once; the rest is what V8 did not collect yet. */
const MOST_GROWTH = 96 * MIB;

describe('mutated HTTP/2 connections', { timeout: 2 * FUZZ_MS + 120_000 }, () => {
  const owner = suiteOwner();
  let recorded: RecordedConnection[];
  before(async () => {
    recorded = await recordConnections(owner);
  });

  test('of callers end in time, and cost nobody else anything', async (t) => {
    const origin = await startBodyOrigin(t);
    const proxy = await Http2Proxy.start(t, { services: [{ ports: [origin.port] }], settings: LIMITS, bootstrap: BOOTSTRAP });
    // Unchanged, all of it is answered: with bodies of 20,000 and 30,000 bytes.
    for (const { client } of recorded) await send(proxy.port, client, new Random(SEED), 50_000);
    await fuzz(t, proxy, CALLERS, async (random) => {
      const { bytes, steps } = mutate(random, random.of(recorded).client);
      await send(proxy.port, bytes, random, bytes.length > 0 && random.chance(50) ? 1 : 0).catch((error: unknown) => {
        throw new Error(`${steps}: ${error}: ${bytes.toString('base64')}`);
      });
    });
  });

  test('of services end in time, and cost nobody else anything', async (t) => {
    const origin = await startBodyOrigin(t);
    const fakes = await Promise.all(Array.from({ length: SERVICES }, () => FakeService.start(t)));
    const hosts = fakes.map(({ port }, i) => ({ host: `fake-${i}.test`, ports: [port], settings: LIMITS }));
    const proxy = await Http2Proxy.start(t, { services: [{ ports: [origin.port] }, ...hosts], bootstrap: BOOTSTRAP });
    const session = await openSession(t, proxy.origin);
    const ask = async (lane: number, requests: number, bytes: Buffer) => {
      const fake = fakes[lane];
      fake?.say(bytes, requests);
      const streams = Array.from({ length: requests }, () => begin(session, { headers: { ':authority': `fake-${lane}.test` } }));
      const ends = await Promise.all(streams.map(outcome));
      fake?.hangUp();
      return ends;
    };
    for (const { server, requests } of recorded) {
      assert.ok((await ask(0, requests, server)).includes('200'), 'unchanged, it answers');
      await proxy.until('the connection that was hung up is gone', (stats) => stats.sum('polywire_http2_upstream_connections') === 0);
    }
    await fuzz(t, proxy, SERVICES, async (random, lane) => {
      const { server, requests } = random.of(recorded);
      const { bytes, steps } = mutate(random, server);
      await ask(lane, requests, bytes).catch((error: unknown) => {
        throw new Error(`${steps}: ${error}: ${bytes.toString('base64')}`);
      });
    });
    session.destroy();
  });
});

/** Again and again, several at a time, beside somebody who asks all the time. */
async function fuzz(
  t: TestContext,
  proxy: Http2Proxy,
  atOnce: number,
  once: (random: Random, lane: number) => Promise<void>,
): Promise<void> {
  const before = await proxy.residentBytes();
  const victim = await openSession(t, proxy.origin);
  const end = performance.now() + FUZZ_MS;
  let count = 0;
  let asked = 0;
  const lanes = Array.from({ length: atOnce }, async (_, lane) => {
    const random = new Random(SEED * 1000 + lane);
    for (; performance.now() < end || count < LEAST_CONNECTIONS; count++) await once(random, lane);
  });
  const asking = async () => {
    for (; performance.now() < end || asked < LEAST_REQUESTS; asked++)
      assert.equal((await exchange(victim, { path: '/echo', body: { seed: 1, bytes: 3_000 } })).bytes, 3_000);
  };
  await Promise.all([...lanes, asking()]);
  await stillWell(victim);
  const stats = await proxy.stats();
  const grown = stats.sum('polywire_resident_memory_bytes') - before;
  const errors = stats.sum('polywire_http2_protocol_errors_total');
  const totals = `${count} connections, ${errors} errors, ${asked} requests of others, ${(grown / MIB).toFixed(0)} MiB more, seed ${SEED}`;
  t.diagnostic(totals);
  assert.ok(errors > count / 5, totals);
  assert.ok(grown < MOST_GROWTH, `the proxy grew by ${(grown / MIB).toFixed(0)} MiB`);
  victim.destroy();
  await proxy.idle();
  assert.doesNotMatch(proxy.log, /"level":"(error|fatal)"/);
}

async function stillWell(session: ClientHttp2Session): Promise<void> {
  const asks = Array.from({ length: 100 }, (_, seed) => exchange(session, { path: '/echo', body: { seed, bytes: seed * 100 } }));
  for (const { status } of await Promise.all(asks)) assert.equal(status, 200);
}

/** Sends bytes in pieces, ends when it heard so much, and reads until the proxy closes. */
async function send(port: number, bytes: Buffer, random: Random, least: number): Promise<number> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => {}).setNoDelay(true);
  let heard = 0;
  let done = false;
  socket.on('data', (chunk: Buffer) => {
    heard += chunk.length;
    if (done && heard >= least) socket.end();
  });
  const closed = once(socket, 'end', { signal: AbortSignal.timeout(CLOSED_MILLISECONDS) }).catch((error: Error) => {
    if (error.name === 'AbortError') throw new Error(`not closed within ${CLOSED_MILLISECONDS} ms`);
  });
  await once(socket, 'connect');
  for (let from = 0; from < bytes.length && !socket.destroyed; ) {
    const to = from + (random.chance(50) ? random.between(1, 100) : random.between(1, 20_000));
    socket.write(bytes.subarray(from, to));
    if (random.chance(30)) await new Promise(setImmediate);
    from = to;
  }
  done = true;
  if (heard >= least) socket.end();
  try {
    await closed;
  } finally {
    socket.destroy();
  }
  return heard;
}

/** Says what it is told to, whatever it hears. */
class FakeService {
  #says: Buffer = Buffer.alloc(0);
  #requests = 0;
  readonly port: number;
  readonly #sockets: Set<Socket>;

  private constructor(port: number, sockets: Set<Socket>) {
    this.port = port;
    this.#sockets = sockets;
  }

  static async start(t: TestContext): Promise<FakeService> {
    const sockets = new Set<Socket>();
    const holder: { fake?: FakeService } = {};
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => {}).once('close', () => sockets.delete(socket));
      let heard: Buffer = Buffer.alloc(0);
      let said = false;
      socket.on('data', (chunk: Buffer) => {
        heard = Buffer.concat([heard, chunk]);
        if (said || !holder.fake?.heardEnough(heard)) return;
        said = true;
        socket.write(holder.fake.#says);
      });
    });
    const fake = new FakeService(await listen(server), sockets);
    holder.fake = fake;
    t.after(() => {
      fake.hangUp();
      server.close();
    });
    return fake;
  }

  /** To every connection on which so many requests came. */
  say(bytes: Buffer, requests: number): void {
    this.#says = bytes;
    this.#requests = requests;
  }

  heardEnough(bytes: Buffer): boolean {
    const heads = framesOf(bytes.subarray(PREFACE.length)).filter((each) => each[3] === TYPE.headers);
    return heads.length >= this.#requests;
  }

  hangUp(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type ClientHttp2Session, connect } from 'node:http2';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type NodeServer, serveBodies, startNodeServer } from './support/http2-body-origin.ts';
import { Http2Proxy } from './support/http2-proxy.ts';
import { BrokenOff, begin, finish } from './support/http2-session.ts';
import type { Owner } from './support/owner.ts';

const CALLERS = 6;
const DEPTH = 8;
const SERVICE_MILLISECONDS = 20;
const DRAIN_MILLISECONDS = 30_000;
const REFUSED_STREAM = 7;

describe('changes under load', { concurrency: 2, timeout: 240_000 }, () => {
  test('a proxy that ends tells its callers, answers what they asked, and is gone in time', async (t) => {
    const service = await startSlowService(t, 'one');
    const proxy = await Http2Proxy.start(t, {
      services: [{ ports: [service.node.port] }],
      bootstrap: { drain: { timeout: `${DRAIN_MILLISECONDS}ms`, quiet: '1s' } },
    });
    const load = new Load(t, proxy.origin);
    await load.answers(200);
    const began = performance.now();
    const exit = proxy.stop();
    await load.done();
    assert.equal(await exit, 'exit code 0');
    const took = performance.now() - began;
    t.diagnostic(`${load}; gone after ${took.toFixed(0)} ms`);
    assert.deepEqual(load.lost, []);
    assert.equal(load.sentAway, CALLERS, 'every caller got a GOAWAY');
    assert.equal(load.answered, service.count(), 'what the service did was answered');
    assert.ok(took < DRAIN_MILLISECONDS, 'it waited for somebody until its time was over');
  });

  test('a proxy that ends waits for long answers as long as it may', async (t) => {
    const service = await startNodeServer(t, (stream) => {
      stream.respond({ ':status': 200 });
      stream.write('begun');
      setTimeout(() => stream.end('ended'), 1500);
    });
    const proxy = await Http2Proxy.start(t, { services: [{ ports: [service.port] }] });
    const session = connect(proxy.origin);
    session.on('error', () => {});
    const stream = begin(session);
    const answer = finish(stream);
    await once(stream, 'response');
    const exit = proxy.stop();
    assert.equal((await answer).bytes, 10);
    assert.equal(await exit, 'exit code 0');
  });

  test('a change of endpoints moves the load without losing a request', async (t) => {
    const [one, two] = [await startSlowService(t, 'one'), await startSlowService(t, 'two')];
    const proxy = await Http2Proxy.start(t, { services: [{ ports: [one.node.port] }] });
    const load = new Load(t, proxy.origin);
    for (const service of [two, one, two]) {
      await load.answers(150);
      await proxy.replaceServices([{ ports: [service.node.port] }]);
      const [other] = [one, two].filter((each) => each !== service);
      // What is on its way there ends.
      await load.answers(CALLERS * DEPTH);
      const before = other?.count();
      await load.answers(100);
      assert.equal(other?.count(), before, 'nothing goes there any more');
    }
    load.stop();
    await load.done();
    t.diagnostic(`${load}`);
    assert.deepEqual(load.lost, []);
    assert.equal(load.answered, one.count() + two.count());
    await proxy.idle();
  });

  test('services that end and come back under load cost nothing but what they had begun', async (t) => {
    const [one, two] = [await startSlowService(t, 'one'), await startSlowService(t, 'two')];
    const proxy = await Http2Proxy.start(t, { services: [{ ports: [one.node.port, two.node.port] }] });
    const load = new Load(t, proxy.origin);
    await load.answers(100);
    for (let round = 0; round < 4; round++) {
      // Ends as node:http2 ends: GOAWAY, then what is open is answered.
      for (const session of (round % 2 === 0 ? one : two).node.sessions) session.close();
      await load.answers(150);
    }
    load.stop();
    await load.done();
    t.diagnostic(`${load}`);
    assert.deepEqual(load.lost, []);
    await proxy.idle();
  });
});

interface SlowService {
  readonly node: NodeServer;
  readonly count: () => number;
}

/** Answers after a while, so that something is always under way. */
async function startSlowService(owner: Owner, name: string): Promise<SlowService> {
  let count = 0;
  const node = await startNodeServer(owner, (stream, headers) => {
    if (headers[':path'] !== '/slow') return serveBodies(stream, headers);
    count++;
    stream.resume();
    setTimeout(() => {
      if (stream.destroyed) return;
      stream.respond({ ':status': 200 });
      stream.end(name);
    }, SERVICE_MILLISECONDS);
  });
  return { node, count: () => count };
}

/** Callers that ask all the time on a connection each, until they are told to go or to stop. */
class Load {
  answered = 0;
  sentAway = 0;
  /** Requests that the proxy said it did nothing with. */
  refused = 0;
  readonly lost: string[] = [];
  readonly #callers: Promise<void>[] = [];
  #stopped = false;

  constructor(owner: Owner, origin: string) {
    owner.after(() => this.stop());
    for (let i = 0; i < CALLERS; i++) this.#callers.push(this.#caller(connect(origin)));
  }

  stop(): void {
    this.#stopped = true;
  }

  async done(): Promise<void> {
    await Promise.all(this.#callers);
  }

  async answers(more: number): Promise<void> {
    const goal = this.answered + more;
    const end = performance.now() + 20_000;
    while (this.answered < goal) {
      if (performance.now() > end) throw new Error(`${more} more answers do not come: ${this}`);
      await sleep(5);
    }
  }

  toString(): string {
    return `${this.answered} answered, ${this.refused} refused, ${this.sentAway} callers sent away, lost: ${this.lost.join(' ') || 'none'}`;
  }

  async #caller(session: ClientHttp2Session): Promise<void> {
    session.on('error', () => {});
    let told = false;
    session.once('goaway', () => {
      told = true;
    });
    const lanes = Array.from({ length: DEPTH }, async () => {
      while (!this.#stopped && !told && !session.closed && !session.destroyed) await this.#ask(session);
    });
    await Promise.all(lanes);
    if (told) this.sentAway++;
    session.destroy();
  }

  async #ask(session: ClientHttp2Session): Promise<void> {
    try {
      const { status } = await finish(begin(session, { path: '/slow', body: { seed: 1, bytes: 2_000 } }));
      if (status === 200) this.answered++;
      else this.lost.push(`${status}`);
    } catch (error) {
      if (error instanceof BrokenOff && error.code === REFUSED_STREAM) this.refused++;
      else this.lost.push(`${error}`);
    }
  }
}

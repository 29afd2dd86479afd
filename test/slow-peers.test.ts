import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { type Answer, WireCaller } from './support/dubbo-wire/caller.ts';
import { binary, FLAGS, header, requestFront, response, STATUS } from './support/dubbo-wire/frame.ts';
import { routeTo, SERVICE, WireProxy } from './support/dubbo-wire/proxy.ts';
import { echo, type Handler, WireService } from './support/dubbo-wire/service.ts';
import { besideVictim } from './support/dubbo-wire/victim.ts';

const MIB = 1024 * 1024;
/** Long enough that a victim which waits for a slow peer misses its bound. */
const SLOW_MS = 2500;

async function start(t: TestContext, handler: Handler, bootstrap: object = {}) {
  const service = await WireService.start(t, handler);
  const proxy = await WireProxy.start(t, { endpoints: [{ port: service.port }], bootstrap: { ...bootstrap } });
  const open = () => WireCaller.connect(t, proxy.port);
  return { service, proxy, open };
}

function call(caller: WireCaller, method: string, argument = ''): Promise<Answer> {
  return caller.call({ service: SERVICE, method, argument });
}

/** A service of which `large` gives so many bytes. */
function sized(bytes: number): Handler {
  const value = binary(bytes);
  return (received) => (received.method === 'large' ? received.reply(value) : echo('v1')(received));
}

function slowly(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, SLOW_MS));
}

describe('slow, dying and deaf peers beside an innocent caller', { concurrency: 3 }, () => {
  test('a caller that stalls inside its large request, and dies there, takes only its own connections along', async (t) => {
    const { service, proxy, open } = await start(t, echo('v1'), {
      listeners: [{ name: 'rpc', address: '127.0.0.1:0', protocols: ['dubbo'], deadline: 'route' }],
    });
    await besideVictim(t, proxy, async () => {
      const stalling = await Promise.all(Array.from({ length: 5 }, open));
      const front = requestFront({ service: SERVICE, method: 'upload' }, '[B');
      for (const caller of stalling) {
        caller.socket.write(Buffer.concat([header(FLAGS.request, 0, 3n, 8 * MIB), front, binary(MIB)]));
      }
      await proxy.until('a connection for each', (stats) => stats.sum('polywire_endpoint_connections_active') === 6);
      await slowly();
      for (const caller of stalling) caller.socket.resetAndDestroy();
      await proxy.until('their connections are gone', (stats) => stats.sum('polywire_endpoint_connections_active') === 1);
    });
    assert.equal(service.sockets.size, 1);
    const stats = await proxy.settled();
    assert.equal(stats.sum('polywire_requests_total', { outcome: 'cancelled' }), 5);
  });

  test('a caller that trickles its request delays nobody', async (t) => {
    const { proxy, open } = await start(t, echo('v1'));
    await besideVictim(t, proxy, async () => {
      const caller = await open();
      const bytes = Buffer.concat([requestFront({ service: SERVICE, method: 'echo' }, ''), Buffer.from('HZ')]);
      const answer = caller.sendRaw(9n, header(FLAGS.request, 0, 9n, bytes.length));
      for (const byte of bytes) {
        caller.socket.write(Buffer.from([byte]));
        await new Promise((resolve) => setTimeout(resolve, SLOW_MS / bytes.length));
      }
      assert.equal((await answer).kind, 'answer');
    });
    await proxy.settled();
  });

  test('a caller that does not read is reset at its limit, and the connection that all share never waits for it', async (t) => {
    const { service, proxy, open } = await start(t, sized(MIB), { limits: { downstreamQueueBytes: '4MiB' } });
    await besideVictim(t, proxy, async () => {
      const deaf = await open();
      deaf.socket.pause();
      const answers = Array.from({ length: 40 }, () => call(deaf, 'large'));
      await proxy.until('it is reset', (stats) => stats.sum('polywire_downstream_connections_active') === 1);
      deaf.socket.resume();
      const kinds = (await Promise.all(answers)).map((answer) => answer.kind);
      assert.ok(kinds.includes('closed'), 'not everything was answered');
    });
    assert.equal(service.accepted, 1, 'all callers shared one connection');
    await proxy.settled();
  });

  test('a caller that reads slowly gets everything, and delays nobody', async (t) => {
    const { proxy, open } = await start(t, sized(MIB));
    await besideVictim(t, proxy, async () => {
      const slow = await open();
      const answers = Promise.all(Array.from({ length: 12 }, () => call(slow, 'large')));
      slow.socket.pause();
      const reading = setInterval(() => slow.socket.resume().once('data', () => slow.socket.pause()), 10);
      await slowly();
      clearInterval(reading);
      slow.socket.resume();
      for (const answer of await answers) assert.equal(answer.kind === 'answer' ? answer.status : answer.kind, STATUS.ok);
    });
    await proxy.settled();
  });

  test('a caller whose answers wait behind a large one that stalls costs a bounded amount of memory', async (t) => {
    const large = response(0n, binary(8 * MIB));
    const small = sized(MIB);
    const { proxy, open } = await start(
      t,
      (received) => {
        if (received.method !== 'stall') return small(received);
        // Half of an answer.
        received.socket.write(
          Buffer.concat([header(FLAGS.response, STATUS.ok, received.frame.id, large.length - 16), large.subarray(16, MIB)]),
        );
      },
      { limits: { downstreamQueueBytes: '4MiB' } },
    );
    const caller = await open();
    // What passes makes the proxy's heap grow, too.
    for (let turn = 0; turn < 50; turn++) await call(caller, 'large');
    // A large request has a connection of its own: on the shared one, half an answer would block everybody's.
    const stalled = caller.call({ service: SERVICE, method: 'stall', argument: binary(100_000) });
    await new Promise((resolve) => caller.socket.once('data', resolve));
    const before = await proxy.residentBytes();
    await besideVictim(t, proxy, async () => {
      const behind = Array.from({ length: 200 }, () => call(caller, 'large'));
      await slowly();
      const grown = (await proxy.residentBytes()) - before;
      // The limit, and what passed and was not collected yet: far from the 200 MiB that wait.
      assert.ok(grown < 64 * MIB, `the proxy holds ${(grown / MIB).toFixed(0)} MiB`);
      caller.socket.resetAndDestroy();
      assert.ok((await Promise.all([stalled, ...behind])).every(({ kind }) => kind === 'closed'));
    });
    await proxy.settled();
  });

  test('callers that die with requests open free them at once, and their answers reach nobody', async (t) => {
    const { proxy, open } = await start(t, (received) => {
      if (received.method === 'later') setTimeout(() => received.reply('late'), 50);
      else echo('v1')(received);
    });
    await besideVictim(t, proxy, async () => {
      for (let round = 0; round < 20; round++) {
        const dying = await Promise.all(Array.from({ length: 5 }, open));
        for (const caller of dying) {
          for (let i = 0; i < 10; i++) void call(caller, 'later');
          caller.socket.write('', () => caller.socket.resetAndDestroy());
        }
      }
      await proxy.until(
        'their answers are dropped',
        (stats) => stats.sum('polywire_late_responses_total') >= stats.sum('polywire_requests_total', { outcome: 'cancelled' }),
      );
    });
    const stats = await proxy.settled();
    assert.ok(stats.sum('polywire_requests_total', { outcome: 'cancelled' }) > 0);
  });

  test('a service that does not read gets so much and no more; callers of another one do not notice', async (t) => {
    const deaf = await WireService.start(t, echo('deaf'));
    const good = await WireService.start(t, echo('v1'));
    const proxy = await WireProxy.start(t, {
      endpoints: [
        { port: good.port, version: 'v1' },
        { port: deaf.port, version: 'deaf' },
      ],
      routes: [routeTo('deaf', { headers: { to: { exact: 'deaf' } } }), routeTo('v1')],
      bootstrap: { limits: { upstreamQueueBytes: '2MiB' } },
    });
    const caller = await WireCaller.connect(t, proxy.port);
    const toDeaf = (argument: string) => caller.call({ service: SERVICE, method: 'echo', argument, attachments: { to: 'deaf' } });
    await toDeaf('connect');
    for (const socket of deaf.sockets) socket.pause();
    await besideVictim(t, proxy, async () => {
      const argument = 'x'.repeat(30_000);
      const answers = Array.from({ length: 1000 }, () => toDeaf(argument));
      const first = await Promise.race(answers);
      assert.equal(first.kind === 'answer' ? first.status : first.kind, STATUS.overflow);
      await slowly();
      for (const socket of deaf.sockets) socket.resume();
      const statuses = (await Promise.all(answers)).map((answer) => (answer.kind === 'answer' ? answer.status : -1));
      const overflown = statuses.filter((status) => status === STATUS.overflow).length;
      assert.equal(statuses.filter((status) => status === STATUS.ok).length + overflown, 1000);
      assert.ok(overflown < 1000, 'what was queued is answered once the service reads again');
    });
    await proxy.settled();
  });

  test('a service that answers twice, or what nobody asked, harms nobody', async (t) => {
    const { proxy, open } = await start(t, (received) => {
      received.reply(`v1|${received.argument}`);
      if (received.method !== 'twice') return;
      received.reply('again');
      received.socket.write(response(received.frame.id + 1000n, 'a stranger'));
      received.socket.write(response(-received.frame.id, 'a negative stranger'));
    });
    const caller = await open();
    await besideVictim(t, proxy, async () => {
      for (let i = 0; i < 100; i++) {
        const answer = await call(caller, 'twice', `turn ${i}`);
        assert.equal(answer.kind === 'answer' ? answer.text : answer.kind, `v1|turn ${i}`);
      }
    });
    assert.deepEqual(caller.strays, []);
    const stats = await proxy.settled();
    assert.equal(stats.sum('polywire_late_responses_total'), 300);
  });
});

import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { parseBootstrap } from '../config/bootstrap.ts';
import { CodecError } from '../errors/codec-error.ts';
import type { ServiceCall } from '../protocol/calls.ts';
import type { FrameProtocol } from '../protocol/spi.ts';
import { NOBODY_PORT } from '../testing/raw-peers.ts';
import { ToyServer } from '../testing/toy-peers.ts';
import { type ToyFrame, toyFrame, toyProtocol } from '../testing/toy-protocol.ts';
import { ServiceCaller } from './service-caller.ts';

const CALL: ServiceCall = { service: 's', group: undefined, version: undefined, method: 'm', arguments: ['a', 'b'] };

/** Answers are their bodies; of another status than 0 they say what went wrong. */
function callable(multiplexed: boolean): FrameProtocol<ToyFrame> {
  return {
    ...toyProtocol(multiplexed),
    name: multiplexed ? 'toy' : 'ping-pong',
    calls: {
      request({ service, method, arguments: values }) {
        if (Buffer.isBuffer(values)) throw new CodecError('TOY_CALL', 'the toy protocol has strings only');
        return toyFrame('request', 7, `${service} ${method}|${values.join()}`);
      },
      answer: ({ status, body }) =>
        status === 0 ? { kind: 'value', value: body } : { kind: 'failed', reason: `status ${status}: ${body}` },
    },
  };
}

function caller(t: TestContext, limits = ''): ServiceCaller {
  const { bootstrap } = parseBootstrap(`listeners: [{name: a, address: "127.0.0.1:0", protocols: [toy]}]\n${limits}`, 'test', {});
  assert.ok(bootstrap !== undefined);
  const protocols = [callable(true), callable(false), { ...toyProtocol(), name: 'mute' }].map((each) => [each.name, each] as const);
  const made = new ServiceCaller(new Map(protocols), bootstrap);
  t.after(() => made.close());
  return made;
}

async function serve(t: TestContext, onFrame: (frame: ToyFrame, socket: Socket) => void): Promise<number> {
  const server = await ToyServer.start(onFrame);
  t.after(() => server.stop());
  return server.port;
}

function to(port: number, protocol = 'toy', timeoutMs = 5000) {
  return { protocol, host: '127.0.0.1', port, timeoutMs };
}

for (const protocol of ['toy', 'ping-pong']) {
  test(`a service is called over ${protocol}, on a connection that ends with its answer`, async (t) => {
    const closed: Promise<unknown>[] = [];
    const port = await serve(t, (frame, socket) => {
      closed.push(once(socket, 'close'));
      socket.write(toyFrame('ping', 1));
      socket.write(toyFrame('response', frame.id, `answer to ${frame.body}`));
    });
    assert.equal(await caller(t).call(CALL, to(port, protocol)), 'answer to s m|a,b');
    await closed[0];
  });
}

test('keep-alives of the service are answered while it works', async (t) => {
  let asked = 0;
  const port = await serve(t, (frame, socket) => {
    if (frame.kind === 'request') {
      asked = frame.id;
      socket.write(toyFrame('ping', 9));
    } else socket.write(toyFrame('response', asked, `${frame.kind} ${frame.id}`));
  });
  assert.equal(await caller(t).call(CALL, to(port)), 'pong 9');
});

test('a call fails with the reason, in words, and with the address', async (t) => {
  const port = await serve(t, (frame, socket) => {
    if (frame.body.startsWith('ends')) socket.end();
    else if (frame.body.startsWith('junk')) socket.write('HTTP/1.1 400 Bad Request\r\n\r\n');
    else if (frame.body.startsWith('large')) socket.write(toyFrame('response', frame.id, 'x'.repeat(70_000)));
    else if (!frame.body.startsWith('silent')) socket.write(toyFrame('response', frame.id, 'no', 3));
  });
  const { call } = caller(t, 'limits: {maxFrameBytes: 64KiB, relayThresholdBytes: 4KiB, maxBufferedFrontBytes: 4KiB}');
  for (const [service, address, reason] of [
    ['says', to(port), /^127\.0\.0\.1:\d+: status 3: no$/],
    ['ends', to(port), /^127\.0\.0\.1:\d+: .*closed/],
    ['junk', to(port), /^127\.0\.0\.1:\d+: not a toy frame$/],
    ['large', to(port), /^127\.0\.0\.1:\d+: an answer of 70011 bytes is over the limit of 65536/],
    ['silent', to(port, 'toy', 30), /^127\.0\.0\.1:\d+: no answer within 30 ms$/],
    ['s', to(NOBODY_PORT), /ECONNREFUSED|refused/],
    ['s', to(port, 'mute'), /the protocol "mute" has no calls/],
    ['s', to(port, 'none'), /no plugin brings the protocol "none"/],
  ] as const) {
    await assert.rejects(call({ ...CALL, service }, address), { message: reason }, service);
  }
  await assert.rejects(call({ ...CALL, arguments: Buffer.alloc(1) }, to(port)), /strings only/);
  await assert.rejects(call(CALL, to(70_000, 'toy', 1)), RangeError);
  // Whatever that call left behind would be an unhandled rejection by now.
  await assert.rejects(call({ ...CALL, service: 'silent' }, to(port, 'toy', 30)), /no answer/);
});

test('sixteen calls are under way at a time, and those that wait fail when the proxy stops', async (t) => {
  const open: (() => void)[] = [];
  let opened: () => void = () => undefined;
  const all = new Promise<void>((resolve) => {
    opened = resolve;
  });
  const port = await serve(t, (frame, socket) => {
    open.push(() => socket.write(toyFrame('response', frame.id, 'done')));
    if (open.length === 17) opened();
  });
  const made = caller(t);
  const calls = Array.from({ length: 20 }, () => made.call(CALL, to(port)));
  const results = Promise.allSettled(calls);
  while (open.length < 16) await new Promise(setImmediate);
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
  assert.equal(open.length, 16);
  open[0]?.();
  await all;
  made.close();
  const ends = (await results).map((each) => (each.status === 'fulfilled' ? each.value : each.reason.message.replace(/^[\d.:]+ /, '')));
  assert.deepEqual([ends.filter((end) => end === 'done').length, ends.filter((end) => end === 'the proxy stopped').length], [1, 19]);
});

test('a call after the end fails, and begins nothing', async (t) => {
  const made = caller(t);
  made.close();
  await assert.rejects(made.call(CALL, to(1, 'none')), /^Error: the proxy stopped$/);
});

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { Detection } from '../protocol/spi.ts';
import { SocketTransport } from '../transport/socket-transport.ts';
import { TimerWheel } from '../transport/timer-wheel.ts';
import { type Acceptor, DetectingConnection, type DetectionOptions } from './detecting-connection.ts';
import type { AcceptedConnection } from './listener.ts';

/** Takes connections that begin with `start`, or all, and keeps what they say. */
class Recorder implements Acceptor {
  readonly name: string;
  readonly detect?: (head: Buffer) => Detection;
  readonly events: string[] = [];
  open = 3;

  constructor(name: string, start?: string) {
    this.name = name;
    if (start === undefined) return;
    this.detect = (head) => {
      const text = head.toString('latin1', 0, start.length);
      if (text === start) return 'match';
      return start.startsWith(text) ? 'need-more' : 'no-match';
    };
  }

  accept(): AcceptedConnection {
    const { events } = this;
    return {
      open: this.open,
      goAway: () => void events.push('goAway'),
      onBytes: (chunk) => void events.push(chunk.toString('latin1')),
      onEnd: () => void events.push('end'),
      onClose: () => void events.push('close'),
      onFlushed: () => undefined,
      onDrain: () => undefined,
    };
  }
  get text(): string {
    return this.events.join('');
  }
}

const TIMEOUT_MS = 1000;
const TICK_MS = 16;

/** Two ends of a connection of which one is being detected, with a clock that stands still. */
async function setup(t: TestContext, options: Partial<DetectionOptions> = {}) {
  const wheel = new TimerWheel();
  const now = Math.floor(performance.now() / TICK_MS);
  wheel.advanceTo(now);
  const unrecognised: string[] = [];
  const recognised: string[] = [];
  const acceptors = { long: new Recorder('long', 'abcd'), short: new Recorder('short', 'ab') };
  const server = createServer({ allowHalfOpen: true, noDelay: true }).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const address = server.address();
  const socket = connect({ port: typeof address === 'object' ? (address?.port ?? 0) : 0, host: '127.0.0.1', noDelay: true });
  socket.on('error', () => undefined);
  t.after(() => socket.destroy());
  const accepted: Socket = (await once(server, 'connection'))[0];
  const transport = new SocketTransport(accepted, 'peer');
  t.after(() => transport.destroy('the test is over'));
  const connection = new DetectingConnection(
    {
      acceptors: [acceptors.long, acceptors.short],
      maxBytes: 16,
      timeoutMs: TIMEOUT_MS,
      fallback: undefined,
      wheel,
      onRecognised: (name) => void recognised.push(name),
      onUnrecognised: (peer, head, refused) => void unrecognised.push(`${peer} ${head.toString('latin1')} ${refused}`),
      onClosed: () => undefined,
      ...options,
    },
    transport,
  );
  transport.start(connection);
  let sent = 0;
  /** Resolves when the other end has read it. */
  const send = async (text: string) => {
    socket.write(text);
    sent += text.length;
    while (transport.bytesRead < sent) await new Promise(setImmediate);
    await new Promise(setImmediate);
  };
  const pass = (ms: number) => wheel.advanceTo(now + Math.ceil(ms / TICK_MS));
  return { socket, connection, send, pass, recognised, unrecognised, ...acceptors };
}

test('every byte is handed over, in order, however the first ones arrive', async (t) => {
  for (let at = 1; at < 8; at++) {
    const { send, long, recognised } = await setup(t);
    await send('abcdefgh'.slice(0, at));
    await send('abcdefgh'.slice(at));
    assert.equal(long.text, 'abcdefgh');
    assert.deepEqual(recognised, ['long']);
  }
  const { send, short, connection } = await setup(t);
  for (const byte of 'abxyz') await send(byte);
  assert.deepEqual(short.events, ['a', 'b', 'x', 'y', 'z']);
  assert.equal(connection.open, 3);
});

test('a caller that ends inside of its first bytes is judged by them, and its end is handed over', async (t) => {
  const { socket, send, short } = await setup(t);
  await send('abc');
  assert.deepEqual(short.events, []);
  socket.end();
  while (short.events.length < 2) await new Promise(setImmediate);
  assert.deepEqual(short.events, ['abc', 'end']);
});

test('bytes that stop are given up after the time, counted from the first one', async (t) => {
  const { socket, send, pass, unrecognised } = await setup(t);
  pass(10 * TIMEOUT_MS);
  assert.deepEqual(unrecognised, []);
  await send('a');
  const closed = once(socket, 'close');
  pass(10 * TIMEOUT_MS + 900);
  assert.deepEqual(unrecognised, []);
  pass(11 * TIMEOUT_MS + 3 * TICK_MS);
  assert.deepEqual(unrecognised, ['peer a true']);
  await closed;
});

test('silence is given to the fallback after the time, counted from the connection on', async (t) => {
  const fallback = new Recorder('fallback');
  const { send, pass, unrecognised } = await setup(t, { fallback });
  pass(TIMEOUT_MS - TICK_MS);
  assert.deepEqual(unrecognised, []);
  pass(TIMEOUT_MS + 3 * TICK_MS);
  assert.deepEqual(unrecognised, ['peer  false']);
  await send('abcd');
  assert.equal(fallback.text, 'abcd');
});

test('no more than so many bytes are waited for', async (t) => {
  const fallback = new Recorder('fallback');
  const { send, long } = await setup(t, { fallback, maxBytes: 3, acceptors: [new Recorder('long', 'abcd')] });
  await send('ab');
  assert.equal(fallback.text, '');
  await send('cdef');
  assert.equal(fallback.text, 'abcdef');
  assert.equal(long.text, '');
});

test('who is told to go before it is known is told again', async (t) => {
  const { send, short, connection } = await setup(t);
  assert.equal(connection.open, 0);
  connection.goAway();
  await send('abx');
  assert.deepEqual(short.events, ['abx', 'goAway']);
});

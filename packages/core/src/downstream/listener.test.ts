import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { ListenerStats } from '../observe/listener-stats.ts';
import type { SocketTransport } from '../transport/socket-transport.ts';
import { type AcceptedConnection, Listener } from './listener.ts';

/** What a caller hears until its idle connection ends. */
async function heardWhileIdle(t: TestContext, endIdle?: (transport: SocketTransport) => boolean): Promise<string> {
  const accept = (transport: SocketTransport): AcceptedConnection => {
    const nothing = () => undefined;
    const silent = { open: 0, goAway: nothing, onBytes: nothing, onFlushed: nothing, onDrain: nothing, onEnd: nothing, onClose: nothing };
    return endIdle === undefined ? silent : { ...silent, endIdle: () => endIdle(transport) };
  };
  const address = { host: '127.0.0.1', port: 0 };
  const listener = new Listener({
    config: { name: 'idle', address },
    maxConnections: 1,
    idleTimeoutMs: 80,
    stats: new ListenerStats(),
    accept,
  });
  const { port } = await listener.start();
  t.after(() => listener.close('the test is over'));
  const socket = connect({ ...address, port });
  let heard = '';
  socket.on('data', (chunk: Buffer) => (heard += chunk.toString()));
  await once(socket, 'close');
  return heard;
}

test('an idle connection ends with the words of its protocol', async (t) => {
  let asked = 0;
  const said = await heardWhileIdle(t, (transport) => {
    asked++;
    transport.write(Buffer.from('goodbye'));
    transport.end();
    return true;
  });
  assert.deepEqual([said, asked], ['goodbye', 1]);
});

test('an idle connection whose protocol has no words is closed', async (t) => {
  assert.equal(await heardWhileIdle(t), '');
  assert.equal(await heardWhileIdle(t, () => false), '');
});

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { echo, ToyServer } from '../testing/toy-peers.ts';
import { ToyProxy } from '../testing/toy-proxy.ts';

test('a stranger that goes on talking after its answer is not remembered, and is closed soon', async (t) => {
  const server = await ToyServer.start(echo('v1'));
  t.after(() => server.stop());
  const proxy = await ToyProxy.start(t, { upstreamPort: server.port });
  const stranger = connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true });
  t.after(() => stranger.destroy());
  stranger.on('error', () => undefined);
  let said = '';
  stranger.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  stranger.write('hello, is anybody there?');
  await once(stranger, 'end');
  assert.match(said, /^no frames in/);
  // Its reading side has ended: only a write tells that the connection is gone.
  while (!stranger.closed) {
    stranger.write(Buffer.alloc(16 * 1024));
    await new Promise(setImmediate);
  }
  assert.deepEqual(proxy.closeReasons, ['it is no caller, and goes on sending']);
});

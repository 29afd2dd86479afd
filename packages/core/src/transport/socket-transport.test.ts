import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { HIGH_WATERMARK, SocketTransport } from './socket-transport.ts';
import type { TransportUser } from './transport.ts';

test('whoever found a connection full is told when it is not any more, also when the system took everything at once', {
  timeout: 10_000,
}, async (t) => {
  const server = createServer((socket) => socket.resume()).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  const transport = SocketTransport.connect({ host: '127.0.0.1', port: address.port, timeoutMs: 1000 });
  t.after(() => transport.destroy('the test is over'));
  let drained = () => {};
  const user: TransportUser = { onBytes() {}, onFlushed() {}, onDrain: () => drained(), onEnd() {}, onClose() {} };
  const drain = () => new Promise<void>((resolve) => (drained = resolve));
  const connected = drain();
  transport.start(user);
  await connected;
  for (const size of [HIGH_WATERMARK + 1, 2 * HIGH_WATERMARK, 8 * HIGH_WATERMARK]) {
    const next = drain();
    transport.write(Buffer.alloc(size));
    assert.ok(transport.full);
    await next;
    assert.ok(!transport.full);
  }
});

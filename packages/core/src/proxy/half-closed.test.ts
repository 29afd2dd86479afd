import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import type { FrameProtocol } from '../protocol/spi.ts';
import { caller, everything } from '../testing/raw-peers.ts';
import { echo } from '../testing/toy-peers.ts';
import { type ToyFrame, toyFrame } from '../testing/toy-protocol.ts';
import { setup, type ToyProxyOptions } from '../testing/toy-proxy.ts';

/** Two requests with one id are sent on one after the other. */
function inTurn(toy: FrameProtocol<ToyFrame>): FrameProtocol<ToyFrame> {
  if (toy.multiplexing === undefined) return toy;
  const objection = ({ body }: ToyFrame) => (body.includes('square') ? 'it is square' : undefined);
  return { ...toy, multiplexing: { ...toy.multiplexing, objection, callerId: ({ id }) => id } };
}

const CALLERS: readonly (readonly [name: string, options: Partial<ToyProxyOptions>])[] = [
  ['that sent all its requests with one id', { codec: inTurn }],
  ['of a protocol without ids', { multiplexed: false }],
];

for (const [name, options] of CALLERS) {
  test(`a caller ${name} and then stopped sending gets every answer`, { timeout: 30_000 }, async (t) => {
    const { proxy } = await setup(t, echo('v1'), options);
    const socket = await caller(t, proxy.port);
    socket.end(Buffer.concat(['1', '2', '3'].map((body) => toyFrame('request', 0, `s m|${body}`))));
    assert.deepEqual((await everything(socket)).match(/v1 s m.\d/g), ['v1 s m|1', 'v1 s m|2', 'v1 s m|3']);
    assert.deepEqual(proxy.stats.requestsActive, 0);
  });
}

test('what the proxy answers itself to a caller that stopped sending comes before the end, too', { timeout: 30_000 }, async (t) => {
  const { proxy } = await setup(t, echo('v1'), { codec: inTurn });
  const socket = await caller(t, proxy.port);
  socket.end(Buffer.concat(['s m|1', 's square|2', 's square|3', 's m|4'].map((body) => toyFrame('request', 0, body))));
  assert.deepEqual((await everything(socket)).match(/v1 s m.\d|square/g), ['v1 s m|1', 'square', 'square', 'v1 s m|4']);
});

test('a caller that ended inside a request that was held back is closed when its turn comes', { timeout: 30_000 }, async (t) => {
  const { proxy } = await setup(t, echo('v1'), { codec: inTurn });
  const socket = await caller(t, proxy.port);
  const large = toyFrame('request', 0, `s m|${'x'.repeat(200_000)}`);
  socket.resume().end(Buffer.concat([toyFrame('request', 0, 's m|1'), large.subarray(0, 50_000)]));
  await once(socket, 'close');
  assert.match(proxy.closeReasons[0] ?? '', /ended inside a request/);
});

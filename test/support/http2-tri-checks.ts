import assert from 'node:assert/strict';
import type { Consumer, Refer, ServiceName } from './peers.ts';
import { PeerError } from './peers.ts';
import { unequalShapes } from './shapes.ts';

const LARGE_CHARACTERS = 3_000_000;
const STREAMED = 500;

/** References of a consumer under the names that `TRI_CHECKS` call. */
export async function referTri(consumer: Consumer, port: number, more: Partial<Refer> = {}): Promise<void> {
  const refer = (on: string, service: ServiceName, timeout?: number) =>
    consumer.refer({ on, service, url: `tri://127.0.0.1:${port}`, ...(timeout === undefined ? {} : { timeout }), ...more });
  await refer('call', 'CallService');
  await refer('echo', 'EchoService');
  await refer('stream', 'StreamService');
  await refer('hurried', 'CallService', 300);
}

/** What a Dubbo 3 consumer gets from a provider `one` over tri, whether there is something between them or not. */
export const TRI_CHECKS: Readonly<Record<string, (consumer: Consumer) => Promise<void>>> = {
  async 'every argument shape comes back as it was sent'(consumer) {
    assert.deepEqual(await unequalShapes(consumer, 'echo', { module: 'dubbo3', serialization: 'hessian2' }), {});
  },

  async 'a call carries its attachments, in the letter case they were given'(consumer) {
    const { provider, attachments } = await consumer.who('call', { colour: 'green', camelCase: 'x', 'x-empty': '' });
    assert.equal(provider, 'one');
    assert.deepEqual([attachments['colour'], attachments['camelCase'], attachments['x-empty']], ['green', 'x', '']);
  },

  async 'an attachment that is not ASCII arrives as it does over Latin-1'(consumer) {
    assert.equal((await consumer.who('call', { text: 'é' })).attachments['text'], 'é');
  },

  async 'exceptions arrive as themselves'(consumer) {
    await assert.rejects(consumer.call({ on: 'call', method: 'failUnchecked', args: ['broken'] }), {
      className: 'java.lang.IllegalStateException',
    });
    await assert.rejects(consumer.call({ on: 'call', method: 'failChecked', args: ['account'] }), (error) => {
      assert(error instanceof PeerError);
      assert.deepEqual([error.className, error.details['account']], ['io.polywire.peers.AccountException', 'account']);
      return true;
    });
  },

  async 'asynchronous calls are answered, on both sides'(consumer) {
    assert.equal(((await consumer.call({ on: 'call', method: 'later', args: [20, 'future'] })) as { token: string }).token, 'future');
    assert.equal(((await consumer.call({ on: 'call', method: 'who', args: ['x'], how: 'async' })) as { token: string }).token, 'x');
  },

  async 'a one-way call arrives'(consumer) {
    await consumer.call({ on: 'call', method: 'tell', args: ['one-way'], how: 'oneWay' });
    let told: unknown;
    do told = await consumer.call({ on: 'call', method: 'notified' });
    while (!JSON.stringify(told).includes('one-way'));
  },

  async 'a call that takes too long times out'(consumer) {
    // By the caller's own clock, or by that of who stands between, which was told the same time.
    const message = /Invoke remote method timeout|DEADLINE_EXCEEDED/;
    await assert.rejects(consumer.call({ on: 'hurried', method: 'slow', args: [900, 't'] }), { message });
  },

  async 'a large answer arrives'(consumer) {
    assert.equal(String(await consumer.call({ on: 'call', method: 'big', args: [LARGE_CHARACTERS] })).length, LARGE_CHARACTERS);
  },

  async 'streams of messages arrive, one way and both ways'(consumer) {
    const counted = await consumer.stream('stream', 'count', [STREAMED]);
    assert.deepEqual(
      counted,
      Array.from({ length: STREAMED }, (_, i) => `${i} one`),
    );
    assert.deepEqual(await consumer.stream('stream', 'talk', ['a', 'b', 'c']), ['a one', 'b one', 'c one']);
  },

  async 'a load is accounted for'(consumer) {
    const { calls, lost, mixed, byProvider, failures } = await consumer.load({ on: 'call', calls: 400, threads: 4 });
    assert.deepEqual(
      { calls, lost, mixed, byProvider, failures },
      { calls: 400, lost: 0, mixed: 0, byProvider: { one: 400 }, failures: {} },
    );
  },
};

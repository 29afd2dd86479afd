import assert from 'node:assert/strict';
import { status } from '@grpc/grpc-js';
import type { GrpcConsumer, GrpcProvider } from './http2-grpc.ts';

const MEBIBYTE = 1024 * 1024;
/** More than windows hold. */
const STREAMED = { messages: 200, bytes: 10_000 };

/** What a caller on grpc-js gets from `startGrpcProvider`, whether there is something between them or not. */
export const GRPC_CHECKS: Readonly<Record<string, (consumer: GrpcConsumer, provider: GrpcProvider) => Promise<void>>> = {
  async 'a message goes there and back, with metadata both ways'(consumer) {
    const message = Buffer.from('there and back');
    const { messages, headers, trailers, code } = await consumer.call({
      method: 'unary',
      messages: [message],
      metadata: { 'x-say': 'hello' },
    });
    assert.deepEqual([code, messages], [status.OK, [message]]);
    assert.deepEqual([headers['x-say'], trailers['x-say'], trailers['x-provider']], ['hello', 'hello', 'grpc-js']);
  },

  async 'a message of 4 MiB goes there and back'(consumer) {
    const message = Buffer.alloc(4 * MEBIBYTE, 'abc');
    const { messages, code } = await consumer.call({ method: 'unary', messages: [message] });
    assert.equal(code, status.OK);
    assert(messages[0]?.equals(message));
  },

  async 'an empty message is a message'(consumer) {
    const { messages, code } = await consumer.call({ method: 'unary', messages: [Buffer.alloc(0)] });
    assert.deepEqual([code, messages], [status.OK, [Buffer.alloc(0)]]);
  },

  async 'a stream goes up'(consumer) {
    const sent = Array.from({ length: STREAMED.messages }, () => Buffer.alloc(STREAMED.bytes));
    const { messages, code } = await consumer.call({ method: 'upload', messages: sent });
    assert.deepEqual([code, JSON.parse(String(messages[0]))], [status.OK, sent.map((message) => message.length)]);
  },

  async 'a stream comes down'(consumer) {
    const { messages, code } = await consumer.call({
      method: 'download',
      messages: [Buffer.from(`${STREAMED.messages} ${STREAMED.bytes}`)],
    });
    assert.equal(code, status.OK);
    assert.deepEqual(
      messages.map((message) => [message.length, message[0]]),
      Array.from({ length: STREAMED.messages }, (_, i) => [STREAMED.bytes, i % 251]),
    );
  },

  async 'streams go both ways at once'(consumer) {
    const sent = Array.from({ length: STREAMED.messages }, (_, i) => Buffer.alloc(STREAMED.bytes, i % 251));
    const { messages, code } = await consumer.call({ method: 'chat', messages: sent });
    assert.deepEqual([code, messages.length], [status.OK, sent.length]);
    assert(Buffer.concat(messages).equals(Buffer.concat(sent)));
  },

  async 'a status and its message arrive, with the trailers'(consumer) {
    const details = 'not today: é 汉字 % "quoted"';
    const failed = await consumer.call({ method: 'fail', messages: [Buffer.from(`9 ${details}`)], metadata: { 'x-say': 'why' } });
    assert.deepEqual([failed.code, failed.details, failed.trailers['x-say']], [status.FAILED_PRECONDITION, details, 'why']);
  },

  async 'a method that the service does not have is UNIMPLEMENTED'(consumer) {
    const { code } = await consumer.call({ method: 'unary', path: '/polywire.test.Calls/Nothing', messages: [Buffer.alloc(1)] });
    assert.equal(code, status.UNIMPLEMENTED);
  },

  async 'a deadline ends a call, at the provider too'(consumer, provider) {
    const before = provider.cancelled();
    // Long enough to get there on a busy machine.
    const { code } = await consumer.call({ method: 'slow', messages: [Buffer.from('5000')], deadline: 1000 });
    assert.equal(code, status.DEADLINE_EXCEEDED);
    await provider.cancelledMoreThan(before);
  },

  async 'a caller that gives up ends the call at the provider'(consumer, provider) {
    const before = provider.cancelled();
    const { code } = await consumer.call({ method: 'download', messages: [Buffer.from('100000 1000')], cancelAfter: 3 });
    assert.equal(code, status.CANCELLED);
    await provider.cancelledMoreThan(before);
  },
};

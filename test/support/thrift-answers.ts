import assert from 'node:assert/strict';
import type { ThriftLanguage } from './build-thrift.ts';
import { PeerError } from './command-line.ts';
import type { ThriftConsumer, ThriftWire } from './thrift-peers.ts';

const INTERNAL_ERROR = 6;
const UNKNOWN_METHOD = 1;

/** What a service answers beside values: headers, arguments of every scalar type, exceptions, nothing to one-way calls. */
export async function assertAnswers(
  consumer: ThriftConsumer,
  { on, name, server, wire }: { on: string; name: string; server: ThriftLanguage; wire: ThriftWire },
): Promise<void> {
  const headers = { colour: 'green', 'x-empty': '', 'x-chinese': '你好' };
  const { value, headers: answered } = await consumer.reply({ on, method: 'who', args: ['t'], headers });
  const carries = wire.transport === 'header';
  assert.deepEqual(value, { provider: name, token: 't', headers: carries ? headers : {} });
  assert.deepEqual(answered, carries ? { provider: name } : {});

  const picked = await consumer.call({ on, method: 'pick', args: [true, -7, 300, -70_000, 5_000_000_000, 1.5, 'picked', 200] });
  assert.equal((picked as { token: string }).token, 'picked');

  assert.deepEqual(await failure(consumer, on, 'fail'), { class: 'AccountException', account: 'a', code: 42 });
  // npm thrift sends no type, and of both a message alone.
  const typeless = server === 'node';
  assert.deepEqual(await failure(consumer, on, 'crash'), { class: 'TApplicationException', type: typeless ? 0 : INTERNAL_ERROR });
  assert.deepEqual(await failure(consumer, on, 'added'), { class: 'TApplicationException', type: typeless ? 0 : UNKNOWN_METHOD });

  await consumer.call({ on, method: 'note', args: ['one-way'] });
  // It shares the connection with the next call, but not always the service's thread.
  let noted: unknown;
  do noted = await consumer.call({ on, method: 'noted' });
  while (!JSON.stringify(noted).includes('one-way'));
}

/** How a call fails, without the message, of which each library has its own. */
async function failure(consumer: ThriftConsumer, on: string, method: string): Promise<object> {
  try {
    return { answered: await consumer.call({ on, method, args: ['a'] }) };
  } catch (error) {
    if (!(error instanceof PeerError)) throw error;
    const { message: _, ...rest } = error.details;
    return rest;
  }
}

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import {
  type BoltVersion,
  boltIdOf,
  boltStatusOf,
  boltVersionOf,
  connectBolt,
  emptyResponse,
  requestInVersion,
  startBoltStub,
} from './support/bolt-wire.ts';
import { type Owner, suiteOwner } from './support/owner.ts';
import type { Answer } from './support/peers.ts';
import { freePort } from './support/ports.ts';
import { requireJava } from './support/requirements.ts';
import { SofaConsumer, type SofaLanguage, SofaProvider, type SofaRefer } from './support/sofa-peers.ts';
import { unequalSofaShapes } from './support/sofa-shapes.ts';
import { startTap, type Tap } from './support/tap.ts';

// What the SOFA Bolt peers do without a proxy between them: the baseline of every test that has one.

const KEY = { version: '2.0', uniqueId: 'blue' };
const VERSIONS: readonly BoltVersion[] = ['1', '2.1', '2.2'];

/** A provider and a consumer, with `call` and `note` in version 1, `call2.1`, `call2.2` and so on in the others. */
async function startPair(owner: Owner, client: SofaLanguage, server: SofaLanguage, versions = VERSIONS) {
  const port = await freePort();
  const provider = await SofaProvider.start(owner, { exports: [{ name: 'one', port, ...KEY }] }, server);
  const consumer = await SofaConsumer.start(owner, {}, client);
  const refer = (on: string, more: Partial<SofaRefer> = {}) =>
    consumer.refer({ on, service: 'CallService', url: `bolt://127.0.0.1:${port}`, ...KEY, ...more });
  for (const bolt of versions) {
    const suffix = bolt === '1' ? '' : bolt;
    await refer(`call${suffix}`, { bolt });
    await refer(`note${suffix}`, { bolt, service: 'NoteService', serialization: 'protobuf' });
  }
  await refer('absent', { version: '9.9' });
  return { provider, consumer, port, refer };
}

async function accountedLoad(consumer: SofaConsumer, on: string): Promise<void> {
  const report = await consumer.load({ on, calls: 200, threads: 4 });
  assert.deepEqual(
    { calls: report.calls, lost: report.lost, mixed: report.mixed, byProvider: report.byProvider, failures: report.failures },
    { calls: 200, lost: 0, mixed: 0, byProvider: { one: 200 }, failures: {} },
  );
}

describe('SOFARPC on both sides, directly', { skip: requireJava() }, () => {
  const owner = suiteOwner();
  let consumer: SofaConsumer;

  before(async () => {
    const pair = await startPair(owner, 'java', 'java');
    ({ consumer } = pair);
    for (const bolt of VERSIONS) await pair.refer(`echo${bolt}`, { service: 'EchoService', bolt });
    await pair.refer('plain', { bolt: '2.2', crc: false });
  });

  test('every argument shape comes back as it was sent', async () => {
    assert.deepEqual(await unequalSofaShapes(consumer, 'echo1'), {});
  });

  for (const bolt of ['2.1', '2.2']) {
    test(`large arguments come back in version ${bolt}`, async () => {
      assert.deepEqual(await consumer.suite(`echo${bolt}`, ['4 MiB of bytes']), { '4 MiB of bytes': 'equal' });
    });
  }

  for (const suffix of ['', '2.1', '2.2']) {
    test(`calls carry header entries and baggage, there and back: call${suffix}, note${suffix}`, async () => {
      const attachments = { colour: 'green', 'x-empty': '', 'baggage.user': '安' };
      for (const seen of [await consumer.who(`call${suffix}`, attachments), await consumer.note(`note${suffix}`, attachments)]) {
        assert.equal(seen.provider, 'one');
        assert.deepEqual([seen.attachments['colour'], seen.attachments['x-empty'], seen.attachments['baggage.user']], ['green', '', '安']);
      }
      const back = await consumer.callForBaggage({ on: `call${suffix}`, method: 'who', args: ['t'], attachments });
      assert.deepEqual(back.baggage, { user: '安' });
    });

    test(`a load is accounted for: call${suffix}, note${suffix}`, async () => {
      await accountedLoad(consumer, `call${suffix}`);
      await accountedLoad(consumer, `note${suffix}`);
    });
  }

  test('a call without the checksum is answered without one', async () => {
    assert.equal((await consumer.who('plain')).provider, 'one');
  });

  for (const how of ['future', 'callback'] as const) {
    test(`a ${how} call is answered`, async () => {
      assert.equal(((await consumer.call({ on: 'call', method: 'who', args: [how], how })) as { token: string }).token, how);
    });
  }

  test('a one-way call arrives', async () => {
    await consumer.call({ on: 'call2.2', method: 'tell', args: ['one-way'], how: 'oneway' });
    // It shares the connection with the next call, but not the provider's thread.
    let told: unknown;
    do told = await consumer.call({ on: 'call2.2', method: 'notified' });
    while (!JSON.stringify(told).includes('one-way'));
  });

  test('exceptions arrive as themselves with Hessian, and as a text with protobuf', async () => {
    await assert.rejects(consumer.call({ on: 'call', method: 'failChecked', args: ['a1'] }), {
      className: 'io.polywire.peers.AccountException',
    });
    await assert.rejects(consumer.call({ on: 'call2.2', method: 'failUnchecked', args: ['broken'] }), {
      className: 'java.lang.IllegalStateException',
    });
    const note = consumer.call({ on: 'note', method: 'pass', args: [{ token: 't', fail: 'broken' }] });
    await assert.rejects(note, { code: 'SERVER_UNDECLARED_ERROR', message: /: broken$/ });
  });

  test('a service that is not there is named', async () => {
    await assert.rejects(consumer.who('absent'), {
      code: 'SERVER_UNDECLARED_ERROR',
      message: /RPC-020100010: RPC cannot find service: \[io\.polywire\.peers\.CallService:9\.9:blue\]/,
    });
  });

  test('a call that takes too long times out', async () => {
    await assert.rejects(consumer.call({ on: 'call', method: 'slow', args: [500, 't'], timeout: 200 }), { code: 'CLIENT_TIMEOUT' });
  });
});

describe('an idle SOFARPC consumer', { skip: requireJava() }, () => {
  for (const bolt of VERSIONS) {
    test(`its heartbeats are acknowledged in version ${bolt}`, async (t) => {
      const port = await freePort();
      await SofaProvider.start(t, { exports: [{ name: 'one', port }] });
      const tap = await startTap(t, port, 'bolt frames');
      const consumer = await SofaConsumer.start(t, { heartbeat: 500 });
      await consumer.refer({ on: 'call', service: 'CallService', url: `bolt://127.0.0.1:${tap.port}`, bolt });
      const { bytes: acknowledged } = await tap.find(0, ({ direction }) => direction === 'down');
      const sent = tap.frames.find(({ direction, bytes }) => direction === 'up' && boltIdOf(bytes) === boltIdOf(acknowledged))?.bytes;
      assert(sent !== undefined);
      // Neither of version 2.2 has a checksum, though the requests around them do.
      const header = bolt === '1' ? 22 : 24;
      assert.deepEqual([sent.length, acknowledged.length], [header, header - 2]);
      assert.deepEqual([boltVersionOf(sent), boltVersionOf(acknowledged)], [bolt, bolt]);
    });
  }
});

describe('a SOFARPC provider that is killed, full or stopped', { skip: requireJava() }, () => {
  test('calls fail until it is back', async (t) => {
    const { provider, consumer, port } = await startPair(t, 'java', 'java', ['1']);
    await consumer.who('call');
    await provider.kill();
    await assert.rejects(consumer.who('call'), {
      className: 'com.alipay.sofa.rpc.core.exception.SofaRouteException',
      code: 'CLIENT_ROUTER',
    });
    await SofaProvider.start(t, { exports: [{ name: 'two', port, ...KEY }] });
    // The consumer connects again in its own time; each of these fails at once until it did.
    let answer: Answer | undefined;
    while (answer === undefined) answer = await consumer.who('call').catch(() => undefined);
    assert.equal(answer.provider, 'two');
  });

  test('one with all its threads at work says that it is busy', async (t) => {
    const port = await freePort();
    await SofaProvider.start(t, { exports: [{ name: 'narrow', port, threads: 1, queue: 0 }] });
    const consumer = await SofaConsumer.start(t);
    await consumer.refer({ on: 'call', service: 'CallService', url: `bolt://127.0.0.1:${port}`, bolt: '2.2' });
    const report = await consumer.load({ on: 'call', calls: 3, threads: 3, slow: 3000 });
    assert.deepEqual(report.failures, { 'SofaRpcException/SERVER_BUSY': 2 });
  });

  test('an orderly stop answers what is in flight', async (t) => {
    const { provider, consumer } = await startPair(t, 'java', 'java', ['1']);
    const call = consumer.call({ on: 'call', method: 'slow', args: [400, 'last'] });
    while ((await provider.served())['one'] === 0);
    await provider.stop();
    assert.equal(((await call) as { token: string }).token, 'last');
  });
});

describe('sofa-rpc-node calls SOFARPC, directly', { skip: requireJava() }, () => {
  const owner = suiteOwner();
  let consumer: SofaConsumer;

  before(async () => {
    ({ consumer } = await startPair(owner, 'node', 'java'));
  });

  for (const suffix of ['', '2.1', '2.2']) {
    test(`calls carry their properties and are answered: call${suffix}, note${suffix}`, async () => {
      for (const seen of [
        await consumer.who(`call${suffix}`, { colour: 'green' }),
        await consumer.note(`note${suffix}`, { colour: 'green' }),
      ]) {
        assert.deepEqual([seen.provider, seen.attachments['colour']], ['one', 'green']);
      }
      await accountedLoad(consumer, `call${suffix}`);
    });
  }

  test('failures arrive with the name of their class', async () => {
    await assert.rejects(consumer.call({ on: 'call', method: 'failUnchecked', args: ['broken'] }), {
      className: 'java.lang.IllegalStateException',
    });
    await assert.rejects(consumer.who('absent'), { message: /RPC-020100010: RPC cannot find service/ });
    await assert.rejects(consumer.call({ on: 'call', method: 'slow', args: [500, 't'], timeout: 200 }), { code: '03' });
  });

  test('an exception of a protobuf service ends its connection: it reads the text as a message', async () => {
    const failing = consumer.call({ on: 'note2.2', method: 'pass', args: [{ token: 't', fail: 'broken' }] });
    await assert.rejects(failing, { className: 'RpcSocketCloseError' });
  });
});

describe('SOFARPC calls sofa-rpc-node, directly', { skip: requireJava() }, () => {
  const owner = suiteOwner();
  let pair: Awaited<ReturnType<typeof startPair>>;

  before(async () => {
    pair = await startPair(owner, 'java', 'node', ['1', '2.2']);
    await pair.refer('call2.1', { bolt: '2.1', crc: false });
    await pair.refer('switched', { bolt: '2.1' });
  });

  for (const suffix of ['', '2.1', '2.2']) {
    test(`calls carry their header entries and are answered: call${suffix}`, async () => {
      const seen = await pair.consumer.who(`call${suffix}`, { colour: 'green' });
      assert.deepEqual([seen.provider, seen.attachments['colour']], ['one', 'green']);
      await accountedLoad(pair.consumer, `call${suffix}`);
    });
  }

  for (const suffix of ['', '2.2']) {
    test(`protobuf calls are answered: note${suffix}`, async () => {
      const seen = await pair.consumer.note(`note${suffix}`, { colour: 'green' });
      assert.deepEqual([seen.provider, seen.attachments['colour']], ['one', 'green']);
    });
  }

  test('it waits for a checksum in version 2.1 too when the switch is on, and answers nothing', async () => {
    const call = pair.consumer.call({ on: 'switched', method: 'who', args: ['t'], timeout: 500 });
    await assert.rejects(call, { code: 'CLIENT_TIMEOUT' });
  });

  test('its failures name a class that their content is not: a SOFARPC caller cannot read them', async () => {
    await assert.rejects(pair.consumer.call({ on: 'call', method: 'failUnchecked', args: ['broken'] }), { code: 'CLIENT_DESERIALIZE' });
    await assert.rejects(pair.consumer.who('absent'), { code: 'CLIENT_DESERIALIZE' });
    const note = pair.consumer.call({ on: 'note', method: 'pass', args: [{ token: 't', fail: 'broken' }] });
    await assert.rejects(note, { code: 'SERVER_UNDECLARED_ERROR', message: /: null$/ });
  });
});

describe('a SOFARPC provider that is sent what no SOFARPC consumer sends', { skip: requireJava() }, () => {
  const owner = suiteOwner();
  let tap: Tap;
  let request: Buffer;

  before(async () => {
    const port = await freePort();
    await SofaProvider.start(owner, { exports: [{ name: 'one', port }] });
    tap = await startTap(owner, port, 'bolt frames');
    const consumer = await SofaConsumer.start(owner);
    await consumer.refer({ on: 'call', service: 'CallService', url: `bolt://127.0.0.1:${tap.port}` });
    await consumer.who('call');
    request = (await tap.find(0, () => true)).bytes;
  });

  for (const [first, ...others] of [VERSIONS, ['2.1', '2.2', '1'], ['2.2', '1', '2.1']] as const) {
    test(`it answers all frames of a connection in the version of its first one: ${first}`, async (t) => {
      const connection = await connectBolt(t, tap.port);
      for (const version of [first, ...others]) {
        connection.send(requestInVersion(request, version));
        const answer = await connection.next();
        assert(answer !== 'closed');
        assert.deepEqual([boltVersionOf(answer), boltStatusOf(answer)], [first, 0]);
      }
    });
  }

  const changes: Record<string, (frame: Buffer) => void> = {
    'a wrong checksum': (frame) => frame.writeUInt8(frame.readUInt8(frame.length - 1) ^ 1, frame.length - 1),
    'an unknown protocol code': (frame) => frame.writeUInt8(3, 0),
    'an unknown type': (frame) => frame.writeUInt8(9, 2),
    'an unknown command': (frame) => frame.writeUInt16BE(100, 3),
  };
  for (const [what, change] of Object.entries(changes)) {
    test(`it closes a connection with ${what}, without an answer`, async (t) => {
      const connection = await connectBolt(t, tap.port);
      const frame = requestInVersion(request, '2.2');
      change(frame);
      connection.send(frame);
      assert.equal(await connection.next(), 'closed');
    });
  }
});

describe('a SOFARPC consumer that is answered with a status alone', { skip: requireJava() }, () => {
  const owner = suiteOwner();
  let consumer: SofaConsumer;
  let status = 0;

  before(async () => {
    const port = await startBoltStub(owner, (request) => emptyResponse(request, status));
    consumer = await SofaConsumer.start(owner);
    await consumer.refer({ on: 'call', service: 'CallService', url: `bolt://127.0.0.1:${port}` });
  });

  const seen: readonly (readonly [status: number, code: string, message: RegExp])[] = [
    [0, 'CLIENT_UNDECLARED_ERROR', /return null$/],
    [1, 'CLIENT_UNDECLARED_ERROR', /Rpc invocation exception: ERROR,/],
    [2, 'SERVER_UNDECLARED_ERROR', /: null$/],
    [3, 'CLIENT_UNDECLARED_ERROR', /Rpc invocation exception: UNKNOWN,/],
    [4, 'SERVER_BUSY', /Server thread pool busy!/],
    [5, 'CLIENT_UNDECLARED_ERROR', /Rpc invocation exception: ERROR_COMM,/],
    [6, 'CLIENT_UNDECLARED_ERROR', /Rpc invocation exception: NO_PROCESSOR,/],
    [7, 'CLIENT_TIMEOUT', /\[responseCommand TIMEOUT\]!/],
    [8, 'CLIENT_NETWORK', /Rpc invocation send failed!/],
    [9, 'CLIENT_UNDECLARED_ERROR', /Codec exception!/],
    [0x10, 'CLIENT_NETWORK', /Connection closed!/],
    [0x11, 'SERVER_SERIALIZE', /Server serialize response exception!/],
    [0x12, 'SERVER_DESERIALIZE', /Server deserialize request exception!/],
    // Last, because it is no status of sofa-bolt: the decoder fails, and the connection ends.
    [0x0a, 'CLIENT_NETWORK', /Connection closed!/],
  ];
  for (const [each, code, message] of seen) {
    test(`status ${each} is ${code} to a synchronous call`, async () => {
      status = each;
      await assert.rejects(consumer.who('call'), { code, message });
    });
  }
});

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { DemoCaller } from './caller.ts';
import { DEFAULT_PORTS } from './files.ts';
import { prepareDemo } from './place.ts';
import { freePort, startProvider } from './provider.ts';
import { encodeCall, FrameSplitter } from './wire.ts';

const CALL = { service: 'com.acme.Greeter', method: 'sayHello', argument: 'world', attachments: { 'dubbo.tag': 'gray' } };

test('the caller gets its answers from the provider, each its own', async () => {
  const provider = await startProvider('v1', 0);
  const caller = new DemoCaller('127.0.0.1', provider.port);
  const answers = await Promise.all(['a', 'b', 'x'.repeat(500)].map((argument) => caller.call({ ...CALL, argument })));
  assert.deepEqual(
    answers.map(({ ok, text }) => [ok, text]),
    ['a', 'b', 'x'.repeat(500)].map((name) => [true, `Hello ${name}, from v1`]),
  );
  caller.close();
  await provider.close();
});

test('a provider that dies answers every open call', async () => {
  const provider = await startProvider('v1', 0);
  const caller = new DemoCaller('127.0.0.1', provider.port);
  await caller.call(CALL);
  const open = caller.call(CALL);
  await provider.close();
  const { ok, text } = await open;
  // The answer may have been on its way already.
  assert.ok(ok ? text.includes('from v1') : text === 'connection closed');
  assert.deepEqual(await caller.call(CALL), { ok: false, text: 'connection closed', latencyUs: 0 });
});

test('a taken port gives another one', async () => {
  const provider = await startProvider('v1', 0);
  assert.notEqual(await freePort(provider.port), provider.port);
  await provider.close();
  assert.equal(await freePort(provider.port), provider.port);
});

test('files that are there are never written over, whatever ports are taken', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'polywire-demo-test-'));
  t.after(() => rm(folder, { recursive: true }));
  // When something else listens there, that serves this test as well.
  const provider = await startProvider('v1', DEFAULT_PORTS.v1);
  t.after(() => provider.close());
  const { taken } = await prepareDemo(folder, '.');
  assert.ok(taken.includes(DEFAULT_PORTS.v1));
  await writeFile(join(folder, 'polywire.yaml'), 'mine');
  await assert.rejects(prepareDemo(folder, '.'), /\. has files already, and something listens on their ports: .*20881/);
  assert.equal(await readFile(join(folder, 'polywire.yaml'), 'utf8'), 'mine');
});

test('frames come whole however the bytes were cut, and foreign bytes are refused', () => {
  const bytes = Buffer.concat([encodeCall(1, CALL), encodeCall(2, CALL)]);
  for (let cut = 0; cut <= bytes.length; cut += 1) {
    const splitter = new FrameSplitter();
    const frames = [...splitter.push(bytes.subarray(0, cut)), ...splitter.push(bytes.subarray(cut))];
    assert.deepEqual(
      frames.map(({ id }) => id),
      [1, 2],
    );
  }
  assert.throws(() => new FrameSplitter().push(Buffer.from('GET / HTTP/1.1\r\n\r\n')), /no Dubbo frames/);
});

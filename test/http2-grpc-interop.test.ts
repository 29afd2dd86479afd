import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { status } from '@grpc/grpc-js';
import { GrpcConsumer, type GrpcProvider, startGrpcProvider } from './support/http2-grpc.ts';
import { GRPC_CHECKS } from './support/http2-grpc-checks.ts';
import { INTEROP_CASES, runInterop, startInteropServer } from './support/http2-interop.ts';
import { nothingIsLeft } from './support/http2-left.ts';
import { http2Bootstrap, http2Entries, http2Routes } from './support/http2-mesh.ts';
import { requireHttp2 } from './support/http2-requirements.ts';
import { suiteOwner } from './support/owner.ts';
import { Polywire } from './support/polywire.ts';
import { freePort } from './support/ports.ts';

const CASE_TIMEOUT = { timeout: 180_000 };

describe("gRPC's own interoperability cases through the proxy", { skip: requireHttp2('go') }, () => {
  const owner = suiteOwner();
  let proxy: Polywire;

  before(async () => {
    const port = await startInteropServer(owner);
    proxy = await Polywire.start(owner, {
      'polywire.yaml': http2Bootstrap(),
      'mesh/services.yaml': http2Entries([{ host: 'interop.example', endpoints: [{ port }] }]),
      'mesh/routes.yaml': http2Routes('*', [{ match: [{ uri: { prefix: '/grpc.testing.' } }], to: { 'interop.example': 100 } }]),
    });
  });

  for (const each of INTEROP_CASES) test(each, CASE_TIMEOUT, () => runInterop(each, proxy));

  test('all of them at the same time', CASE_TIMEOUT, async () => {
    await Promise.all(INTEROP_CASES.map((each) => runInterop(each, proxy)));
  });

  test('nothing is left of it', () => nothingIsLeft(proxy));
});

describe('grpc-js through the proxy', () => {
  const owner = suiteOwner();
  let provider: GrpcProvider;
  let proxy: Polywire;
  let consumer: GrpcConsumer;

  before(async () => {
    provider = await startGrpcProvider(owner);
    proxy = await Polywire.start(owner, {
      'polywire.yaml': http2Bootstrap(),
      'mesh/services.yaml': http2Entries([
        { host: 'calls.example', endpoints: [{ port: provider.port }] },
        { host: 'nobody.example', endpoints: [{ port: await freePort() }] },
      ]),
    });
    consumer = new GrpcConsumer(owner, { port: proxy.port, authority: 'calls.example' });
  });

  for (const [name, check] of Object.entries(GRPC_CHECKS)) test(name, CASE_TIMEOUT, () => check(consumer, provider));

  for (const [host, why] of [
    ['nobody.example', 'nobody listens'],
    ['unheard-of.example', 'there is no such service'],
  ] as const) {
    test(`a caller is told UNAVAILABLE or UNIMPLEMENTED, and why, when ${why}`, CASE_TIMEOUT, async (t) => {
      const { code, details } = await new GrpcConsumer(t, { port: proxy.port, authority: host }).call({
        method: 'unary',
        messages: [Buffer.from('?')],
      });
      assert.equal(code, host === 'nobody.example' ? status.UNAVAILABLE : status.UNIMPLEMENTED);
      assert.notEqual(details, '');
    });
  }

  test('nothing is left of callers that gave up', CASE_TIMEOUT, async () => {
    const ends: (() => void | Promise<void>)[] = [];
    const passing = new GrpcConsumer({ after: (end) => void ends.push(end) }, { port: proxy.port, authority: 'calls.example' });
    const before = provider.cancelled();
    const calls = Array.from({ length: 20 }, () =>
      passing.call({ method: 'download', messages: [Buffer.from('100000 1000')], cancelAfter: 1 }),
    );
    for (const { code } of await Promise.all(calls)) assert.equal(code, status.CANCELLED);
    await provider.cancelledMoreThan(before + 19);
    for (const end of [...ends, () => consumer.close()]) await end();
    await nothingIsLeft(proxy);
  });
});

import assert from 'node:assert/strict';
import type { ServerHttp2Session } from 'node:http2';
import { describe, test } from 'node:test';
import { runH2load } from './support/http2-load.ts';
import { http2Bootstrap, http2Entries } from './support/http2-mesh.ts';
import { startNodeOrigin } from './support/http2-node-origin.ts';
import { requireHttp2 } from './support/http2-requirements.ts';
import { Polywire } from './support/polywire.ts';

const REQUESTS = 20_000;
/** Milliseconds. */
const BETWEEN_GOODBYES = 60;

describe('a service that says goodbye', { skip: requireHttp2('nghttp2') }, () => {
  // 128 requests at once, so that the proxy has more than one connection to say goodbye on.
  test('on all of its connections at once, under load, loses no request', { timeout: 180_000 }, async (t) => {
    const origin = await startNodeOrigin(t);
    const sessions = new Set<ServerHttp2Session>();
    origin.server.on('session', (session) => sessions.add(session.once('close', () => sessions.delete(session))));
    const proxy = await Polywire.start(t, {
      'polywire.yaml': http2Bootstrap(),
      'mesh/origin.yaml': http2Entries([{ host: 'origin.example', endpoints: [{ port: origin.port }] }]),
    });
    let goodbyes = 0;
    const timer = setInterval(() => {
      goodbyes += sessions.size;
      for (const session of sessions) session.close();
    }, BETWEEN_GOODBYES);
    t.after(() => clearInterval(timer));
    const load = { port: proxy.port, authority: 'origin.example', requests: REQUESTS, connections: 8, streams: 16 };
    const { done, succeeded, failed } = await runH2load(load);
    assert.deepEqual({ done, succeeded, failed }, { done: REQUESTS, succeeded: REQUESTS, failed: 0 });
    assert(goodbyes > 4, `said goodbye ${goodbyes} times only`);
  });
});

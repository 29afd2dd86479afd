import assert from 'node:assert/strict';
import type { Http2Answer, Http2Client } from './http2-clients.ts';
import { patternBytes } from './http2-node-origin.ts';
import type { OriginName } from './http2-origins.ts';

const UPLOAD = patternBytes(1024 * 1024 + 17);
const DOWNLOAD_BYTES = 1024 * 1024 + 5;
/** Too long for one HEADERS frame. */
const LONG_VALUE = 'v'.repeat(20_000);

/**
 * What every client gets from a server of `startOrigin`, whether there is something between them or not. `authority`: what the
 * client is to ask for.
 */
export async function assertExchanges(client: Http2Client, name: OriginName, target: { origin: string; authority: string }): Promise<void> {
  const { origin, authority } = target;
  const ask = (path: string, more: object = {}) => client.send({ origin, authority, path, ...more });

  const greeting = await ask('/');
  assert.equal(greeting.status, 200);
  assert.equal(greeting.body.toString(), `served by ${name}\n`);

  const echoed = await ask('/echo', { body: UPLOAD });
  assert.equal(echoed.status, 200);
  assertSame(echoed.body, UPLOAD);
  if (name === 'nghttpd') {
    assert.equal(trailer(client, echoed, 'x-served-by'), 'nghttpd');
    return;
  }
  assert.equal(trailer(client, echoed, 'x-echoed-bytes'), String(UPLOAD.length));

  const head = await ask('/bytes/1000', { method: 'HEAD' });
  assert.deepEqual([head.status, head.headers['content-length'], head.body.length], [200, '1000', 0]);
  assert.deepEqual((await ask('/status/204')).status, 204);
  assert.deepEqual((await ask('/status/503')).status, 503);
  assertSame((await ask(`/bytes/${DOWNLOAD_BYTES}`)).body, patternBytes(DOWNLOAD_BYTES));

  const early = await ask('/early');
  assert.deepEqual([early.interim, early.status, early.body.toString()], [[103], 200, `served by ${name}\n`]);

  const asked = JSON.parse((await ask('/request?a=1&b=%20', { headers: { 'x-long': LONG_VALUE } })).body.toString());
  assert.deepEqual([asked.server, asked.method, asked.path, asked.authority], [name, 'GET', '/request?a=1&b=%20', authority]);
  assert.equal(asked.headers['x-long'], LONG_VALUE);

  if (client.sendsTrailers) {
    // Go hands on trailers that were announced only.
    const more = { headers: { trailer: 'x-said' }, trailers: { 'x-said': 'last words' } };
    const { body, trailers } = await ask('/echo', { body: Buffer.from('body'), ...more });
    assert.deepEqual([body.toString(), trailers], ['body', { 'x-echoed-bytes': '4', 'x-said': 'last words' }]);
  }
}

function trailer(client: Http2Client, answer: Http2Answer, name: string): string | undefined {
  return answer.trailers[name] ?? assert.fail(`${client.name} saw no trailer ${name}: ${JSON.stringify(answer.trailers)}`);
}

function assertSame(actual: Buffer, expected: Buffer): void {
  assert.equal(actual.length, expected.length);
  assert(actual.equals(expected), 'other bytes than were sent');
}

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { CodecConnection, Frame, FrameProtocol } from '@polywire/core/spi';
import { builtInPlugins } from './configuration.ts';

const README = new URL('../../../README.md', import.meta.url);
const PROTOCOLS = ['dubbo', 'bolt', 'thrift'];

type Ask = (protocol: FrameProtocol, connection: CodecConnection<Frame>) => unknown;

/** What the table says of a protocol, and what in its codec makes it true. */
const FACETS: readonly (readonly [text: string, has: Ask])[] = [
  ['found among others on one port', ({ detect }) => detect],
  ['framing: limits, balancing per request', (_protocol, { measure }) => measure],
  ['multiplexing: shared upstream connections, deadlines per call', ({ multiplexing }) => multiplexing],
  ['routing by service, method and header', ({ routing }) => routing],
  ['deadline of the caller read and handed on', ({ routing }) => routing?.setRemainingMs],
  ['headers set, added, removed', ({ mediation }) => mediation?.edit],
  ['answers of the proxy’s own', ({ mediation }) => mediation?.localReply],
  ['heartbeats', (_protocol, { ping, pong }) => ping && pong],
  ['telling callers to go', (_protocol, { goAway }) => goAway],
  ['checksums kept right', ({ integrity }) => integrity],
  ['settings of listeners and services', ({ configure }) => configure],
];

test('the table of the README says what the codecs can do', () => {
  const codecs = PROTOCOLS.map((name) => {
    const codec = builtInPlugins().protocols.get(name);
    assert(codec !== undefined && 'connection' in codec, `no codec ${name}`);
    return codec;
  });
  const connections = codecs.map((codec) => codec.connection({ side: 'downstream', maxFrameBytes: 1 << 20, dialect: 0 }));
  const rows = FACETS.map(([text, has]) => {
    const cells = codecs.map((codec, i) => (connections[i] !== undefined && has(codec, connections[i]) ? 'yes' : '-'));
    return `| ${text} | ${cells.join(' | ')} |`;
  });
  const readme = readFileSync(README, 'utf8');
  const missing = rows.filter((row) => !readme.includes(`${row}\n`));
  assert.deepEqual(missing, [], `rows that README.md should have:\n${missing.join('\n')}`);
});

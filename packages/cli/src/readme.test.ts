import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { CodecConnection, Frame, FrameProtocol, Protocol, StreamingProtocol } from '@polywire/core/spi';
import { builtInPlugins } from './configuration.ts';

const README = new URL('../../../README.md', import.meta.url);
const PROTOCOLS = ['dubbo', 'bolt', 'thrift', 'http2'];

type Ask = (protocol: FrameProtocol, connection: CodecConnection<Frame>) => unknown;
type AskStreams = (protocol: StreamingProtocol) => unknown;

const can =
  (capability: StreamingProtocol['capabilities'][number]): AskStreams =>
  ({ capabilities }) =>
    capabilities.includes(capability);
/** No protocol can bring streams without it: its type demands it. */
const always: AskStreams = () => true;
const never: AskStreams = () => false;

/** What the table says of a protocol, and what in its codec makes it true, or in its streams. */
const FACETS: readonly (readonly [text: string, has: Ask, streamsHave: AskStreams])[] = [
  ['found among others on one port', ({ detect }) => detect, ({ detect }) => detect],
  ['framing: limits, balancing per request', (_protocol, { measure }) => measure, always],
  ['multiplexing: shared upstream connections, deadlines per call', ({ multiplexing }) => multiplexing, can('multiplexing')],
  ['routing by service, method and header', ({ routing }) => routing, can('routing')],
  ['deadline of the caller read and handed on', ({ routing }) => routing?.setRemainingMs, always],
  ['headers set, added, removed', ({ mediation }) => mediation?.edit, can('mediation')],
  ['answers of the proxy’s own', ({ mediation }) => mediation?.localReply, can('mediation')],
  ['heartbeats', (_protocol, { ping, pong }) => ping && pong, always],
  ['telling callers to go', (_protocol, { goAway }) => goAway, always],
  ['checksums kept right', ({ integrity }) => integrity, never],
  ['settings of listeners and services', ({ configure }) => configure, ({ configure }) => configure],
];

test('the table of the README says what the codecs can do', () => {
  const protocols = PROTOCOLS.map((name) => {
    const protocol = builtInPlugins().protocols.get(name);
    assert(protocol !== undefined, `no protocol ${name}`);
    return protocol;
  });
  const rows = FACETS.map(([text, ...asks]) => `| ${text} | ${protocols.map((protocol) => cell(protocol, ...asks)).join(' | ')} |`);
  const readme = readFileSync(README, 'utf8');
  const missing = rows.filter((row) => !readme.includes(`${row}\n`));
  assert.deepEqual(missing, [], `rows that README.md should have:\n${missing.join('\n')}`);
});

function cell(protocol: Protocol, has: Ask, streamsHave: AskStreams): 'yes' | '-' {
  const answer =
    'streams' in protocol
      ? streamsHave(protocol)
      : has(protocol, protocol.connection({ side: 'downstream', maxFrameBytes: 1 << 20, dialect: 0 }));
  return answer ? 'yes' : '-';
}

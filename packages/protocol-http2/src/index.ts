import { type Head, type Plugin, SPI_VERSION, type StreamEngine, type StreamingProtocol, type StreamProtocol } from '@polywire/core/spi';
import { calls } from './calls.ts';
import { Http2Counters } from './counters.ts';
import { detect } from './detect.ts';
import { Http2DownstreamConnection } from './downstream-connection.ts';
import { KnownLimits } from './environment.ts';
import type { RequestHead, ResponseHead } from './head.ts';
import { DEFAULTS, type Http2Options, readSettings, SIDES } from './options.ts';
import { heads } from './routing.ts';
import { Http2UpstreamConnection } from './upstream-connection.ts';

/** HTTP/2 with prior knowledge and by ALPN, gRPC and Dubbo's Triple with it. Levels 2 to 4. */
export function http2(): StreamingProtocol {
  return withOptions(DEFAULTS, new Http2Counters());
}

function withOptions(options: Http2Options, counters: Http2Counters): StreamingProtocol {
  return {
    name: 'http2',
    aliases: ['h2', 'h2c', 'grpc', 'tri'],
    alpn: ['h2'],
    capabilities: ['multiplexing', 'routing', 'mediation'],
    detect,
    configure: (settings) => withOptions(readSettings(settings), counters),
    settingSides: SIDES,
    streams: (engine) => streamsOf(engine, options, counters),
    counters: counters.all(),
  };
}

function streamsOf(engine: StreamEngine, options: Http2Options, counters: Http2Counters): StreamProtocol<Head, Head> {
  const environment = { engine, options, counters, knownLimits: new KnownLimits() };
  const protocol: StreamProtocol<RequestHead, ResponseHead> = {
    name: 'http2',
    multiplexed: true,
    streaming: true,
    echo: 'certain',
    spread: undefined,
    sharable: () => true,
    hasDialects: false,
    dialect: () => 0,
    heads,
    hasMediation: true,
    caseSensitiveHeaders: false,
    accept: (transport, handler) => new Http2DownstreamConnection(environment, transport, handler),
    connect: (transport, owner) => new Http2UpstreamConnection(environment, transport, owner),
    calls,
  };
  return protocol;
}

/** What the proxy loads. */
export const plugin: Plugin = { name: '@polywire/protocol-http2', spiVersion: SPI_VERSION, protocols: [http2] };

import { type CodecCore, type FrameProtocol, type Plugin, SPI_VERSION } from '@polywire/core/spi';
import { detect } from './detect.ts';
import { edit } from './edit.ts';
import type { ThriftFrame } from './frame.ts';
import { ThriftFraming } from './framing.ts';
import { ThriftMultiplexing } from './multiplexing.ts';
import { localReply } from './reply.ts';
import { ThriftRouting } from './routing.ts';
import { DEFAULTS, readSettings, type Settings, SIDES } from './settings.ts';

/** Encodings per transport, for `dialect`. */
const ENCODINGS = 3;

/** Apache Thrift on TCP: unframed, framed or with THeader, in binary or compact encoding. Levels 1 to 4. */
export function thrift(core: CodecCore): FrameProtocol<ThriftFrame> {
  return withSettings(core, DEFAULTS);
}

function withSettings(core: CodecCore, settings: Settings): FrameProtocol<ThriftFrame> {
  const multiplexing = new ThriftMultiplexing(settings);
  return {
    name: 'thrift',
    detect,
    configure: (wanted) => withSettings(core, readSettings(wanted)),
    settingSides: SIDES,
    dialect: (request) => multiplexing.transportOf(request) * ENCODINGS + request.encoding,
    connection: (options) => new ThriftFraming(core, settings.oneways, options),
    multiplexing,
    routing: new ThriftRouting(core, settings.service),
    mediation: { edit, localReply },
  };
}

/** What the proxy loads. */
export const plugin: Plugin = { name: '@polywire/protocol-thrift', spiVersion: SPI_VERSION, protocols: [thrift] };

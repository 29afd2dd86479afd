import { type CodecCore, type FrameProtocol, type Plugin, SPI_VERSION } from '@polywire/core/spi';
import { answer, request } from './calls.ts';
import { detect } from './detect.ts';
import { edit } from './edit.ts';
import type { DubboFrame } from './frame.ts';
import { DubboFraming } from './framing.ts';
import { multiplexing } from './multiplexing.ts';
import { localReply } from './reply.ts';
import { DubboRouting } from './routing.ts';
import { serializations } from './serialization/index.ts';

/** Dubbo's own protocol (`dubbo://`), as Dubbo 2.x and 3.x speak it on TCP. Levels 1 to 4. */
export function dubbo(core: CodecCore): FrameProtocol<DubboFrame> {
  const table = serializations();
  return {
    name: 'dubbo',
    detect,
    connection: () => new DubboFraming(core, table),
    multiplexing,
    routing: new DubboRouting(core, table),
    mediation: {
      edit: (frame, edits) => edit(frame, edits, table, core),
      localReply: (request, reply) => localReply(request, reply, table),
    },
    calls: { request, answer },
  };
}

/** What the proxy loads. */
export const plugin: Plugin = { name: '@polywire/protocol-dubbo', spiVersion: SPI_VERSION, protocols: [dubbo] };

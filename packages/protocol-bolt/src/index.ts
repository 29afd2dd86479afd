import { type CodecCore, type FrameProtocol, type Plugin, SPI_VERSION } from '@polywire/core/spi';
import { trailerMask } from './checksum.ts';
import { detect } from './detect.ts';
import { edit } from './edit.ts';
import type { BoltFrame } from './frame.ts';
import { BoltFraming } from './framing.ts';
import { multiplexing } from './multiplexing.ts';
import { localReply } from './reply.ts';
import { FrontReader } from './routing/front.ts';
import { OutcomeReader } from './routing/outcome.ts';
import { BoltRouting } from './routing.ts';

/** Bolt (`bolt://`) in its two versions, as SOFARPC and other users of sofa-bolt speak it. Levels 1 to 4. */
export function bolt(core: CodecCore): FrameProtocol<BoltFrame> {
  const front = new FrontReader(core);
  const outcomes = new OutcomeReader(core);
  return {
    name: 'bolt',
    detect,
    dialect: (request) => request.dialect,
    connection: (options) => new BoltFraming(options, front, outcomes),
    multiplexing,
    routing: new BoltRouting(core, front, outcomes),
    mediation: { edit, localReply },
    integrity: { trailerMask },
  };
}

/** What the proxy loads. */
export const plugin: Plugin = { name: '@polywire/protocol-bolt', spiVersion: SPI_VERSION, protocols: [bolt] };

import type { CodecCore, FrameProtocol } from '@polywire/core/spi';
import type { Fault } from './fault.test-support.ts';
import { callFaults } from './faults-calls.test-support.ts';
import { framingFaults } from './faults-framing.test-support.ts';
import { heartbeatFaults, mediationFaults } from './faults-mediation.test-support.ts';
import { idsFaults, routingFaults } from './faults-streams.test-support.ts';
import { toyProtocol } from './toy.test-support.ts';

/** Codecs with one fault each. */
export const faults: readonly Fault[] = [
  ...framingFaults,
  ...idsFaults,
  ...routingFaults,
  ...mediationFaults,
  ...heartbeatFaults,
  ...callFaults,
];

export function faulty(fault: Fault): (core: CodecCore) => FrameProtocol {
  return (core) => fault.make(toyProtocol(core), core);
}

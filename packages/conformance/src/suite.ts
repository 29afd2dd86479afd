import type { ConformanceCase, Facet } from './case.ts';
import { detectionCases } from './detection.ts';
import { editCases } from './edits.ts';
import { callCases } from './frame-caller.ts';
import { framingCases } from './framing.ts';
import { frontCases } from './fronts.ts';
import { fuzzCases } from './fuzz.ts';
import { frontFuzzCases } from './fuzz-fronts.ts';
import { heartbeatCases } from './heartbeat.ts';
import { lengthCases } from './lengths.ts';
import { movedCases } from './moved.ts';
import { multiplexingCases } from './multiplexing.ts';
import { relayedCases } from './relayed.ts';
import { replyCases } from './replies.ts';
import { routingCases } from './routing.ts';
import { splitCases } from './splits.ts';
import type { Subject } from './subject.ts';

/** Every case, in the order of the ladder, fuzz last. */
export const allCases: readonly ConformanceCase[] = [
  ...detectionCases,
  ...framingCases,
  ...splitCases,
  ...lengthCases,
  ...multiplexingCases,
  ...relayedCases,
  ...routingCases,
  ...frontCases,
  ...movedCases,
  ...replyCases,
  ...editCases,
  ...heartbeatCases,
  ...callCases,
  ...fuzzCases,
  ...frontFuzzCases,
];

/** The facets that this codec has. */
export function facetsOf(subject: Subject): Set<Facet> {
  const { protocol } = subject;
  const facets = new Set<Facet>(['framing']);
  if (protocol.detect !== undefined) facets.add('detection');
  if (protocol.multiplexing !== undefined) facets.add('multiplexing');
  if (protocol.routing !== undefined) facets.add('routing');
  if (protocol.mediation !== undefined) facets.add('mediation');
  if (protocol.calls !== undefined) facets.add('calls');
  const connections = [subject.connection('downstream'), subject.connection('upstream')];
  if (connections.some(({ ping, pong, goAway }) => ping ?? pong ?? goAway)) facets.add('heartbeat');
  return facets;
}

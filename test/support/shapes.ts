import type { Consumer } from './peers.ts';
import type { Wire } from './wires.ts';

/** A shape that the peers themselves get wrong, with nothing between them, on the wires that match. */
interface KnownFault extends Partial<Wire> {
  readonly shape: string;
  readonly reason: string;
}

const KNOWN_FAULTS: readonly KnownFault[] = [
  { shape: 'negative zero', serialization: 'hessian2', reason: 'Hessian writes -0.0 as 0.0' },
  { shape: 'negative zero', serialization: 'fastjson2', reason: 'JSONB writes -0.0 as 0.0' },
];

/**
 * The shapes that did not come back as they were sent, without those that do not without a proxy either. A known fault that
 * no longer happens is in the answer too, so that the list cannot outlive its reasons.
 */
export async function unequalShapes(consumer: Consumer, on: string, wire: Wire): Promise<Record<string, string>> {
  const excused = new Set(KNOWN_FAULTS.filter((fault) => concerns(fault, wire)).map((fault) => fault.shape));
  const results = Object.entries(await consumer.suite(on));
  if (results.length === 0) throw new Error('the suite called nothing');
  return Object.fromEntries(results.filter(([shape, result]) => (result === 'equal') === excused.has(shape)));
}

function concerns(fault: KnownFault, wire: Wire): boolean {
  return (fault.module ?? wire.module) === wire.module && (fault.serialization ?? wire.serialization) === wire.serialization;
}

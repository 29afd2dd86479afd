import type { Consumer, DubboModule } from './peers.ts';

export type Serialization = 'hessian2' | 'fastjson2';

/** A shape that the peers themselves get wrong, with nothing between them. */
interface KnownFault {
  readonly shape: string;
  readonly module?: DubboModule;
  readonly serialization?: Serialization;
  readonly reason: string;
}

const KNOWN_FAULTS: readonly KnownFault[] = [{ shape: 'negative zero', serialization: 'hessian2', reason: 'Hessian writes -0.0 as 0.0' }];

/** The shapes that did not come back as they were sent, without those that do not without a proxy either. */
export async function unequalShapes(
  consumer: Consumer,
  on: string,
  wire: { module: DubboModule; serialization: Serialization },
): Promise<Record<string, string>> {
  const excused = new Set(KNOWN_FAULTS.filter((fault) => concerns(fault, wire)).map((fault) => fault.shape));
  const results = Object.entries(await consumer.suite(on));
  if (results.length === 0) throw new Error('the suite called nothing');
  return Object.fromEntries(results.filter(([shape, result]) => result !== 'equal' && !excused.has(shape)));
}

function concerns(fault: KnownFault, wire: { module: DubboModule; serialization: Serialization }): boolean {
  return (fault.module ?? wire.module) === wire.module && (fault.serialization ?? wire.serialization) === wire.serialization;
}

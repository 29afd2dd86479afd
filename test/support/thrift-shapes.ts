import type { ThriftLanguage } from './build-thrift.ts';
import type { ThriftConsumer, ThriftEncoding, ThriftWire } from './thrift-peers.ts';

/** A shape that the libraries themselves get wrong, with nothing between them, where all that is given here matches. */
interface KnownFault {
  readonly shape: string;
  readonly client?: ThriftLanguage;
  readonly server?: ThriftLanguage;
  readonly protocol?: ThriftEncoding;
  readonly reason: string;
}

const ABSENT_IS_ZERO = 'the structures of the server have no absent numbers, in Go nothing absent: it comes back as 0, or empty';
const LIST_OF_BOOL = 'npm thrift writes a true in a compact list as its own false, or reads it so';

const KNOWN_FAULTS: readonly KnownFault[] = [
  { shape: 'structure', client: 'node', protocol: 'compact', reason: LIST_OF_BOOL },
  { shape: 'structure', server: 'node', protocol: 'compact', reason: LIST_OF_BOOL },
  ...(['node', 'python'] as const).flatMap((client) =>
    (['java', 'go'] as const).map((server) => ({ shape: 'bare structure', client, server, reason: ABSENT_IS_ZERO })),
  ),
  { shape: 'bare structure', client: 'java', server: 'go', reason: ABSENT_IS_ZERO },
];

/**
 * The shapes that did not come back as they were sent, without those that do not without a proxy either. A known fault that
 * no longer happens is in the answer too, so that the list cannot outlive its reasons.
 */
export async function unequalThriftShapes(
  consumer: ThriftConsumer,
  on: string,
  between: { client: ThriftLanguage; server: ThriftLanguage; wire: ThriftWire },
): Promise<Record<string, string>> {
  const excused = new Set(KNOWN_FAULTS.filter((fault) => concerns(fault, between)).map((fault) => fault.shape));
  const results = Object.entries(await consumer.suite(on));
  if (results.length === 0) throw new Error('the suite called nothing');
  return Object.fromEntries(results.filter(([shape, result]) => (result === 'equal') === excused.has(shape)));
}

function concerns(
  fault: KnownFault,
  { client, server, wire }: { client: ThriftLanguage; server: ThriftLanguage; wire: ThriftWire },
): boolean {
  const { protocol } = wire;
  return (fault.client ?? client) === client && (fault.server ?? server) === server && (fault.protocol ?? protocol) === protocol;
}

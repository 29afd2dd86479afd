import { CodecError, type Frame } from '@polywire/core/spi';
import fc from 'fast-check';
import { fail } from './case.ts';
import { ReferencePeek } from './peek.ts';
import type { KnownFrame } from './samples.ts';
import type { Subject } from './subject.ts';

const SHOWN_BYTES = 600;
const MAX_HEADER_BYTES = 256;

/** Checks `holds` of random inputs; a failure names the smallest input that fails, and how to repeat it. */
export function property<T>(
  run: Pick<Subject, 'seed' | 'fuzzRuns'>,
  inputs: fc.Arbitrary<T>,
  holds: (input: T) => void,
  render: (input: T) => string,
): void {
  const { seed, fuzzRuns } = run;
  const outcome = fc.check(fc.property(inputs, holds), { seed, numRuns: fuzzRuns });
  if (!outcome.failed) return;
  const input = outcome.counterexample?.[0];
  const reason = outcome.errorInstance instanceof Error ? outcome.errorInstance.message : String(outcome.errorInstance);
  fail(
    `${reason}\ninput: ${input === undefined ? 'none' : render(input)}\nPOLYWIRE_SEED=${seed} POLYWIRE_FUZZ_RUNS=${fuzzRuns} repeats it`,
  );
}

/** Bytes as failures print them. */
export function hex(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.subarray(0, SHOWN_BYTES)).toString('hex');
  return bytes.length > SHOWN_BYTES ? `${text}... (${bytes.length} bytes)` : text;
}

/** One change to bytes: where (folded into the length), and what is written there. */
export interface Mutation {
  readonly at: number;
  readonly write: Uint8Array;
  readonly how: 'overwrite' | 'insert' | 'delete';
}

/** Any one change, those that codecs trip over most among them. */
export const mutation: fc.Arbitrary<Mutation> = fc.record({
  // Half of them in the header, where a byte means most.
  at: fc.oneof(fc.nat(31), fc.nat(0xffff)),
  write: fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 4 }),
    fc
      .constantFrom([0xff, 0xff, 0xff, 0xff], [0, 0, 0, 0], [0x7f, 0xff, 0xff, 0xff], [0x80, 0, 0, 0], [0x0a], [0])
      .map((list) => Uint8Array.from(list)),
    fc.uint8Array({ minLength: 1, maxLength: 200 }),
  ),
  how: fc.constantFrom('overwrite', 'overwrite', 'overwrite', 'insert', 'delete'),
});

/** A copy with the changes applied one after the other. */
export function mutate(bytes: Buffer, mutations: readonly Mutation[]): Buffer {
  let mutated = Buffer.from(bytes);
  for (const { at, write, how } of mutations) {
    const from = at % (mutated.length + 1);
    const rest = how === 'insert' ? from : from + write.length;
    const pieces = [mutated.subarray(0, from), ...(how === 'delete' ? [] : [write]), mutated.subarray(rest)];
    mutated = Buffer.concat(pieces);
    if (how === 'overwrite') mutated = mutated.subarray(0, bytes.length);
  }
  return mutated;
}

/** The same, with the checksum that belongs to them. */
export function mutateSealed(subject: Subject, bytes: Buffer, mutations: readonly Mutation[]): Buffer {
  const mutated = mutate(bytes, mutations);
  subject.options.reseal?.(mutated);
  return mutated;
}

/** Bytes until the frame's length is known; `headerBytes` when it is known at its end only. */
export function headerOf(subject: Subject, { side, bytes }: KnownFrame): number {
  const connection = subject.connection(side);
  const input = new ReferencePeek();
  for (let reached = 1; reached < Math.min(bytes.length, MAX_HEADER_BYTES); reached++) {
    input.push(bytes.subarray(reached - 1, reached));
    if (reached >= connection.headerBytes && connection.measure(input) !== undefined) return reached;
  }
  return Math.min(connection.headerBytes, bytes.length);
}

/** The frame at the beginning of hostile bytes: whole, or its front when it says it is longer. */
export function hostileFrame(subject: Subject, side: KnownFrame['side'], bytes: Uint8Array, reached: number): Frame | undefined {
  try {
    return subject.front(side, bytes, reached);
  } catch (error) {
    if (error instanceof CodecError) return undefined;
    throw error;
  }
}

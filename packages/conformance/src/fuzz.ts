import { CodecError, type Frame } from '@polywire/core/spi';
import fc from 'fast-check';
import { type ConformanceCase, calling, check, checkSame, type Facet, fail, NotApplicable } from './case.ts';
import { describeFrame } from './describe.ts';
import { type Exercise, heartbeatExercise, mediationExercise, multiplexingExercise, routingExercise } from './exercise.ts';
import { decodeHostile } from './lengths.ts';
import { ReferencePeek } from './peek.ts';
import type { KnownFrame } from './samples.ts';
import type { Subject } from './subject.ts';

const DEPTHS = [10, 1_000, 100_000];
const SHOWN_BYTES = 600;
const MAX_HEADER_BYTES = 256;

function property<T>(subject: Subject, inputs: fc.Arbitrary<T>, holds: (input: T) => void, render: (input: T) => string): void {
  const { seed, fuzzRuns } = subject;
  const outcome = fc.check(fc.property(inputs, holds), { seed, numRuns: fuzzRuns });
  if (!outcome.failed) return;
  const input = outcome.counterexample?.[0];
  const reason = outcome.errorInstance instanceof Error ? outcome.errorInstance.message : String(outcome.errorInstance);
  fail(
    `${reason}\ninput: ${input === undefined ? 'none' : render(input)}\nPOLYWIRE_SEED=${seed} POLYWIRE_FUZZ_RUNS=${fuzzRuns} repeats it`,
  );
}

function hex(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.subarray(0, SHOWN_BYTES)).toString('hex');
  return bytes.length > SHOWN_BYTES ? `${text}... (${bytes.length} bytes)` : text;
}

/** One change to bytes: where (folded into the length), and what is written there. */
interface Mutation {
  readonly at: number;
  readonly write: Uint8Array;
  readonly how: 'overwrite' | 'insert' | 'delete';
}

const mutation: fc.Arbitrary<Mutation> = fc.record({
  at: fc.nat(0xffff),
  write: fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 4 }),
    fc
      .constantFrom([0xff, 0xff, 0xff, 0xff], [0, 0, 0, 0], [0x7f, 0xff, 0xff, 0xff], [0x80, 0, 0, 0], [0x0a], [0])
      .map((list) => Uint8Array.from(list)),
    fc.uint8Array({ minLength: 1, maxLength: 200 }),
  ),
  how: fc.constantFrom('overwrite', 'overwrite', 'overwrite', 'insert', 'delete'),
});

function mutate(bytes: Buffer, mutations: readonly Mutation[]): Buffer {
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

/** Bytes until the frame's length is known; `headerBytes` when it is known at its end only. */
function headerOf(subject: Subject, { side, bytes }: KnownFrame): number {
  const connection = subject.connection(side);
  const input = new ReferencePeek();
  for (let reached = 1; reached < Math.min(bytes.length, MAX_HEADER_BYTES); reached++) {
    input.push(bytes.subarray(reached - 1, reached));
    if (reached >= connection.headerBytes && connection.measure(input) !== undefined) return reached;
  }
  return Math.min(connection.headerBytes, bytes.length);
}

/** The frame at the beginning of hostile bytes: whole, or its front when it says it is longer. */
function hostileFrame(subject: Subject, side: KnownFrame['side'], bytes: Uint8Array): Frame | undefined {
  try {
    return subject.front(side, bytes, bytes.length);
  } catch (error) {
    if (error instanceof CodecError) return undefined;
    throw error;
  }
}

function fuzzFacet(facet: Facet, create: (subject: Subject) => Exercise): ConformanceCase {
  return {
    facet,
    name: 'fuzz: nothing throws on mutated samples, on their fronts, or on random bytes behind their headers',
    run(subject) {
      const exercise = create(subject);
      const inputs = fc.record({
        known: fc.constantFrom(...subject.known),
        mutations: fc.array(mutation, { minLength: 1, maxLength: 5 }),
        tail: fc.option(fc.tuple(fc.nat(0xffff), fc.uint8Array({ maxLength: 400 }))),
      });
      const make = ({
        known,
        mutations,
        tail,
      }: {
        known: KnownFrame;
        mutations: readonly Mutation[];
        tail: [number, Uint8Array] | null;
      }) => {
        if (tail === null) return mutate(known.bytes, mutations);
        // Random bytes from somewhere behind the header on, up to the length that the header announces.
        const bytes = Buffer.from(known.bytes);
        const header = headerOf(subject, known);
        bytes.set(
          tail[1].subarray(0, Math.max(0, bytes.length - header)),
          Math.min(header + (tail[0] % 64), Math.max(header, bytes.length - tail[1].length)),
        );
        return bytes;
      };
      const holds = (input: Parameters<typeof make>[0]): void => {
        const frame = hostileFrame(subject, input.known.side, make(input));
        if (frame !== undefined) exercise(frame, `mutated ${input.known.label}`);
      };
      property(subject, inputs, holds, (input) => `${input.known.label} as ${hex(make(input))}`);
    },
  };
}

function nestFacet(facet: Facet, create: (subject: Subject) => Exercise): ConformanceCase {
  return {
    facet,
    name: 'a body nested as deep as an attacker likes neither throws nor wedges',
    run(subject) {
      const { nest } = subject.options;
      if (nest === undefined) throw new NotApplicable('the author gave no nest()');
      const exercise = create(subject);
      for (const depth of DEPTHS) {
        const frame = subject.frame('downstream', nest(depth), `a request nested ${depth} deep`);
        exercise(frame, `a request nested ${depth} deep`);
      }
    },
  };
}

const facets: ReadonlyArray<readonly [Facet, (subject: Subject) => Exercise]> = [
  ['routing', routingExercise],
  ['multiplexing', multiplexingExercise],
  ['mediation', mediationExercise],
  ['heartbeat', heartbeatExercise],
];

/** Hostile bytes through every facet. */
export const fuzzCases: readonly ConformanceCase[] = [
  {
    facet: 'framing',
    name: 'fuzz: of random and mutated bytes come frames or a CodecError, nothing else',
    run(subject) {
      const random = fc.record({
        side: fc.constantFrom('downstream' as const, 'upstream' as const),
        bytes: fc.oneof(
          fc.uint8Array({ maxLength: 300 }),
          fc
            .tuple(fc.constantFrom(...subject.known), fc.array(mutation, { minLength: 1, maxLength: 5 }))
            .map(([known, list]) => mutate(known.bytes, list)),
        ),
      });
      property(
        subject,
        random,
        ({ side, bytes }) => {
          decodeHostile(subject, side, Buffer.from(bytes), 'hostile bytes');
          if (subject.protocol.detect !== undefined) {
            const said = calling('detect()', () => subject.protocol.detect?.(Buffer.from(bytes)));
            check(said === 'match' || said === 'no-match' || said === 'need-more', `detect() said ${said}`);
          }
          const refusal = calling('refuse()', () => subject.connection(side).refuse?.(Buffer.from(bytes)));
          check(refusal === undefined || Buffer.isBuffer(refusal), 'refuse() returned no Buffer');
        },
        ({ side, bytes }) => `${side} ${hex(bytes)}`,
      );
    },
  },
  {
    facet: 'framing',
    name: 'fuzz: samples in any order, in pieces of any size, yield their frames in order',
    run(subject) {
      for (const side of ['downstream', 'upstream'] as const) {
        const known = subject.known.filter((frame) => frame.side === side);
        if (known.length === 0) continue;
        const described = new Map(known.map((frame) => [frame, describeFrame(subject, subject.frame(side, frame.bytes, frame.label))]));
        const inputs = fc.record({
          frames: fc.array(fc.constantFrom(...known), { minLength: 1, maxLength: 8 }),
          sizes: fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 20 }),
        });
        const holds = ({ frames, sizes }: { readonly frames: readonly KnownFrame[]; readonly sizes: readonly number[] }): void => {
          const frames2 = subject.decode(side, pieces(Buffer.concat(frames.map(({ bytes }) => bytes)), sizes));
          checkSame(
            frames2.map((frame) => describeFrame(subject, frame)),
            frames.map((frame) => described.get(frame)),
            'frames in pieces',
          );
        };
        property(subject, inputs, holds, ({ frames, sizes }) => `${frames.map(({ label }) => label)} in pieces of ${sizes}`);
      }
    },
  },
  ...facets.map(([facet, create]) => fuzzFacet(facet, create)),
  ...facets.slice(0, 3).map(([facet, create]) => nestFacet(facet, create)),
];

/** `bytes` in pieces of the given sizes, over and over. */
function pieces(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    found.push(Buffer.from(bytes.subarray(at, at + size)));
    at += size;
  }
  return found;
}

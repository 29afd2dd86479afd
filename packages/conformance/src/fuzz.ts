import fc from 'fast-check';
import { type ConformanceCase, calling, check, checkSame, type Facet, NotApplicable } from './case.ts';
import { describeFrame } from './describe.ts';
import { type Exercise, heartbeatExercise, mediationExercise, multiplexingExercise, routingExercise } from './exercise.ts';
import { decodeHostile } from './lengths.ts';
import { headerOf, hex, hostileFrame, type Mutation, mutate, mutateSealed, mutation, property } from './mutations.ts';
import type { KnownFrame } from './samples.ts';
import type { Subject } from './subject.ts';

const DEPTHS = [10, 1_000, 100_000];

interface Hostile {
  readonly known: KnownFrame;
  readonly mutations: readonly Mutation[];
  /** Written over the body instead of the mutations: where (folded into it), and what. */
  readonly body: readonly [at: number, bytes: Uint8Array] | null;
  /** How much of it is there (folded into the length); all of it when null. */
  readonly cut: number | null;
}

/** One time in four; null else. */
function seldom<T>(inputs: fc.Arbitrary<T>): fc.Arbitrary<T | null> {
  return fc.oneof({ weight: 3, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: inputs });
}

function hostileInputs(subject: Subject): fc.Arbitrary<Hostile> {
  return fc.record({
    known: fc.constantFrom(...subject.known),
    mutations: fc.array(mutation, { minLength: 1, maxLength: 5 }),
    body: seldom(fc.tuple(fc.nat(0xffff), fc.uint8Array({ minLength: 1, maxLength: 400 }))),
    cut: seldom(fc.nat(0xffff)),
  });
}

function hostileBytes(subject: Subject, { known, mutations, body }: Hostile): Buffer {
  const header = headerOf(subject, known);
  const room = known.bytes.length - header;
  if (body === null || room === 0) return mutateSealed(subject, known.bytes, mutations);
  const [at, random] = body;
  const bytes = Buffer.from(known.bytes);
  const written = random.subarray(0, room);
  bytes.set(written, header + (at % (room - written.length + 1)));
  subject.options.reseal?.(bytes);
  return bytes;
}

function fuzzFacet(facet: Facet, create: (subject: Subject) => Exercise): ConformanceCase {
  return {
    facet,
    name: 'fuzz: nothing throws on mutated samples, on their fronts, or on random bytes behind their headers',
    run(subject) {
      const exercise = create(subject);
      const holds = (input: Hostile): void => {
        const bytes = hostileBytes(subject, input);
        const reached = input.cut === null ? bytes.length : input.cut % (bytes.length + 1);
        const frame = hostileFrame(subject, input.known.side, bytes, reached);
        if (frame !== undefined) exercise(frame, `mutated ${input.known.label}`);
      };
      const render = (input: Hostile): string => `${input.known.label} as ${hex(hostileBytes(subject, input))}, cut ${input.cut}`;
      property(subject, hostileInputs(subject), holds, render);
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

import { NOT_REACHED, UNREADABLE } from '@polywire/core/spi';
import fc from 'fast-check';
import { type ConformanceCase, calling, check } from './case.ts';
import { hex, hostileFrame, type Mutation, mutateSealed, mutation, property } from './mutations.ts';
import type { KnownFrame } from './samples.ts';
import { knownNames, routingOf, scanner } from './scans.ts';

interface MutatedCall {
  readonly known: KnownFrame;
  readonly mutations: readonly Mutation[];
  /** Bytes of the front, folded into the length. */
  readonly cut: number;
}

/** Fronts of frames that nobody recorded: the differential twin of the case over the samples' fronts. */
export const frontFuzzCases: readonly ConformanceCase[] = [
  {
    facet: 'routing',
    name: 'fuzz: what is found in the front of a mutated request is what is found in the whole',
    run(subject) {
      const routing = routingOf(subject);
      const list = knownNames(subject);
      const scan = scanner(subject, { names: list, timeout: true, affinity: true });
      const inputs: fc.Arbitrary<MutatedCall> = fc.record({
        known: fc.constantFrom(...subject.known.filter(({ kind }) => kind === 'request' || kind === 'oneway')),
        mutations: fc.array(mutation, { maxLength: 3 }),
        cut: fc.nat(0xffff),
      });
      const holds = ({ known, mutations, cut }: MutatedCall): void => {
        const bytes = mutateSealed(subject, known.bytes, mutations);
        const whole = hostileFrame(subject, known.side, bytes, bytes.length);
        if (whole === undefined || whole.defect !== undefined || whole.length !== whole.to - whole.from) return;
        if (whole.kind !== 'request' && whole.kind !== 'oneway') return;
        const front = hostileFrame(subject, known.side, bytes, cut % whole.length);
        if (front === undefined) return;
        const what = `the first ${cut % whole.length} of ${whole.length} bytes of a mutated ${known.label}`;
        check(front.kind === whole.kind, `${what}: kind is ${front.kind}, of the whole ${whole.kind}`);
        check(calling(what, () => routing.service(front)) === routing.service(whole), `${what}: service() differs from the whole frame's`);
        check(calling(what, () => routing.method(front)) === routing.method(whole), `${what}: method() differs from the whole frame's`);
        const wanted = scan(whole);
        scan(front).values.forEach((value, index) => {
          const expected = wanted.values[index];
          // Bytes behind the front made the whole unreadable: the front cannot know.
          const fine = value === NOT_REACHED || value === expected || expected === UNREADABLE;
          check(fine, `${what}: "${list[index]}" is ${String(value)}, in the whole frame ${String(expected)}`);
        });
      };
      property(
        subject,
        inputs,
        holds,
        ({ known, mutations, cut }) => `${known.label} as ${hex(mutateSealed(subject, known.bytes, mutations))}, cut by ${cut}`,
      );
    },
  },
];

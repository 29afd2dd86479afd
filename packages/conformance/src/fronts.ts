import { type Frame, NOT_REACHED } from '@polywire/core/spi';
import { type ConformanceCase, calling, check, checkBytes, checkSame, NotApplicable } from './case.ts';
import { Ids } from './ids.ts';
import type { KnownFrame } from './samples.ts';
import { knownNames, routingOf, scanner } from './scans.ts';
import { cuts } from './splits.ts';
import { bytesOf, type Subject } from './subject.ts';

/** Calls `look` with every front of `known` that the codec makes a frame of, and with the whole. Counts the fronts. */
function eachFront(subject: Subject, known: KnownFrame, look: (front: Frame, whole: Frame, what: string) => void): number {
  let fronts = 0;
  for (const reached of cuts(known.bytes.length)) {
    const what = `the first ${reached} of ${known.bytes.length} bytes of ${known.label}`;
    const front = calling(`parsing ${what}`, () => subject.front(known.side, known.bytes, reached));
    if (front === undefined) continue;
    fronts++;
    const whole = subject.frame(known.side, known.bytes, known.label);
    checkSame([front.kind, front.length, front.defect], [known.kind, known.bytes.length, undefined], `${what}: kind, length and defect`);
    check(front.to - front.from === reached, `${what}: the frame holds ${front.to - front.from} bytes`);
    look(front, whole, what);
  }
  return fronts;
}

/** Calls `look` with every front of the samples of these kinds, and with the whole. */
export function overFronts(subject: Subject, kinds: readonly string[], look: (front: Frame, whole: Frame, what: string) => void): void {
  const known = subject.known.filter(({ kind }) => kinds.includes(kind));
  const fronts = known.reduce((sum, frame) => sum + eachFront(subject, frame, look), 0);
  if (fronts === 0) throw new NotApplicable('the codec makes no frame of a front');
}

/** Large frames are relayed as they arrive: what a codec says of a front must hold for the whole. */
export const frontCases: readonly ConformanceCase[] = [
  {
    facet: 'framing',
    name: 'a front of a frame is of the same kind and length as the whole, and has no defect',
    run(subject) {
      overFronts(subject, ['request', 'oneway', 'response'], () => undefined);
    },
  },
  {
    facet: 'routing',
    name: 'a look-up in the front of a request is right or NOT_REACHED, never wrong',
    run(subject) {
      const routing = routingOf(subject);
      const list = knownNames(subject);
      const scan = scanner(subject, { names: list, timeout: true, affinity: true });
      overFronts(subject, ['request', 'oneway'], (front, whole, what) => {
        checkSame(routing.service(front), routing.service(whole), `${what}: service()`);
        checkSame(routing.method(front), routing.method(whole), `${what}: method()`);
        const wanted = scan(whole);
        const found = scan(front);
        found.values.forEach((value, index) => {
          const fine = value === NOT_REACHED || value === wanted.values[index];
          check(fine, `${what}: "${list[index]}" is ${String(value)}, in the whole frame ${String(wanted.values[index])}`);
        });
        check(found.timeoutMs === 0 || found.timeoutMs === wanted.timeoutMs, `${what}: timeoutMs is ${found.timeoutMs}`);
        check(!found.bindsConnection || wanted.bindsConnection, `${what}: bindsConnection`);
      });
    },
  },
  {
    facet: 'routing',
    name: 'the outcome in the front of a response is that of the whole',
    run(subject) {
      const routing = routingOf(subject);
      overFronts(subject, ['response'], (front, whole, what) => {
        checkSame(routing.outcome(front), routing.outcome(whole), `${what}: outcome()`);
      });
    },
  },
  {
    facet: 'multiplexing',
    name: 'ids are assigned to and found in fronts as in whole frames',
    run(subject) {
      const ids = new Ids(subject);
      const id = ids.facet.maxId;
      overFronts(subject, ['request', 'response'], (front, whole, what) => {
        if (front.kind === 'response') {
          checkSame(ids.facet.assignedId(front), ids.facet.assignedId(whole), `${what}: assignedId()`);
          return;
        }
        const assigned = ids.facet.assignId(front, id);
        const wanted = ids.assign(bytesOf(whole), id, what);
        const reached = front.to - front.from;
        if (assigned === undefined) {
          const end = Math.min(reached, wanted.length - (subject.options.checksumBytes ?? 0));
          checkBytes(bytesOf(front).subarray(0, end), wanted.subarray(0, end), `${what}: assignId()`);
        } else {
          const bytes = Buffer.concat([assigned.front, bytesOf(front).subarray(assigned.replaces)]);
          checkBytes(bytes, wanted.subarray(0, bytes.length), `${what}: assignId()`);
        }
      });
    },
  },
];

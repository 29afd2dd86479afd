import type { Frame, FrameProtocol } from '@polywire/core/spi';
import { type ConformanceCase, calling, check, checkBytes, NotApplicable } from './case.ts';
import { overFronts } from './fronts.ts';
import { bytesOf, release, type Subject } from './subject.ts';

const IDS = [1, 0x5a5a_5a5a];
const REMAINING_MS = 7;

/** Does to a frame what core does: a second id, as on a retry, and the time that is left; or the caller's id to a response. */
function patch({ multiplexing, routing }: FrameProtocol, frame: Frame, caller: Frame): void {
  if (multiplexing === undefined) throw new NotApplicable('the protocol has no multiplexing facet');
  if (frame.kind !== 'response') routing?.setRemainingMs?.(frame, REMAINING_MS);
  const fronts =
    frame.kind === 'response'
      ? [multiplexing.restoreId(frame, caller)]
      : IDS.filter((id) => id <= multiplexing.maxId).map((id) => multiplexing.assignId(frame, id));
  if (fronts.some((front) => front !== undefined)) throw new NotApplicable('the codec makes new fronts');
}

function callerOf(subject: Subject): Frame {
  const [first] = subject.request();
  if (first === undefined) throw new NotApplicable('no request sample');
  const caller = subject.frame('downstream', first.bytes, first.name);
  release(caller);
  return caller;
}

/** Checksums behind large frames, of which nobody has all bytes at a time. */
export const relayedCases: readonly ConformanceCase[] = [
  {
    facet: 'multiplexing',
    name: 'a frame that is patched and relayed as it arrives ends in the checksum that the whole one would have',
    run(subject) {
      const { protocol } = subject;
      const { integrity } = protocol;
      if (integrity === undefined) throw new NotApplicable('the protocol has no integrity facet');
      const caller = callerOf(subject);
      let corrected = 0;
      overFronts(subject, ['request', 'response'], (front, whole, what) => {
        patch(protocol, front, caller);
        const mask = calling(`${what}: trailerMask()`, () => integrity.trailerMask(front)) ?? Buffer.alloc(0);
        const rest = bytesOf(whole).subarray(front.to - front.from);
        if (rest.length < mask.length) return;
        mask.forEach((bits, index) => {
          const at = rest.length - mask.length + index;
          rest[at] = (rest[at] ?? 0) ^ bits;
        });
        patch(protocol, whole, caller);
        checkBytes(Buffer.concat([bytesOf(front), rest]), bytesOf(whole), what);
        if (mask.length > 0) corrected++;
      });
      check(corrected > 0, 'trailerMask() corrected no sample');
    },
  },
];

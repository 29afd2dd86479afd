import type { Frame } from '@polywire/core/spi';
import { type ConformanceCase, checkBytes, checkSame } from './case.ts';
import { describeMeaning } from './describe.ts';
import { edited, edits } from './edits.ts';
import { bytesOf } from './subject.ts';

const ELSEWHERE = 1021;

/** Puts a frame's bytes elsewhere, as core does before it patches bytes that others still hold, and spoils the old ones. */
function move(frame: Frame): void {
  const { chunk, from, to } = frame;
  const bytes = bytesOf(frame);
  frame.chunk = Buffer.alloc(ELSEWHERE + bytes.length + ELSEWHERE, 0xff);
  frame.chunk.set(bytes, ELSEWHERE);
  frame.from = ELSEWHERE;
  frame.to = ELSEWHERE + bytes.length;
  chunk.fill(0xff, from, to);
}

/** Core may copy a frame to another chunk at any time: what a codec remembers of places must count from `from`. */
export const movedCases: readonly ConformanceCase[] = [
  {
    facet: 'routing',
    name: 'a frame whose bytes were moved to another chunk reads as before',
    run(subject) {
      for (const { side, label, bytes } of subject.known) {
        const frame = subject.frame(side, bytes, label);
        const before = describeMeaning(subject, frame);
        move(frame);
        checkSame(describeMeaning(subject, frame), before, `${label} after its bytes were moved`);
      }
    },
  },
  {
    facet: 'mediation',
    name: 'a frame whose bytes were moved to another chunk is edited as before',
    run(subject) {
      const change = edits({ set: [['polywire-conformance-new', 'v']] });
      for (const { kind, side, label, bytes } of subject.known) {
        if (kind !== 'request' && kind !== 'oneway') continue;
        const frame = subject.frame(side, bytes, label);
        describeMeaning(subject, frame);
        const before = edited(subject, frame, change, label);
        move(frame);
        const after = edited(subject, frame, change, label);
        checkBytes(after ?? Buffer.alloc(0), before ?? Buffer.alloc(0), `${label} edited after its bytes were moved`);
      }
    },
  },
];

import type { Frame } from '@polywire/core/spi';
import { type ConformanceCase, calling, check, checkSame } from './case.ts';
import type { ReferenceDecoder } from './decoder.ts';
import { describeFrame } from './describe.ts';
import type { KnownFrame, Side } from './samples.ts';
import type { Subject } from './subject.ts';

/** More cut positions than this in one sample are thinned out evenly, but for the ones near both ends. */
const MAX_CUTS = 400;
const NEAR_THE_ENDS = 100;
const SIDES: readonly Side[] = ['downstream', 'upstream'];

/** Where to cut `length` bytes in two. */
export function cuts(length: number): number[] {
  const all = Array.from({ length: Math.max(0, length - 1) }, (_, index) => index + 1);
  if (all.length <= MAX_CUTS) return all;
  const step = Math.ceil(all.length / (MAX_CUTS - 2 * NEAR_THE_ENDS));
  return all.filter((cut) => cut <= NEAR_THE_ENDS || cut > all.length - NEAR_THE_ENDS || cut % step === 0);
}

function bytewise(bytes: Buffer): Buffer[] {
  return Array.from(bytes, (byte) => Buffer.from([byte]));
}

function cut(bytes: Buffer, at: number): Buffer[] {
  return [Buffer.from(bytes.subarray(0, at)), Buffer.from(bytes.subarray(at))];
}

/** What comes out of `pieces`, comparable. */
function story(subject: Subject, side: Side, pieces: readonly Buffer[], what: string): unknown[] {
  return calling(`decoding ${what}`, () => subject.decode(side, pieces).map((frame) => describeFrame(subject, frame)));
}

function coalesced(known: readonly KnownFrame[], side: Side): Buffer {
  return Buffer.concat(known.filter((frame) => frame.side === side).map(({ bytes }) => bytes));
}

/** Level 1: bytes arrive in whatever pieces the network likes. */
export const splitCases: readonly ConformanceCase[] = [
  {
    facet: 'framing',
    name: 'every split of a sample in two yields the same frame',
    run(subject) {
      for (const { side, label, bytes } of subject.known) {
        const whole = story(subject, side, [Buffer.from(bytes)], label);
        for (const at of cuts(bytes.length)) checkSame(story(subject, side, cut(bytes, at), label), whole, `${label} split at ${at}`);
      }
    },
  },
  {
    facet: 'framing',
    name: 'a sample byte by byte yields the same frame',
    run(subject) {
      for (const { side, label, bytes } of subject.known) {
        const whole = story(subject, side, [Buffer.from(bytes)], label);
        checkSame(story(subject, side, bytewise(bytes), label), whole, `${label} byte by byte`);
      }
    },
  },
  {
    facet: 'framing',
    name: 'no proper prefix of a sample yields a frame',
    run(subject) {
      for (const { side, label, bytes } of subject.known) {
        for (const at of cuts(bytes.length)) {
          const frames = story(subject, side, [Buffer.from(bytes.subarray(0, at))], `the first ${at} bytes of ${label}`);
          check(frames.length === 0, `${label}: a frame came out of its first ${at} bytes`);
        }
      }
    },
  },
  {
    facet: 'framing',
    name: 'samples that arrive together, however split, yield their frames in order',
    run(subject) {
      for (const side of SIDES) {
        const frames = subject.known.filter((known) => known.side === side);
        const joined = coalesced(subject.known, side);
        const expected = frames.flatMap(({ label, bytes }) => story(subject, side, [Buffer.from(bytes)], label));
        const what = `all ${side} samples joined`;
        checkSame(story(subject, side, [Buffer.from(joined)], what), expected, what);
        checkSame(story(subject, side, bytewise(joined), what), expected, `${what}, byte by byte`);
        for (const at of cuts(joined.length)) checkSame(story(subject, side, cut(joined, at), what), expected, `${what}, split at ${at}`);
      }
    },
  },
  {
    facet: 'framing',
    name: 'connections do not share state',
    run(subject) {
      const alone = subject.known.map(({ side, label, bytes }) => story(subject, side, [Buffer.from(bytes)], label));
      for (const [index, { side, label, bytes }] of subject.known.entries()) {
        const others = subject.known.filter((known, at) => known.side === side && (at === index || known.bytes.length !== bytes.length));
        for (const other of others) {
          const [here, there] = [subject.decoder(side), subject.decoder(side)];
          const what = `${label} and ${other.label}, byte by byte, on two connections at a time`;
          const found = calling(what, () => alternately(here, bytes, there, other.bytes));
          checkSame(
            found.map((frames) => frames.map((frame) => describeFrame(subject, frame))),
            [alone[index], alone[subject.known.indexOf(other)]],
            what,
          );
        }
      }
    },
  },
];

/** Feeds two connections a byte each in turn; the frames of each. */
function alternately(one: ReferenceDecoder, first: Buffer, other: ReferenceDecoder, second: Buffer): [Frame[], Frame[]] {
  const found: [Frame[], Frame[]] = [[], []];
  for (let at = 0; at < Math.max(first.length, second.length); at++) {
    found[0].push(...one.push(Buffer.from(first.subarray(at, at + 1))));
    found[1].push(...other.push(Buffer.from(second.subarray(at, at + 1))));
  }
  return found;
}

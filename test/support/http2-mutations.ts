import type { Random } from './http2-random.ts';
import { frame, PREFACE } from './http2-raw.ts';

const HEADER_BYTES = 9;
const MOST_REPEATS = 300;
const LARGEST_FRAME = 2 ** 24 - 1;

/** What was done to a connection, in words. */
export interface Mutation {
  readonly bytes: Buffer;
  readonly steps: readonly string[];
}

/** Does one to three wrong things to the frames of one side of a connection. */
export function mutate(random: Random, recorded: Buffer): Mutation {
  const preface = recorded.subarray(0, PREFACE.length).equals(PREFACE) ? PREFACE : Buffer.alloc(0);
  let frames = framesOf(recorded.subarray(preface.length));
  const steps: string[] = [];
  for (let left = random.between(1, 3); left > 0; left--) {
    const [name, step] = random.of(STEPS);
    steps.push(name);
    frames = step(random, frames);
  }
  let bytes = Buffer.concat([preface, ...frames]);
  if (random.chance(30)) {
    steps.push('cut off');
    bytes = bytes.subarray(0, random.below(bytes.length + 1));
  }
  if (random.chance(20)) {
    steps.push('random bits');
    for (let count = random.between(1, 8); count > 0 && bytes.length > 0; count--) {
      const at = random.below(bytes.length);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
    }
  }
  return { bytes, steps };
}

export function framesOf(bytes: Buffer): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 0; at + HEADER_BYTES <= bytes.length; ) {
    const end = at + HEADER_BYTES + bytes.readUIntBE(at, 3);
    frames.push(Buffer.from(bytes.subarray(at, end)));
    at = end;
  }
  return frames;
}

type Step = (random: Random, frames: readonly Buffer[]) => Buffer[];

const STEPS: readonly (readonly [string, Step])[] = [
  ['a frame twice', (random, frames) => at(random, frames, (chosen) => [chosen, chosen])],
  ['a frame left out', (random, frames) => at(random, frames, () => [])],
  ['a frame many times', (random, frames) => at(random, frames, (chosen) => Array<Buffer>(random.between(2, MOST_REPEATS)).fill(chosen))],
  ['a frame elsewhere', moved],
  [
    'another length',
    (random, frames) => changed(random, frames, (copy) => copy.writeUIntBE(random.below(random.chance(50) ? 300 : LARGEST_FRAME), 0, 3)),
  ],
  ['another type', (random, frames) => changed(random, frames, (copy) => copy.writeUInt8(random.below(14), 3))],
  ['other flags', (random, frames) => changed(random, frames, (copy) => copy.writeUInt8(random.below(256), 4))],
  [
    'another stream',
    (random, frames) =>
      changed(random, frames, (copy) => copy.writeUInt32BE(random.chance(80) ? random.below(12) : random.below(2 ** 32), 5)),
  ],
  [
    'another payload',
    (random, frames) => changed(random, frames, (copy) => random.bytes(copy.length - HEADER_BYTES).copy(copy, HEADER_BYTES)),
  ],
  ['bits of one frame', bits],
  ['a frame of anything', (random, frames) => at(random, frames, (chosen) => [chosen, anything(random)])],
  [
    'frames of anything behind it all',
    (random, frames) => [...frames, ...Array.from({ length: random.between(1, 20) }, () => anything(random))],
  ],
  ['bytes of anything', (random, frames) => at(random, frames, (chosen) => [chosen, random.bytes(random.between(1, 2_000))])],
  ['nothing but bytes of anything', (random) => [random.bytes(random.between(1, 20_000))]],
  [
    'a frame too large',
    (random, frames) =>
      at(random, frames, (chosen) => [
        chosen,
        frame(random.below(10), random.below(256), random.below(6), random.bytes(random.between(16_385, 70_000))),
      ]),
  ],
];

function at(random: Random, frames: readonly Buffer[], make: (chosen: Buffer) => readonly Buffer[]): Buffer[] {
  const index = random.below(Math.max(1, frames.length));
  return frames.flatMap((each, i) => (i === index ? make(each) : [each]));
}

function changed(random: Random, frames: readonly Buffer[], change: (copy: Buffer) => void): Buffer[] {
  return at(random, frames, (chosen) => {
    const copy = Buffer.from(chosen);
    if (copy.length >= HEADER_BYTES) change(copy);
    return [copy];
  });
}

function bits(random: Random, frames: readonly Buffer[]): Buffer[] {
  return changed(random, frames, (copy) => {
    for (let count = random.between(1, 4); count > 0; count--) {
      const index = random.below(copy.length);
      copy.writeUInt8((copy[index] ?? 0) ^ (1 << random.below(8)), index);
    }
  });
}

function moved(random: Random, frames: readonly Buffer[]): Buffer[] {
  const [from, to] = [random.below(Math.max(1, frames.length)), random.below(Math.max(1, frames.length))];
  const chosen = frames[from];
  const rest = frames.filter((_, i) => i !== from);
  return chosen === undefined ? rest : [...rest.slice(0, to), chosen, ...rest.slice(to)];
}

function anything(random: Random): Buffer {
  const payload = random.bytes(random.of([0, 1, 4, 5, 6, 8, 9, 12, random.below(300)]));
  return frame(random.below(12), random.below(256), random.chance(70) ? random.below(10) : random.below(2 ** 31), payload);
}

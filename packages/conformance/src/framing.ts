import { CodecError, ConfigError, type Frame } from '@polywire/core/spi';
import { type ConformanceCase, calling, check, checkBytes, checkSame, fail, NotApplicable } from './case.ts';
import { describeFrame } from './describe.ts';
import { bytesOf, type Subject } from './subject.ts';

const UNKNOWN_SETTING = 'polywire-conformance-absent';
const SCAN_SAMPLE_BYTES = 256;
/** A length-prefixed codec looks at each header byte a few times; one that starts its scan over looks at half the square. */
const LOOKS_PER_BYTE = 24;

function checkConnectionSurvives(subject: Subject, bytes: Buffer, name: string): void {
  const good = subject.request()[0];
  if (good === undefined) return;
  const frames = calling(`decoding malformed "${name}"`, () => subject.decode('downstream', [Buffer.concat([bytes, good.bytes])]));
  const [bad, next] = frames;
  check(bad?.defect !== undefined && bad.defect !== '', `malformed "${name}": no frame with a defect came out`);
  check(next?.kind === 'request' && next.defect === undefined, `malformed "${name}": the good request behind it did not decode`);
  checkBytes(bytesOf(next), good.bytes, `malformed "${name}": the request behind it`);
}

/** Level 1: where frames begin and end, and what they are. Splits have a file of their own. */
export const framingCases: readonly ConformanceCase[] = [
  {
    facet: 'framing',
    name: 'every sample is one frame of its kind and its length',
    run(subject) {
      for (const { kind, side, label, bytes } of subject.known) {
        const frames = calling(`decoding ${label}`, () => subject.decode(side, [Buffer.from(bytes)]));
        const frame = frames[0];
        check(frames.length === 1 && frame !== undefined, `${label}: ${frames.length} frames came out of its ${bytes.length} bytes`);
        checkSame([frame.kind, frame.length, frame.defect], [kind, bytes.length, undefined], `${label}: kind, length and defect`);
        checkBytes(bytesOf(frame), bytes, label);
      }
    },
  },
  {
    facet: 'framing',
    name: 'headerBytes is at least 1 and at most the shortest frame',
    run(subject) {
      for (const { side, label, bytes } of subject.known) {
        const { headerBytes } = subject.connection(side);
        check(Number.isInteger(headerBytes) && headerBytes >= 1 && headerBytes <= bytes.length, `${label}: headerBytes is ${headerBytes}`);
      }
    },
  },
  {
    facet: 'framing',
    name: 'bytes around a frame are not looked at',
    run(subject) {
      for (const { side, label, bytes } of subject.known) {
        const [one, other] = [0x00, 0xff].map((poison) => describeFrame(subject, subject.frame(side, bytes, label, poison)));
        checkSame(one, other, `${label}: what the codec says depends on the bytes around the frame`);
      }
    },
  },
  {
    facet: 'framing',
    name: 'earlier frames stay as they were when later bytes arrive and change',
    run(subject) {
      for (const { side, label, bytes } of subject.known) {
        const decoder = subject.decoder(side);
        const cut = Math.ceil(bytes.length / 2);
        const first = Buffer.concat([bytes, bytes.subarray(0, cut)]);
        const second = Buffer.concat([bytes.subarray(cut), bytes]);
        const kept: Frame[] = decoder.push(first);
        check(kept.length === 1, `${label}: ${kept.length} frames in one and a half`);
        const before = kept.map((frame) => describeFrame(subject, frame));
        const later = decoder.push(second);
        first.fill(0x5a, bytes.length);
        second.fill(0x5a);
        check(
          later.length === 2 && !later.includes(kept[0] ?? fail(label)) && later[0] !== later[1],
          `${label}: parse() returned one frame object twice`,
        );
        const after = kept.map((frame) => describeFrame(subject, frame));
        checkSame(after, before, `${label}: an earlier frame changed`);
      }
    },
  },
  {
    facet: 'framing',
    name: 'a long frame is not scanned from its beginning for every byte that arrives',
    run(subject) {
      const long = subject.known.filter(({ bytes }) => bytes.length >= SCAN_SAMPLE_BYTES);
      if (long.length === 0) throw new NotApplicable(`no sample of ${SCAN_SAMPLE_BYTES} bytes or more`);
      for (const { side, label, bytes } of long) {
        const decoder = subject.decoder(side);
        for (let at = 0; at < bytes.length; at++) decoder.push(Buffer.from(bytes.subarray(at, at + 1)));
        const { looked } = decoder;
        check(looked <= bytes.length * LOOKS_PER_BYTE, `${label}: measure() looked at ${looked} bytes to find a frame of ${bytes.length}`);
      }
    },
  },
  {
    facet: 'framing',
    name: 'a setting that the codec does not know is refused by a ConfigError that names it',
    run(subject) {
      const { configure } = subject.protocol;
      if (configure === undefined) throw new NotApplicable('the codec takes no settings');
      calling('configure() without settings', () => configure.call(subject.protocol, new Map()));
      let refusal: unknown;
      try {
        configure.call(subject.protocol, new Map([[UNKNOWN_SETTING, 'x']]));
      } catch (error) {
        refusal = error;
      }
      check(refusal instanceof ConfigError, `configure() with the setting ${UNKNOWN_SETTING} threw ${String(refusal)}`);
      check(refusal.message.includes(UNKNOWN_SETTING), `configure() refused a setting without naming it: ${refusal.message}`);
    },
  },
  {
    facet: 'framing',
    name: 'malformed samples close the connection or cost one frame, as expected of each',
    run(subject) {
      const { malformed } = subject.options;
      if (malformed === undefined || malformed.length === 0) throw new NotApplicable('no malformed sample');
      for (const { name, bytes, expect, side } of malformed) {
        if (expect === 'frame') {
          checkConnectionSurvives(subject, bytes, name);
          continue;
        }
        let closed = false;
        try {
          subject.decode(side ?? 'downstream', [Buffer.from(bytes)]);
        } catch (error) {
          if (!(error instanceof CodecError)) fail(`malformed "${name}" threw ${String(error)}, not a CodecError`);
          closed = true;
        }
        check(closed || expect === undefined, `malformed "${name}": measure() did not throw a CodecError`);
      }
    },
  },
];

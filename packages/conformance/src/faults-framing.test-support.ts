import { CodecError, type Frame } from '@polywire/core/spi';
import { type Fault, withConnection, withRouting } from './fault.test-support.ts';
import { HEADER } from './toy.test-support.ts';

let remembered: number | undefined;
let shared: Frame | undefined;

export const framingFaults: readonly Fault[] = [
  { name: 'every setting is taken', caughtBy: 'a setting that the codec does not know', make: (toy) => ({ ...toy, configure: () => toy }) },
  {
    name: 'detection gives up early',
    caughtBy: 'a whole request matches',
    make: (toy) => ({ ...toy, detect: (bytes) => (bytes.length < 4 ? 'no-match' : toy.detect(bytes)) }),
  },
  {
    name: 'measure forgets the header',
    caughtBy: 'every sample is one frame',
    make: (toy) => withConnection(toy, () => ({ measure: (input) => input.uint32(12) })),
  },
  {
    name: 'measure reads before it may',
    caughtBy: 'no proper prefix',
    make: (toy) => withConnection(toy, ({ measure }) => ({ headerBytes: 4, measure })),
  },
  {
    name: 'measure returns what the field says, 0 included',
    caughtBy: 'lengths that lie',
    make: (toy) => withConnection(toy, ({ measure }) => ({ measure: (input) => (input.uint32(12) === 0 ? 0 : measure(input)) })),
  },
  {
    name: 'measure throws another error than CodecError',
    caughtBy: 'of random and mutated bytes come frames or a CodecError',
    make: (toy) =>
      withConnection(toy, ({ measure }) => ({
        measure(input) {
          if (input.uint8(3) > 0) throw new RangeError('version');
          return measure(input);
        },
      })),
  },
  {
    name: 'a scan starts over with each byte',
    caughtBy: 'not scanned from its beginning',
    make: (toy) =>
      withConnection(toy, ({ measure }) => ({
        measure(input) {
          const length = measure(input) ?? 0;
          for (let at = 0; at < input.available; at++) input.uint8(at);
          return input.available < length ? undefined : length;
        },
      })),
  },
  {
    name: 'connections share where a scan stopped',
    caughtBy: 'connections do not share state',
    make: (toy) =>
      withConnection(toy, ({ measure, parse }) => ({
        measure(input) {
          remembered ??= measure(input);
          return remembered;
        },
        parse(chunk, from, to, length) {
          remembered = undefined;
          return parse(chunk, from, to, length);
        },
      })),
  },
  {
    name: 'parse reuses its frame object',
    caughtBy: 'earlier frames stay as they were',
    make: (toy) =>
      withConnection(toy, ({ parse }) => ({
        parse(chunk, from, to, length) {
          shared = Object.assign(shared ?? {}, parse(chunk, from, to, length));
          return shared;
        },
      })),
  },
  {
    name: 'the service is read past the end of the frame',
    caughtBy: 'bytes around a frame',
    make: (toy, core) => withRouting(toy, { service: (frame) => core.intern(frame.chunk, frame.from + HEADER, frame.to + 1) }),
  },
  {
    name: 'a bad frame closes the connection',
    caughtBy: 'malformed samples',
    make: (toy) =>
      withConnection(toy, ({ measure }) => ({
        measure(input) {
          if (input.uint8(1) > 7) throw new CodecError('toy_kind', 'unknown kind');
          return measure(input);
        },
      })),
  },
];

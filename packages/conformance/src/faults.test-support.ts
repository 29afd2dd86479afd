import { type CodecConnection, type CodecCore, CodecError, type Frame, type FrameProtocol } from '@polywire/core/spi';
import { editToy, HEADER, toyBytes, toyProtocol } from './toy.test-support.ts';

type Toy = Required<FrameProtocol>;

/** One fault, and words from the name of the case that must catch it. */
export interface Fault {
  readonly name: string;
  readonly caughtBy: string;
  readonly make: (toy: Toy, core: CodecCore) => FrameProtocol;
}

function withConnection(toy: Toy, change: (connection: CodecConnection<Frame>) => Partial<CodecConnection<Frame>>): FrameProtocol {
  return {
    ...toy,
    connection(options) {
      const connection = toy.connection(options);
      return { ...connection, ...change(connection) };
    },
  };
}
const withIds = (toy: Toy, change: Partial<Toy['multiplexing']>): FrameProtocol => ({
  ...toy,
  multiplexing: { ...toy.multiplexing, ...change },
});
const withRouting = (toy: Toy, change: Partial<Toy['routing']>): FrameProtocol => ({ ...toy, routing: { ...toy.routing, ...change } });
const withMediation = (toy: Toy, change: Partial<Toy['mediation']>): FrameProtocol => ({
  ...toy,
  mediation: { ...toy.mediation, ...change },
});

let remembered: number | undefined;
let shared: Frame | undefined;

const framing: readonly Fault[] = [
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

const ids: readonly Fault[] = [
  { name: 'maxId is 2^32', caughtBy: 'maxId is between', make: (toy) => withIds(toy, { maxId: 2 ** 32 }) },
  {
    name: 'ids are cut to one byte',
    caughtBy: 'the id assigned to a request is found',
    make: (toy) => withIds(toy, { assignId: (request, id) => toy.multiplexing.assignId(request, id & 0xff) }),
  },
  {
    name: 'assignId touches the service',
    caughtBy: 'assigning an id changes the id and nothing else',
    make: (toy) =>
      withIds(toy, {
        assignId(request, id) {
          request.chunk[request.from + HEADER] = 0x41;
          return toy.multiplexing.assignId(request, id);
        },
      }),
  },
  {
    name: "the caller's id becomes a number",
    caughtBy: "the caller's id comes back byte for byte",
    make: (toy) =>
      withIds(toy, {
        restoreId(response, request) {
          toy.multiplexing.restoreId(response, request);
          const id = Number(response.chunk.readBigUInt64BE(response.from + 4));
          response.chunk.writeBigUInt64BE(BigInt.asUintN(64, BigInt(id)), response.from + 4);
          return undefined;
        },
      }),
  },
  {
    name: "the caller's id is read from the request's bytes when the answer comes",
    caughtBy: "the caller's id comes back byte for byte",
    make: (toy) =>
      withIds(toy, {
        restoreId(response, request) {
          request.chunk.copy(response.chunk, response.from + 4, request.from + 4, request.from + 12);
          return undefined;
        },
      }),
  },
  {
    name: 'assignedId does not check the upper half',
    caughtBy: 'assignedId of any response',
    make: (toy) => withIds(toy, { assignedId: (response) => response.chunk.readUInt32BE(response.from + 8) }),
  },
];

const routing: readonly Fault[] = [
  {
    name: 'the method is the service',
    caughtBy: 'what its author says',
    make: (toy) => withRouting(toy, { method: (frame) => toy.routing.service(frame) }),
  },
  {
    name: "a scan keeps the last frame's values",
    caughtBy: 'keeps nothing of the last frame',
    make: (toy) =>
      withRouting(toy, {
        scan(wanted) {
          const scan = toy.routing.scan(wanted);
          const values = wanted.names.map(() => scan.values[0]);
          return {
            values,
            get timeoutMs() {
              return scan.timeoutMs;
            },
            bindsConnection: false,
            run(frame) {
              scan.run(frame);
              scan.values.forEach((value, index) => {
                if (value !== undefined) values[index] = value;
              });
            },
          };
        },
      }),
  },
  {
    name: 'what was not reached is called absent',
    caughtBy: 'right or NOT_REACHED',
    make: (toy) =>
      withRouting(toy, {
        scan(wanted) {
          const scan = toy.routing.scan(wanted);
          return {
            ...scan,
            values: scan.values,
            run: (frame) => scan.run(Object.assign(Object.create(frame), { length: frame.to - frame.from })),
          };
        },
      }),
  },
  {
    name: 'an offset into the chunk is remembered',
    caughtBy: 'whose bytes were moved',
    make: (toy) => {
      const places = new WeakMap<Frame, number>();
      return withRouting(toy, {
        service(frame) {
          const from = places.get(frame) ?? frame.from;
          places.set(frame, from);
          return frame.chunk.toString('latin1', from + HEADER, from + HEADER + 4);
        },
      });
    },
  },
  {
    name: 'headers decode without care',
    caughtBy: 'fuzz: nothing throws on mutated samples',
    make: (toy) =>
      withRouting(toy, {
        headers: (frame) => [...toy.routing.headers(frame)].map(([name, value]) => [name, decodeURIComponent(`${value}`)]),
      }),
  },
  {
    name: "names compare with case against the codec's word",
    caughtBy: 'header names compare',
    make: (toy) => withRouting(toy, { caseSensitiveHeaders: false }),
  },
  { name: 'every response is ok', caughtBy: 'the outcome of each response', make: (toy) => withRouting(toy, { outcome: () => 'ok' }) },
  {
    name: 'the remaining time is written over the service',
    caughtBy: 'setRemainingMs writes',
    make: (toy) => withRouting(toy, { setRemainingMs: (request, ms) => void request.chunk.write(String(ms), request.from + HEADER) }),
  },
  {
    name: 'a nested body is walked by recursion',
    caughtBy: 'nested as deep',
    make: (toy) => {
      const depth = (text: string, at: number): number => (text[at] === '[' ? 1 + depth(text, at + 1) : 0);
      return withRouting(toy, {
        service(frame) {
          depth(frame.chunk.toString('latin1', frame.chunk.indexOf('[')), 0);
          return toy.routing.service(frame);
        },
      });
    },
  },
  {
    name: 'the interner is given another hash',
    caughtBy: 'what its author says',
    make: (toy, core) => withRouting(toy, { service: (frame) => core.internHashed(frame.chunk, frame.from, frame.to, 1) }),
  },
];

const mediation: readonly Fault[] = [
  {
    name: 'an empty local reply',
    caughtBy: 'a local reply for every reason',
    make: (toy) => withMediation(toy, { localReply: () => Buffer.alloc(0) }),
  },
  {
    name: 'a local reply that says nothing',
    caughtBy: 'a local reply for every reason',
    make: (toy) => withMediation(toy, { localReply: (request) => toy.mediation.localReply(request, { reason: 'internal', message: '' }) }),
  },
  {
    name: 'a local reply with an id of its own',
    caughtBy: "a local reply carries the caller's id",
    make: (toy) => withMediation(toy, { localReply: (_request, { message }) => toyBytes('response', 7n, [], message, 1) }),
  },
  {
    name: "a local reply needs the request's bytes",
    caughtBy: "after the request's bytes were let go",
    make: (toy) =>
      withMediation(toy, {
        localReply: (request, { message }) => toyBytes('response', request.chunk.readBigUInt64BE(request.from + 4), [], message, 1),
      }),
  },
  {
    name: "a local reply's length counts characters",
    caughtBy: 'do not break a local reply out',
    make: (toy) =>
      withMediation(toy, {
        localReply(request, reply) {
          const bytes = toy.mediation.localReply(request, reply);
          bytes.writeUInt32BE(1 + `${reply.reason}: ${reply.message}`.length, 12);
          return bytes;
        },
      }),
  },
  {
    name: 'an edit of nothing adds a line',
    caughtBy: 'asks for nothing',
    make: (toy) =>
      withMediation(toy, { edit: (frame, edits) => editToy(frame, { ...edits, set: new Map([['edited', '1'], ...edits.set]) }) }),
  },
  {
    name: 'an edit forgets the length',
    caughtBy: 'that is set or added is there',
    make: (toy) => withMediation(toy, { edit: (frame, edits) => lengthKept(frame, editToy(frame, edits)) }),
  },
  {
    name: 'an edit re-encodes the payload',
    caughtBy: 'that is set or added is there',
    make: (toy) =>
      withMediation(toy, { edit: (frame, edits) => (edits.set.size === 0 ? editToy(frame, edits) : payloadLost(editToy(frame, edits))) }),
  },
  {
    name: 'add replaces',
    caughtBy: 'appended to by add',
    make: (toy) =>
      withMediation(toy, {
        edit: (frame, edits) => editToy(frame, { ...edits, set: new Map([...edits.set, ...edits.add]), add: new Map() }),
      }),
  },
  {
    name: 'an edit writes to the frame it was given',
    caughtBy: 'asks for nothing',
    make: (toy) =>
      withMediation(toy, {
        edit(frame, edits) {
          const pieces = editToy(frame, edits);
          frame.chunk[frame.from + 3] = 1;
          return pieces;
        },
      }),
  },
  {
    name: 'values are not encoded',
    caughtBy: 'that is set or added is there',
    make: (toy) => withMediation(toy, { edit: (frame, edits) => pieceOfText(editToy(frame, edits)) }),
  },
];

function lengthKept(frame: Frame, pieces: readonly Buffer[] | undefined): readonly Buffer[] | undefined {
  frame.chunk.copy(pieces?.[0] ?? Buffer.alloc(0), 12, frame.from + 12, frame.from + 16);
  return pieces;
}

function payloadLost(pieces: readonly Buffer[] | undefined): readonly Buffer[] | undefined {
  const [fixed, text, rest] = pieces ?? [];
  return fixed && text && rest && [fixed, text, Buffer.concat([rest.subarray(0, 1), Buffer.alloc(rest.length - 1)])];
}

function pieceOfText(pieces: readonly Buffer[] | undefined): readonly Buffer[] | undefined {
  const [fixed, text, rest] = pieces ?? [];
  if (!fixed || !text || !rest) return undefined;
  const plain = Buffer.from(decodeURIComponent(text.toString()), 'latin1');
  fixed.writeUInt32BE(plain.length + rest.length, 12);
  return [fixed, plain, rest];
}

const heartbeat: readonly Fault[] = [
  {
    name: 'a ping is a request',
    caughtBy: 'a ping is one ping',
    make: (toy) => withConnection(toy, () => ({ ping: (id) => toyBytes('request', BigInt(id), ['a', 'b'], '') })),
  },
  {
    name: 'pongs have no id',
    caughtBy: 'a pong is one pong',
    make: (toy) => withConnection(toy, () => ({ pong: () => toyBytes('pong', 0n, [], '') })),
  },
  {
    name: 'a pong with another payload',
    caughtBy: 'each ping sample is answered',
    make: (toy) => withConnection(toy, () => ({ pong: () => toyBytes('pong', 9n, [], 'x') })),
  },
  {
    name: 'a go-away is of no interest',
    caughtBy: 'a go-away to a caller',
    make: (toy) => withConnection(toy, () => ({ goAway: () => toyBytes('control', 0n, [], '') })),
  },
];

/** Codecs with one fault each. */
export const faults: readonly Fault[] = [...framing, ...ids, ...routing, ...mediation, ...heartbeat];

export function faulty(fault: Fault): (core: CodecCore) => FrameProtocol {
  return (core) => fault.make(toyProtocol(core), core);
}

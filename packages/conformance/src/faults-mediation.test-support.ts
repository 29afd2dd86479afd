import type { Frame, NewFront } from '@polywire/core/spi';
import { type Fault, withConnection, withIds, withMediation } from './fault.test-support.ts';
import { editToy, toyBytes } from './toy.test-support.ts';

export const mediationFaults: readonly Fault[] = [
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
    name: 'an edit forgets the front with the new id',
    caughtBy: 'an edit keeps the id',
    make: (toy) => withIds(toy, { assignId: newFront }),
  },
  {
    name: 'values are not encoded',
    caughtBy: 'that is set or added is there',
    make: (toy) => withMediation(toy, { edit: (frame, edits) => pieceOfText(editToy(frame, edits)) }),
  },
];

function newFront(request: Frame, id: number): NewFront {
  const front = Buffer.from(request.chunk.subarray(request.from, request.from + 12)).fill(0, 4);
  front.writeUInt32BE(id, 8);
  return { front, replaces: front.length };
}

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

export const heartbeatFaults: readonly Fault[] = [
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

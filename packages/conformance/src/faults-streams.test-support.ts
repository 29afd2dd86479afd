import type { Frame } from '@polywire/core/spi';
import { type Fault, withIds, withRouting } from './fault.test-support.ts';
import { HEADER } from './toy.test-support.ts';

export const idsFaults: readonly Fault[] = [
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

export const routingFaults: readonly Fault[] = [
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
    name: 'headers take characters for ASCII',
    caughtBy: 'fuzz: nothing throws on mutated samples',
    make: (toy) =>
      withRouting(toy, {
        *headers(frame) {
          for (const [name, value] of toy.routing.headers(frame)) {
            if (/[^\x20-\x7e]/.test(name)) throw new RangeError('a name in another script');
            yield [name, value];
          }
        },
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
];

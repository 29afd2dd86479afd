import { type CallAnswer, CodecError, type Frame, type FrameCalls } from '@polywire/core/spi';
import { type Fault, type Toy, withConnection } from './fault.test-support.ts';
import { HEADER, toyBytes } from './toy.test-support.ts';

type Calls = FrameCalls<Frame>;

function withCalls(toy: Toy, change: (calls: Calls) => Partial<Calls>): Toy {
  return { ...toy, calls: { ...toy.calls, ...change(toy.calls) } };
}

/** Walks lists as a careless decoder does. */
function depthOf(bytes: Buffer, at: number): number {
  return bytes[at] === 0x5b ? 1 + depthOf(bytes, at + 1) : 0;
}

export const callFaults: readonly Fault[] = [
  {
    name: 'a call without its version is one-way',
    caughtBy: 'a call is one request',
    make: (toy) =>
      withCalls(toy, ({ request }) => ({
        request(call) {
          const bytes = request(call);
          if (call.version === undefined) bytes[1] = 2;
          return bytes;
        },
      })),
  },
  {
    name: 'a call loses its group',
    caughtBy: 'a call is one request',
    make: (toy) => withCalls(toy, ({ request }) => ({ request: (call) => request({ ...call, group: undefined }) })),
  },
  {
    name: 'a call is two requests',
    caughtBy: 'a call is one request',
    make: (toy) => withCalls(toy, ({ request }) => ({ request: (call) => Buffer.concat([request(call), request(call)]) })),
  },
  {
    name: 'what cannot be said throws something else',
    caughtBy: 'cannot be said is a CodecError',
    make: (toy) =>
      withCalls(toy, ({ request }) => ({
        request(call) {
          if (Buffer.isBuffer(call.arguments)) throw new TypeError('texts, please');
          return request(call);
        },
      })),
  },
  {
    name: 'what cannot be said is said without it',
    caughtBy: 'cannot be said is a CodecError',
    make: (toy) =>
      withCalls(toy, ({ request }) => ({
        request: (call) => request({ ...call, arguments: Buffer.isBuffer(call.arguments) ? [] : call.arguments }),
      })),
  },
  {
    name: "a service's name brings lines of its own",
    caughtBy: 'fuzz: any call is a request',
    make: (toy) =>
      withCalls(toy, ({ request }) => ({
        request(call) {
          if (Buffer.isBuffer(call.arguments)) throw new CodecError('toy_call', 'arguments are texts');
          return /[^\x21-\x7e]|^$/.test(call.method) ? request(call) : toyBytes('request', 1n, [call.service, call.method], '');
        },
      })),
  },
  {
    name: 'an error is a value',
    caughtBy: 'an answer is its value',
    make: (toy) => withCalls(toy, ({ answer }) => ({ answer: (response) => ({ kind: 'value', value: answer(response) }) })),
  },
  {
    name: 'a value is written as text',
    caughtBy: 'an answer is its value',
    make: (toy) => withCalls(toy, ({ answer }) => ({ answer: (response) => inQuotes(answer(response)) })),
  },
  {
    name: 'an error without words',
    caughtBy: 'an answer is its value',
    make: (toy) =>
      withCalls(toy, ({ answer }) => ({
        answer(response) {
          const found = answer(response);
          return found.kind === 'failed' && found.reason === 'it failed' ? { ...found, reason: '' } : found;
        },
      })),
  },
  {
    name: 'an answer is walked by recursion',
    caughtBy: 'an answer nested as deep',
    make: (toy) => withCalls(toy, () => ({ answer: ({ chunk, from }) => ({ kind: 'value', value: depthOf(chunk, from + HEADER + 1) }) })),
  },
  {
    name: 'an answer must have a NUL',
    caughtBy: 'fuzz: any answer',
    make: (toy) =>
      withCalls(toy, ({ answer }) => ({
        answer(response) {
          if (!response.chunk.subarray(response.from + HEADER, response.to).includes(0)) throw new RangeError('no NUL');
          return answer(response);
        },
      })),
  },
  {
    name: 'its own codec does not read its calls',
    caughtBy: 'a call is one request',
    make: (toy) =>
      withConnection(toy, ({ parse }) => ({
        parse(chunk, from, to, length) {
          const frame = parse(chunk, from, to, length);
          return frame && chunk.toString('latin1', from, to).includes('version=1.0')
            ? { ...frame, defect: 'versions are not known' }
            : frame;
        },
      })),
  },
];

function inQuotes(answer: CallAnswer): CallAnswer {
  return answer.kind === 'value' ? { kind: 'value', value: JSON.stringify(answer.value) } : answer;
}

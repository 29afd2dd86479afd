import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { callRules } from './call-rules.ts';
import { testStreamCalls } from './index.ts';
import { StreamCaller } from './stream-caller.ts';
import { type ToyStreams, toyCalls, toyStreams } from './toy-streams.test-support.ts';

testStreamCalls({ protocol: toyStreams, calls: toyCalls });

interface StreamFault {
  readonly name: string;
  readonly caughtBy: string;
  readonly reason: RegExp;
  readonly make: (streams: ToyStreams) => Partial<ToyStreams>;
}

const withCalls = ({ calls }: ToyStreams, change: Partial<ToyStreams['calls']>): Partial<ToyStreams> => ({
  calls: { ...calls, ...change },
});

const faults: readonly StreamFault[] = [
  {
    name: 'its message is another',
    caughtBy: 'a call is one request',
    reason: /the body: byte 0/,
    make: ({ connect }) => ({
      connect(transport, ...rest) {
        const write = (bytes: Buffer) => transport.write(Buffer.from(String(bytes).replace('message', 'MESSAGE')));
        return connect({ ...transport, write }, ...rest);
      },
    }),
  },
  {
    name: 'it is sent twice',
    caughtBy: 'a call is one request',
    reason: /reads 2 requests, not one/,
    make: ({ accept }) => ({
      accept(transport, handler) {
        const connection = accept(transport, handler);
        return { ...connection, onBytes: (chunk) => connection.onBytes(Buffer.concat([chunk, chunk])) };
      },
    }),
  },
  {
    name: 'it does not end',
    caughtBy: 'a call is one request',
    reason: /the request does not end/,
    make: ({ accept }) => ({
      accept(transport, handler) {
        const onRequest: typeof handler.onRequest = (stream, head) => void handler.onRequest(stream, head, false);
        return accept(transport, { ...handler, onRequest });
      },
    }),
  },
  {
    name: 'the two ends echo each other',
    caughtBy: 'a call is one request',
    reason: /never stop to talk/,
    make: ({ accept, connect }) => {
      const echoing = <C extends ReturnType<typeof accept> | ReturnType<typeof connect>>(connection: C): C => ({
        ...connection,
        onBytes: (chunk: Buffer) => connection.transport.write(chunk),
      });
      return {
        accept: (...options) => echoing(accept(...options)),
        connect: (...options) => echoing(connect(...options)),
      };
    },
  },
  {
    name: 'its path says another service',
    caughtBy: 'a call is one request',
    reason: /got \["other","add"\]/,
    make: ({ heads }) => ({ heads: { ...heads, methodIsPath: true, method: (head) => `/other/${heads.method(head)}` } }),
  },
  {
    name: 'what cannot be said throws something else',
    caughtBy: 'cannot be said is a CodecError',
    reason: /TypeError: texts/,
    make: (streams) =>
      withCalls(streams, {
        request(call, authority) {
          if (!Buffer.isBuffer(call.arguments)) throw new TypeError('texts');
          return streams.calls.request(call, authority);
        },
      }),
  },
  {
    name: 'an answer without trailers is none',
    caughtBy: 'fuzz: any answer',
    reason: /no trailers/,
    make: (streams) =>
      withCalls(streams, {
        answer(head, body, trailers) {
          if (trailers.length === 0) throw new RangeError('no trailers');
          return streams.calls.answer(head, body, trailers);
        },
      }),
  },
  {
    name: 'a connection trips over bytes',
    caughtBy: 'fuzz: any answer',
    reason: /the connection threw RangeError/,
    make: ({ connect }) => ({
      connect(...options) {
        const connection = connect(...options);
        const onBytes = (chunk: Buffer) => {
          if (chunk[0] !== 0) throw new RangeError('a long head');
          connection.onBytes(chunk);
        };
        return { ...connection, onBytes };
      },
    }),
  },
];

describe('streams with one fault', () => {
  for (const { name, caughtBy, reason, make } of faults) {
    it(`fail "${caughtBy}": ${name}`, () => {
      const rule = callRules.find((each) => each.name.includes(caughtBy));
      assert.ok(rule !== undefined, 'no rule has that name');
      const caller = new StreamCaller(toyStreams(make), toyCalls, { seed: 20_260_101, fuzzRuns: 500 });
      assert.throws(() => rule.run(caller), reason);
    });
  }

  it('that have no calls are no subject of it', () => {
    const run = { seed: 1, fuzzRuns: 1 };
    assert.throws(
      () =>
        new StreamCaller(
          toyStreams(() => ({ calls: undefined })),
          toyCalls,
          run,
        ),
      /toy has no calls of Polywire's own/,
    );
  });
});

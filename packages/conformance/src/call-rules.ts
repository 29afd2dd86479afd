import { CodecError, type ServiceCall } from '@polywire/core/spi';
import fc from 'fast-check';
import type { Asked, Caller, Distortion } from './caller.ts';
import { check, checkSame, fail, NotApplicable } from './case.ts';
import { hex, mutation, property } from './mutations.ts';

const DEPTHS = [10, 1_000, 100_000];

/** One rule for calls of Polywire's own; `run` throws when the codec breaks it, NotApplicable when there is no sample for it. */
export interface CallRule {
  readonly name: string;
  run(caller: Caller): void;
}

/** undefined: the codec says that it cannot say the call. */
function asked(caller: Caller, call: ServiceCall, headers: readonly string[], what: string): Asked | undefined {
  try {
    return caller.ask(call, headers, what);
  } catch (error) {
    if (error instanceof CodecError) return undefined;
    const { name, message } = error instanceof Error ? error : { name: 'it', message: String(error) };
    return fail(`${what}: ${name === 'Error' ? '' : `${name}: `}${message}`);
  }
}

function checkAsked(found: Asked | undefined, { service, method }: ServiceCall, what: string): asserts found is Asked {
  check(found !== undefined, `${what}: the codec cannot say it`);
  checkSame([found.service, found.method], [service, method], `${what}: service and method`);
}

/** Text without halves of surrogate pairs, which no encoding has. */
const text = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.constantFrom('a\r\nb: c', 'a\0b', '/', ' ', ''),
);
/** Most calls of a fuzz case can be said but for one thing. */
const name = fc.oneof({ weight: 3, arbitrary: fc.stringMatching(/^[a-z][a-zA-Z0-9.]{0,10}[a-z]$/) }, { weight: 1, arbitrary: text });
const anyCall: fc.Arbitrary<ServiceCall> = fc.record({
  service: name,
  group: fc.option(name, { nil: undefined }),
  version: fc.option(name, { nil: undefined }),
  method: name,
  arguments: fc.oneof(
    fc.array(text, { maxLength: 4 }),
    fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes)),
  ),
});
/** More than any codec expects, all alike. */
const oversized = fc.nat(0xff).map((byte) => new Uint8Array(300_000).fill(byte));
const distortion: fc.Arbitrary<Distortion> = fc.record({
  mutations: fc.array(mutation, { minLength: 1, maxLength: 5 }),
  body: fc.option(fc.oneof({ weight: 9, arbitrary: fc.uint8Array({ maxLength: 400 }) }, { weight: 1, arbitrary: oversized })),
  trailers: fc.array(fc.tuple(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 })), { maxLength: 3 }),
});

/** What every codec keeps that has `calls`. */
export const callRules: readonly CallRule[] = [
  {
    name: 'a call is one request for its service and method, with or without a group and a version',
    run(caller) {
      for (const { name, call, headers = {} } of caller.samples.requests) {
        const found = asked(caller, call, Object.keys(headers), `call "${name}"`);
        checkAsked(found, call, `call "${name}"`);
        checkSame(found.headers, headers, `call "${name}": headers`);
        const bare = { ...call, group: undefined, version: undefined };
        checkAsked(asked(caller, bare, [], `call "${name}" without group and version`), bare, `call "${name}" without group and version`);
      }
    },
  },
  {
    name: 'a call that cannot be said is a CodecError',
    run(caller) {
      const { refused = [] } = caller.samples;
      if (refused.length === 0) throw new NotApplicable('no sample of a call that cannot be said');
      for (const { name, call } of refused) {
        check(asked(caller, call, [], `call "${name}"`) === undefined, `call "${name}" was said, not refused`);
      }
    },
  },
  {
    name: 'an answer is its value, and an error has failed with its reason',
    run(caller) {
      for (const { name, bytes, says } of caller.samples.answers) {
        const found = caller.answer(bytes, `answer "${name}"`);
        if (says === undefined) continue;
        check(found !== undefined, `answer "${name}": the codec sees no answer`);
        checkSame(found, says, `answer "${name}"`);
      }
    },
  },
  {
    name: 'an answer nested as deep as an attacker likes neither throws nor wedges',
    run(caller) {
      const { nest } = caller.samples;
      if (nest === undefined) throw new NotApplicable('the author gave no calls.nest()');
      for (const depth of DEPTHS) {
        const found = caller.answer(nest(depth), `an answer nested ${depth} deep`);
        check(found !== undefined, `an answer nested ${depth} deep: the codec sees no answer`);
      }
    },
  },
  {
    name: 'fuzz: any call is a request for its own service and method, or a CodecError',
    run(caller) {
      const holds = (call: ServiceCall): void => {
        const found = asked(caller, call, [], 'a call');
        if (found !== undefined) checkAsked(found, call, 'a call');
      };
      property(caller, anyCall, holds, (call) => JSON.stringify(call));
    },
  },
  {
    name: 'fuzz: any answer is a value or has failed in words, and none throws',
    run(caller) {
      const { answers } = caller.samples;
      if (answers.length === 0) throw new NotApplicable('no sample of an answer');
      const inputs = fc.tuple(fc.constantFrom(...answers), distortion);
      property(
        caller,
        inputs,
        ([{ name, bytes }, how]) => void caller.distorted(bytes, how, `distorted answer "${name}"`),
        ([{ name }, { body, mutations, trailers }]) =>
          `answer "${name}" with ${body === null ? JSON.stringify(mutations) : `the body ${hex(body)} and ${JSON.stringify(trailers)}`}`,
      );
    },
  },
];

import type { CallAnswer, ServiceCall } from '@polywire/core/spi';
import type { CallSamples } from './call-samples.ts';
import { calling, fail } from './case.ts';
import type { Mutation } from './mutations.ts';

/** A call as whoever is called reads it. */
export interface Asked {
  readonly service: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** What a hostile service makes of an answer. */
export interface Distortion {
  readonly mutations: readonly Mutation[];
  /** Written over the body, or in its place, instead of the mutations. */
  readonly body: Uint8Array | null;
  /** Behind that body, where the protocol has headers there. */
  readonly trailers: readonly (readonly [name: string, value: string])[];
}

/** The facet `calls` of a codec, whether its messages are frames or streams, with its samples. */
export interface Caller {
  readonly samples: CallSamples;
  readonly seed: number;
  readonly fuzzRuns: number;
  /**
   * Sends a call to a reader of the same codec.
   * @throws what the codec's request() throws
   */
  ask(call: ServiceCall, headers: readonly string[], what: string): Asked;
  /** What the codec makes of an answer; undefined: there is no answer in these bytes. */
  answer(bytes: Uint8Array, what: string): CallAnswer | undefined;
  /** The same of an answer that was distorted. */
  distorted(bytes: Buffer, distortion: Distortion, what: string): CallAnswer | undefined;
}

/** An answer of the codec; fails the case unless it is one that core can use. */
export function checkedAnswer(what: string, answer: () => CallAnswer): CallAnswer {
  const found = calling(`${what}: calls.answer()`, answer);
  if (found.kind === 'value' && 'value' in found) return found;
  if (found.kind === 'failed' && typeof found.reason === 'string' && found.reason !== '') return found;
  return fail(`${what}: calls.answer() is neither a value nor a failure in words: ${JSON.stringify(found)}`);
}

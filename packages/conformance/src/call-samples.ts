import type { CallAnswer, ServiceCall } from '@polywire/core/spi';

/** A call that Polywire might make itself. */
export interface CallSample {
  /** Short; names the sample in failures. */
  readonly name: string;
  readonly call: ServiceCall;
  /** Headers that whoever is called must find in the request, by name as configuration would write it; `undefined`: must be absent. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
}

/** An answer, best recorded from a real peer. */
export interface AnswerSample {
  /** Short; names the sample in failures. */
  readonly name: string;
  /** Of a protocol of frames: one response. Of one with streams: all that the service sends on a connection whose first request it answers. */
  readonly bytes: Buffer;
  /** What the codec must read from it. Left out for answers of hostile services: anything that does not throw will do. */
  readonly says?: CallAnswer;
}

/** Calls of Polywire's own, and what services answer. */
export interface CallSamples {
  readonly requests: readonly CallSample[];
  /** Calls that the protocol cannot say. */
  readonly refused?: readonly CallSample[];
  readonly answers: readonly AnswerSample[];
  /** Makes an answer whose value is nested `depth` deep, for protocols whose values are walked. */
  readonly nest?: (depth: number) => Buffer;
}

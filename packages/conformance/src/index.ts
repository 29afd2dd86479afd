/** The suite that every codec runs, in this repository or elsewhere. */
export type { AnswerSample, CallSample, CallSamples } from './call-samples.ts';
export type { Facet } from './case.ts';
export type {
  CodecSamples,
  ConformanceOptions,
  MalformedSample,
  PingSample,
  RequestSample,
  ResponseSample,
  Sample,
  Side,
} from './samples.ts';
export { testCodec } from './test-codec.ts';
export { type StreamCallsOptions, testStreamCalls } from './test-stream-calls.ts';
export { type CaseVerdict, runVerdict, type Verdict } from './verdict.ts';

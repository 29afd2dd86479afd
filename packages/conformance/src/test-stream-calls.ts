import { describe, it } from 'node:test';
import type { StreamingProtocol } from '@polywire/core/spi';
import { callRules } from './call-rules.ts';
import type { CallSamples } from './call-samples.ts';
import { NotApplicable } from './case.ts';
import { StreamCaller } from './stream-caller.ts';
import { runOf } from './verdict.ts';

/** What is needed to try the calls of a protocol with streams of its own. */
export interface StreamCallsOptions {
  readonly protocol: () => StreamingProtocol;
  readonly calls: CallSamples;
  /** Repeats a run. Default: `POLYWIRE_SEED`, else a constant when `CI` is set, else random. */
  readonly seed?: number;
  /** Random inputs per fuzz case. Default: `POLYWIRE_FUZZ_RUNS`, else 500. */
  readonly fuzzRuns?: number;
}

/**
 * Registers the rules for `calls` with node:test, one test each, for a protocol with streams of its own; testCodec has them for protocols of
 * frames. A rule for which there is no sample passes with a diagnostic.
 */
export function testStreamCalls({ protocol, calls, ...options }: StreamCallsOptions): void {
  const run = runOf(options);
  const streaming = protocol();
  describe(`${streaming.name} makes calls of Polywire's own (seed ${run.seed})`, () => {
    for (const rule of callRules) {
      it(`calls: ${rule.name}`, (context) => {
        try {
          rule.run(new StreamCaller(streaming, calls, run));
        } catch (error) {
          if (!(error instanceof NotApplicable)) throw error;
          context.diagnostic(`absent: ${error.message}`);
        }
      });
    }
  });
}

import type { CallAnswer, Frame, FrameCalls, ServiceCall } from '@polywire/core/spi';
import { callRules } from './call-rules.ts';
import type { CallSamples } from './call-samples.ts';
import { type Asked, type Caller, checkedAnswer, type Distortion } from './caller.ts';
import { type ConformanceCase, check, checkSame, NotApplicable } from './case.ts';
import { Ids } from './ids.ts';
import { headerOf, hostileFrame, mutateSealed } from './mutations.ts';
import { names, routingOf, scanner } from './scans.ts';
import type { Subject } from './subject.ts';

/** Calls over a protocol of frames. */
class FrameCaller implements Caller {
  readonly samples: CallSamples;
  readonly seed: number;
  readonly fuzzRuns: number;
  readonly #subject: Subject;
  readonly #calls: FrameCalls<Frame>;

  constructor(subject: Subject) {
    const { calls } = subject.protocol;
    const { calls: samples } = subject.options;
    if (calls === undefined || samples === undefined) throw new NotApplicable('the author gave no calls');
    this.samples = samples;
    this.seed = subject.seed;
    this.fuzzRuns = subject.fuzzRuns;
    this.#subject = subject;
    this.#calls = calls;
  }

  ask(call: ServiceCall, headers: readonly string[], what: string): Asked {
    const written = this.#calls.request(call);
    const read = this.#request(written, what);
    // As core sends it: with an id of its own.
    const { multiplexing } = this.#subject.protocol;
    const sent = multiplexing === undefined ? read : this.#request(new Ids(this.#subject).assign(written, multiplexing.maxId, what), what);
    const routing = routingOf(this.#subject);
    const { values } = scanner(this.#subject, names(headers))(sent);
    return {
      service: routing.service(sent),
      method: routing.method(sent),
      headers: Object.fromEntries(headers.map((name, index) => [name, values[index]])),
    };
  }

  answer(bytes: Uint8Array, what: string): CallAnswer | undefined {
    const frame = hostileFrame(this.#subject, 'upstream', bytes, bytes.length);
    const isAnswer = frame !== undefined && frame.kind === 'response' && frame.to - frame.from === frame.length;
    return isAnswer ? checkedAnswer(what, () => this.#calls.answer(frame)) : undefined;
  }

  distorted(bytes: Buffer, { mutations, body }: Distortion, what: string): CallAnswer | undefined {
    if (body === null) return this.answer(mutateSealed(this.#subject, bytes, mutations), what);
    const header = headerOf(this.#subject, { kind: 'response', side: 'upstream', label: what, bytes });
    const written = Buffer.from(bytes);
    written.set(body.subarray(0, bytes.length - header), header);
    this.#subject.options.reseal?.(written);
    return this.answer(written, what);
  }

  #request(bytes: Uint8Array, what: string): Frame {
    const frame = this.#subject.frame('downstream', bytes, what);
    checkSame([frame.kind, frame.defect], ['request', undefined], `${what}: kind and defect`);
    check(frame.to - frame.from === frame.length, `${what}: it is not whole`);
    return frame;
  }
}

/** Calls that Polywire makes itself. */
export const callCases: readonly ConformanceCase[] = callRules.map(({ name, run }) => ({
  facet: 'calls',
  name,
  run: (subject) => run(new FrameCaller(subject)),
}));

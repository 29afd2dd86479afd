import type { CodecCore, HeaderScan, Outcome, Routing, ScanRequest } from '@polywire/core/spi';
import { patch } from './checksum.ts';
import { type BoltFrame, timeoutAt } from './frame.ts';
import type { FrontReader } from './routing/front.ts';
import { HeaderMap } from './routing/header-map.ts';
import type { OutcomeReader } from './routing/outcome.ts';
import { BoltScan, classOf, uniqueIdOf } from './routing/scan.ts';

/** Level 3. */
export class BoltRouting implements Routing<BoltFrame> {
  readonly caseSensitiveHeaders = true;
  readonly #core: CodecCore;
  readonly #front: FrontReader;
  readonly #outcomes: OutcomeReader;

  constructor(core: CodecCore, front: FrontReader, outcomes: OutcomeReader) {
    this.#core = core;
    this.#front = front;
    this.#outcomes = outcomes;
  }

  service(request: BoltFrame): string {
    return request.service;
  }

  method(request: BoltFrame): string {
    return this.#front.method(request);
  }

  scan(wanted: ScanRequest): HeaderScan<BoltFrame> {
    return new BoltScan(this.#core, this.#front, wanted);
  }

  *headers(frame: BoltFrame): Iterable<readonly [name: string, value: string]> {
    if (frame.defect !== undefined) return;
    const name = classOf(frame, this.#core);
    if (typeof name === 'string') yield [':class', name];
    const uniqueId = uniqueIdOf(frame);
    if (frame.version !== undefined) yield [':version', frame.version];
    if (uniqueId !== undefined) yield [':uniqueId', uniqueId];
    yield* this.#pairs(frame);
  }

  setRemainingMs(request: BoltFrame, ms: number): void {
    // 0 and less would lift the limit, and stand for none.
    if (request.kind === 'response' || request.timeoutOrStatus <= 0) return;
    patch(request, timeoutAt(request), Math.min(request.timeoutOrStatus, Math.max(1, Math.floor(ms))));
  }

  outcome(response: BoltFrame): Outcome {
    return this.#outcomes.read(response) ?? 'failure';
  }

  #pairs(frame: BoltFrame): Map<string, string> {
    const pairs = new Map<string, string>();
    const map = new HeaderMap();
    map.begin(frame);
    while (map.next()) {
      pairs.set(frame.chunk.toString('utf8', map.keyAt, map.keyEnd), frame.chunk.toString('utf8', map.valueAt, map.valueEnd));
    }
    return map.broken ? new Map() : pairs;
  }
}

import type { CodecCore, HeaderScan, Outcome, Routing, ScanRequest } from '@polywire/core/spi';
import { type DubboFrame, HEADER_BYTES, STATUS_OK, UNKNOWN } from './frame.ts';
import { openAttachments } from './routing/attachments.ts';
import { readMethod, readVersion } from './routing/front-values.ts';
import { DubboScan } from './routing/scan.ts';
import type { Serializations } from './serialization/index.ts';
import { OPENED } from './serialization/serialization.ts';

/** Statuses other than OK that say more than failure (Response, Dubbo). */
const OUTCOMES: ReadonlyMap<number, Outcome> = new Map([
  [30, 'timeout'],
  [31, 'timeout'],
  [60, 'not-found'],
  [100, 'overload'],
]);

/** Java says that it lacks a service with these statuses, which also mean other faults, and one of these texts. */
const BAD_REQUEST = 40;
const SERVICE_ERROR = 70;
const NOT_FOUND_TEXTS: readonly string[] = ['Service not found', 'Not found exported service'];

/** Types of a body that hold an exception, without and with attachments. */
const EXCEPTION = 0;
const EXCEPTION_WITH_ATTACHMENTS = 3;

/** Level 3. */
export class DubboRouting implements Routing<DubboFrame> {
  readonly caseSensitiveHeaders = true;
  readonly #core: CodecCore;
  readonly #serializations: Serializations;

  constructor(core: CodecCore, serializations: Serializations) {
    this.#core = core;
    this.#serializations = serializations;
  }

  service(request: DubboFrame): string {
    return request.service;
  }

  method(request: DubboFrame): string {
    const reader = this.#serializations[request.format]!.reader;
    return reader === undefined ? '' : readMethod(request, reader, this.#core);
  }

  scan(wanted: ScanRequest): HeaderScan<DubboFrame> {
    return new DubboScan(this.#core, this.#serializations, wanted);
  }

  *headers(frame: DubboFrame): Iterable<readonly [name: string, value: string]> {
    const reader = this.#serializations[frame.format]!.reader;
    if (reader === undefined) return;
    if (frame.versionAt !== UNKNOWN) {
      const version = readVersion(frame, reader, this.#core);
      if (typeof version === 'string') yield [':version', version];
    }
    yield* this.#attachments(frame);
  }

  setRemainingMs(request: DubboFrame, ms: number): void {
    const { reader, attachments } = this.#serializations[request.format]!;
    if (reader === undefined || attachments === undefined || openAttachments(request, reader) !== OPENED) return;
    while (reader.nextKey() === OPENED) {
      const key = reader.plain && reader.to - reader.from === 3 ? reader.text() : '';
      const at = reader.at;
      if (!reader.skipValue()) return;
      if (key === '_TO' || key === '_to') attachments.writeMillis(request.chunk, at, Math.max(0, Math.floor(ms)));
    }
  }

  outcome(response: DubboFrame): Outcome {
    const status = response.chunk[response.from + 3]!;
    const reader = this.#serializations[response.format]!.reader;
    if (status === STATUS_OK) {
      if (reader === undefined) return 'ok';
      reader.begin(response.chunk, response.from + HEADER_BYTES, response.to, response.from + response.length);
      const type = reader.readType();
      return type === EXCEPTION || type === EXCEPTION_WITH_ATTACHMENTS ? 'business-error' : 'ok';
    }
    if (status !== BAD_REQUEST && status !== SERVICE_ERROR) return OUTCOMES.get(status) ?? 'failure';
    if (reader === undefined) return 'failure';
    reader.begin(response.chunk, response.from + HEADER_BYTES, response.to, response.from + response.length);
    const text = reader.skipText() ? reader.text() : '';
    return NOT_FOUND_TEXTS.some((known) => text.includes(known)) ? 'not-found' : 'failure';
  }

  /** All of them, read before any is handed out: whoever iterates may run other walks in between. */
  #attachments(frame: DubboFrame): [name: string, value: string][] {
    const reader = this.#serializations[frame.format]!.reader;
    const pairs: [string, string][] = [];
    if (reader === undefined || openAttachments(frame, reader) !== OPENED) return pairs;
    while (reader.nextKey() === OPENED) {
      const key = reader.text();
      const value = reader.readValue(this.#core);
      if (typeof value === 'symbol') break;
      if (value !== undefined) pairs.push([key, value]);
    }
    return pairs;
  }
}

import type { CodecCore, HeaderScan, Outcome, Routing, ScanRequest } from '@polywire/core/spi';
import { type DubboFrame, UNKNOWN } from './frame.ts';
import { openAttachments } from './routing/attachments.ts';
import { readMethod, readVersion } from './routing/front-values.ts';
import { outcome } from './routing/outcome.ts';
import { DubboScan } from './routing/scan.ts';
import type { Serializations } from './serialization/index.ts';
import { OPENED } from './serialization/serialization.ts';

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
    return outcome(response, this.#serializations[response.format]!.reader);
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

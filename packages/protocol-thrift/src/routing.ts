import type { CodecCore, HeaderScan, Outcome, Routing, ScanRequest } from '@polywire/core/spi';
import { HEADER, type ThriftFrame, UNKNOWN } from './frame.ts';
import { InfoReader } from './header.ts';
import { encodingName, transportName } from './routing/describe.ts';
import { outcome } from './routing/outcome.ts';
import { ThriftScan } from './routing/scan.ts';

/** Level 3. */
export class ThriftRouting implements Routing<ThriftFrame> {
  /** Infos of a THeader are keys of a map in every library. */
  readonly caseSensitiveHeaders = true;
  readonly #core: CodecCore;
  readonly #service: string;

  /** @param service of calls whose names hold none */
  constructor(core: CodecCore, service: string) {
    this.#core = core;
    this.#service = service;
  }

  service(request: ThriftFrame): string {
    return request.service === '' ? this.#service : request.service;
  }

  method(request: ThriftFrame): string {
    return request.method;
  }

  scan(wanted: ScanRequest): HeaderScan<ThriftFrame> {
    return new ThriftScan(this.#core, wanted);
  }

  *headers(frame: ThriftFrame): Iterable<readonly [name: string, value: string]> {
    yield [':transport', transportName(frame)];
    yield [':encoding', encodingName(frame)];
    yield* this.#infos(frame);
  }

  outcome(response: ThriftFrame): Outcome {
    return outcome(response);
  }

  /** All of them, read before any is handed out: whoever iterates may let go of the frame's bytes. */
  #infos(frame: ThriftFrame): [name: string, value: string][] {
    const pairs: [string, string][] = [];
    if (frame.transport !== HEADER || frame.infosAt === UNKNOWN) return pairs;
    const reader = new InfoReader();
    reader.open(frame);
    while (reader.next()) {
      const { keyAt, keyEnd, valueAt, valueEnd } = reader;
      pairs.push([this.#core.intern(frame.chunk, keyAt, keyEnd), this.#core.intern(frame.chunk, valueAt, valueEnd)]);
    }
    return reader.malformed ? [] : pairs;
  }
}

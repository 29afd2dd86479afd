import type { CodecCore } from '@polywire/core/spi';
import { SofaRequestReader } from '@polywire/hessian';
import { type BoltFrame, HESSIAN, SOFA_REQUEST } from '../frame.ts';
import { HeaderMap } from './header-map.ts';

const SERVICE: Buffer = Buffer.from('service');
const TARGET_SERVICE: Buffer = Buffer.from('sofa_head_target_service');
const METHOD: Buffer = Buffer.from('sofa_head_method_name');

const COLON = 0x3a;

/** Reads who a request is for: from its headers, and from the object in its content what the headers leave unsaid. */
export class FrontReader {
  readonly #core: CodecCore;
  readonly #map: HeaderMap = new HeaderMap();
  readonly #content: SofaRequestReader = new SofaRequestReader();

  constructor(core: CodecCore) {
    this.#core = core;
  }

  /** Fills the request's fields. False asks for more bytes of a large frame. */
  read(frame: BoltFrame): boolean {
    if (frame.to - frame.from < frame.contentAt) return false;
    frame.sofa = frame.isClass(SOFA_REQUEST);
    this.#readHeaders(frame);
    if (frame.opaque || !frame.sofa || frame.codec !== HESSIAN) return true;
    // Node's client writes the service alone. A whole frame's method can wait until somebody asks.
    if (frame.method === '') frame.method = undefined;
    if (frame.service !== '' && (frame.whole || frame.method !== undefined)) return true;
    return this.#readContent(frame);
  }

  /** The request's method; empty when it has none. */
  method(frame: BoltFrame): string {
    if (frame.method === undefined) this.#readContent(frame);
    return frame.method ?? '';
  }

  /** A rule's argument of a SOFARPC request in Hessian: false when it is not reached, null when it cannot be read. */
  argument(frame: BoltFrame, index: number): string | undefined | false | null {
    if (!frame.sofa || frame.codec !== HESSIAN) return null;
    const found = this.#begin(frame) && this.#content.argument(index, this.#core);
    return found === false && (this.#content.unreadable || frame.whole) ? null : found;
  }

  #readHeaders(frame: BoltFrame): void {
    const { chunk } = frame;
    const map = this.#map;
    let serviceAt = 0;
    let serviceEnd = 0;
    let targetAt = 0;
    let targetEnd = 0;
    let methodAt = 0;
    let methodEnd = 0;
    map.begin(frame);
    while (map.next()) {
      if (map.isKey(SERVICE)) {
        serviceAt = map.valueAt;
        serviceEnd = map.valueEnd;
      } else if (map.isKey(TARGET_SERVICE)) {
        targetAt = map.valueAt;
        targetEnd = map.valueEnd;
      } else if (map.isKey(METHOD)) {
        methodAt = map.valueAt;
        methodEnd = map.valueEnd;
      }
    }
    frame.opaque = map.broken;
    if (map.broken) return;
    // `service` wins, as in SOFARPC's server (SofaRpcSerialization.setRequestPropertiesWithHeaderInfo).
    if (serviceEnd > serviceAt) this.#split(frame, chunk, serviceAt, serviceEnd);
    else if (targetEnd > targetAt) this.#split(frame, chunk, targetAt, targetEnd);
    if (methodEnd > methodAt) frame.method = this.#core.intern(chunk, methodAt, methodEnd);
  }

  /** A unique name, `interface:version[:uniqueId]` (ConfigUniqueNameGenerator). */
  #split(frame: BoltFrame, b: Buffer, from: number, to: number): void {
    let colon = from;
    while (colon < to && b[colon] !== COLON) colon++;
    frame.service = this.#core.intern(b, from, colon);
    frame.version = colon + 1 < to ? this.#core.intern(b, colon + 1, to) : undefined;
  }

  /** Fills what is missing from the object in the content. False: more bytes of a large frame would tell more. */
  #readContent(frame: BoltFrame): boolean {
    const content = this.#content;
    const ended = this.#begin(frame) || content.unreadable || frame.whole;
    const { methodName, targetServiceUniqueName } = content;
    const lacksMethod = frame.method === undefined && methodName === undefined;
    const lacksService = frame.service === '' && targetServiceUniqueName === undefined;
    if (!ended && (lacksMethod || lacksService)) return false;
    frame.method ??= methodName ?? '';
    if (frame.service === '' && targetServiceUniqueName !== undefined) {
      const name = Buffer.from(targetServiceUniqueName);
      this.#split(frame, name, 0, name.length);
    }
    return true;
  }

  #begin({ chunk, from, to, contentAt, contentEnd }: BoltFrame): boolean {
    return this.#content.read(chunk, from + contentAt, Math.min(to, from + contentEnd), from + contentEnd, this.#core);
  }
}

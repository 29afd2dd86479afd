import type { CodecCore, Outcome } from '@polywire/core/spi';
import { encodeSofaError, SofaResponseReader } from '@polywire/hessian';
import { type BoltFrame, HESSIAN, SOFA_RESPONSE } from '../frame.ts';
import { HeaderMap } from './header-map.ts';

const SUCCESS = 0;
const SERVER_EXCEPTION = 2;
/** Statuses that say more than failure (ResponseStatus, sofa-bolt). */
const OUTCOMES: ReadonlyMap<number, Outcome> = new Map([
  [4, 'overload'],
  [6, 'not-found'],
  [7, 'timeout'],
]);

const ERROR_HEADER: Buffer = Buffer.from('sofa_head_response_error');
const TRUE: Buffer = Buffer.from('true');

/** How Java begins every SofaResponse: its class and fields. The values follow, first whether it is an error. */
const JAVA_FRONT: Buffer = encodeSofaError('').subarray(0, -4);
const FALSE = 0x46;
const NULL = 0x4e;

/** How SOFARPC's own errors begin (LogCodes). */
const CODE = 'RPC-';
/** What they and sofa-rpc-node say when there is no such service, or no such method. */
const NOT_FOUND: readonly string[] = ['RPC-020100010', 'RPC-020100011', 'Error: not found service: ', 'Error: Can not find method: '];
/** Bytes of a content in which these are looked for. */
const TEXT_BYTES = 256;

/** Tells from a response how the call went. */
export class OutcomeReader {
  readonly #core: CodecCore;
  readonly #map: HeaderMap = new HeaderMap();
  readonly #content: SofaResponseReader = new SofaResponseReader();

  constructor(core: CodecCore) {
    this.#core = core;
  }

  /** Whether the bytes at hand of a response are enough to tell. */
  reaches(frame: BoltFrame): boolean {
    return frame.whole || this.read(frame) !== undefined;
  }

  /** How it went; undefined asks for more bytes of a large frame. */
  read(frame: BoltFrame): Outcome | undefined {
    const status = frame.timeoutOrStatus;
    if (status !== SUCCESS && status !== SERVER_EXCEPTION) return OUTCOMES.get(status) ?? 'failure';
    if (frame.to - frame.from < frame.contentAt) return undefined;
    if (status === SUCCESS && frame.codec === HESSIAN && this.#isJavaSuccess(frame)) return 'ok';
    const sofa = frame.isClass(SOFA_RESPONSE);
    if (status === SERVER_EXCEPTION) return sofa ? this.#text(frame) : 'failure';
    if (!sofa) return 'ok';
    if (frame.codec === HESSIAN) return this.#object(frame);
    return this.#isMarked(frame) ? this.#text(frame) : 'ok';
  }

  /** What most answers are, told without reading an object: Java marks the others in a header or by their first values. */
  #isJavaSuccess(frame: BoltFrame): boolean {
    const { chunk, from, to, contentAt } = frame;
    const valuesAt = from + contentAt + JAVA_FRONT.length;
    if (valuesAt + 2 > to || chunk[valuesAt] !== FALSE || chunk[valuesAt + 1] !== NULL) return false;
    for (let at = valuesAt - 1, i = JAVA_FRONT.length - 1; i >= 0; at--, i--) if (chunk[at] !== JAVA_FRONT[i]) return false;
    return !this.#isMarked(frame);
  }

  /** A SofaResponse says itself whether the call failed; an exception that the service threw is its answer. */
  #object({ chunk, from, to, contentAt, contentEnd, whole }: BoltFrame): Outcome | undefined {
    const content = this.#content;
    const read = content.read(chunk, from + contentAt, Math.min(to, from + contentEnd), from + contentEnd, this.#core);
    if (!read && !whole && !content.unreadable) return undefined;
    if (content.isError === true) return notFound(content.errorMsg ?? '') ? 'not-found' : 'failure';
    return content.threw === true ? 'business-error' : 'ok';
  }

  /**
   * In other serializations a header marks failures and exceptions alike, and the content is their text; sofa-rpc-node marks both by a
   * status. SOFARPC's own failures begin with a code; what has none was thrown by the service.
   */
  #text({ chunk, from, to, contentAt, contentEnd, whole }: BoltFrame): Outcome | undefined {
    const end = Math.min(contentEnd, contentAt + TEXT_BYTES);
    if (to - from < end && !whole) return undefined;
    const text = chunk.toString('latin1', from + contentAt, Math.min(to, from + end));
    return notFound(text) ? 'not-found' : text.includes(CODE) ? 'failure' : 'business-error';
  }

  #isMarked(frame: BoltFrame): boolean {
    const map = this.#map;
    let marked = false;
    map.begin(frame);
    while (map.next()) {
      if (map.isKey(ERROR_HEADER)) marked = frame.chunk.compare(TRUE, 0, TRUE.length, map.valueAt, map.valueEnd) === 0;
    }
    return marked && !map.broken;
  }
}

function notFound(text: string): boolean {
  return NOT_FOUND.some((code) => text.includes(code));
}

import type { WalkerOptions } from '../walker.ts';
import type { Interner } from './definitions.ts';
import { HessianDraftWalker } from './walker.ts';

const IS_ERROR = 0;
const ERROR_MESSAGE = 1;
const APP_RESPONSE = 2;
const FIELDS: readonly Buffer[] = ['isError', 'errorMsg', 'appResponse'].map((name) => Buffer.from(name));

/** What every Throwable is written with (sofa-hessian's `ThrowableHelper`), in both ways that the Java version asks for, and by Node. */
const THROWABLE_FIELDS: readonly Buffer[] = ['detailMessage', 'stackTrace'].map((name) => Buffer.from(name));
const EXCEPTION: Buffer = Buffer.from('Exception');

/**
 * Reads the content of a SOFARPC response, a `com.alipay.sofa.rpc.core.response.SofaResponse` object. Fields may stand in any order; the
 * answer itself is not read. One reader serves a process; what was read is that of the last `read`.
 */
export class SofaResponseReader {
  /** Whether the call failed before or behind the service's code; undefined when not reached yet. */
  isError: boolean | undefined;
  /** What the failure was; undefined when it is null, or not reached yet. */
  errorMsg: string | undefined;
  /**
   * Whether the answer is an exception that the service threw: an object whose class has the fields of a Throwable, or a name that ends in
   * "Exception". undefined when not reached yet.
   */
  threw: boolean | undefined;

  readonly #walker: HessianDraftWalker;
  readonly #indexes: Int32Array = new Int32Array(FIELDS.length);
  readonly #throwable: Int32Array = new Int32Array(THROWABLE_FIELDS.length);
  #answerClass = -1;

  constructor(options: WalkerOptions = {}) {
    this.#walker = new HessianDraftWalker(options);
  }

  /** Whether the last failure can never be mended by more bytes. Without meaning when there was none. */
  get unreadable(): boolean {
    return this.#walker.unreadable;
  }

  /** Class of the answer; undefined when it is no object (null, strings, numbers, lists, maps) or not reached. */
  appResponseClass(interner: Interner): string | undefined {
    return this.#answerClass < 0 ? undefined : this.#walker.className(this.#answerClass, interner);
  }

  /**
   * Reads the response at `at` of `chunk`, no further than the class of the answer where that comes last. `end` is where the bytes at hand
   * end, `limit` where the content will. False when it did not get there: what it passed is set, and `unreadable` says why.
   */
  read(chunk: Buffer, at: number, end: number, limit: number, interner: Interner): boolean {
    const walker = this.#walker;
    const indexes = this.#indexes;
    walker.begin(chunk, at, end, limit);
    this.isError = this.threw = this.errorMsg = undefined;
    this.#answerClass = -1;
    const response = walker.openObject();
    if (response < 0) return false;
    const wanted = walker.findFields(response, FIELDS, indexes);
    for (let field = 0; field < wanted; field++) {
      const slot = indexes.indexOf(field);
      const moved =
        slot === APP_RESPONSE
          ? this.#answer() && (field === wanted - 1 || this.#passAnswer())
          : slot === IS_ERROR
            ? this.#error()
            : slot === ERROR_MESSAGE
              ? this.#message(interner)
              : walker.skip();
      if (!moved) return false;
    }
    // a field that the class does not have keeps Java's default
    this.isError ??= false;
    this.threw ??= false;
    return true;
  }

  #error(): boolean {
    const tag = this.#walker.tag();
    const number = this.#walker.number();
    if (number === undefined && !this.#walker.skip()) return false;
    this.isError = number === undefined ? tag === 0x54 : Number(number) !== 0;
    return true;
  }

  #message(interner: Interner): boolean {
    const text = this.#walker.scalar(interner);
    if (text === false) return false;
    this.errorMsg = text;
    return true;
  }

  /** Moves into the answer where it is an object, and looks at its class; does not move for others. */
  #answer(): boolean {
    const walker = this.#walker;
    const tag = walker.tag();
    if (tag < 0) return false;
    const object = tag === 0x4f || tag === 0x6f;
    const index = object ? walker.openObject() : -1;
    if (object && index < 0) return false;
    this.#answerClass = index;
    this.threw = object && this.#isThrowable(index);
    return true;
  }

  /** Moves behind the answer that was looked at. */
  #passAnswer(): boolean {
    const walker = this.#walker;
    const values = this.#answerClass < 0 ? 1 : walker.fieldCount(this.#answerClass);
    for (let left = values; left > 0; left--) if (!walker.skip()) return false;
    return true;
  }

  #isThrowable(index: number): boolean {
    if (this.#walker.classNameEndsWith(index, EXCEPTION)) return true;
    this.#walker.findFields(index, THROWABLE_FIELDS, this.#throwable);
    return !this.#throwable.includes(-1);
  }
}

import type { WalkerOptions } from '../walker.ts';
import type { Interner } from './definitions.ts';
import { HessianDraftWalker } from './walker.ts';

const FIELDS: readonly Buffer[] = ['methodName', 'targetServiceUniqueName', 'targetAppName'].map((name) => Buffer.from(name));

/**
 * Reads the content of a SOFARPC request: a `com.alipay.sofa.rpc.core.request.SofaRequest` object, then each argument as a value of its
 * own in the same stream (sofa-rpc's `SofaRequestHessianSerializer`). Fields may stand in any order; what nobody wants is passed unread.
 * One reader serves a process; what was read is that of the last `read`.
 */
export class SofaRequestReader {
  readonly #walker: HessianDraftWalker;
  readonly #indexes: Int32Array = new Int32Array(FIELDS.length);
  readonly #texts: (string | undefined)[] = FIELDS.map(() => undefined);
  /** Where `read` stopped, how many classes it had seen, and how many fields of the request are left there. */
  #mark = 0;
  #marked = 0;
  #left = -1;
  /** Values passed since the mark; -1: the walker is lost and goes back to it first. */
  #passed = -1;

  constructor(options: WalkerOptions = {}) {
    this.#walker = new HessianDraftWalker(options);
  }

  /** The request's method; undefined when it is null or missing, or not reached yet. */
  get methodName(): string | undefined {
    return this.#texts[0];
  }

  /** As `interface:version[:uniqueId]`; undefined as `methodName`. */
  get targetServiceUniqueName(): string | undefined {
    return this.#texts[1];
  }

  /** undefined as `methodName`. */
  get targetAppName(): string | undefined {
    return this.#texts[2];
  }

  /** Whether the last failure can never be mended by more bytes. Without meaning when there was none. */
  get unreadable(): boolean {
    return this.#walker.unreadable;
  }

  /**
   * Reads the request at `at` of `chunk`, as far as the last field that has a name here. `end` is where the bytes at hand end, `limit`
   * where the content will. False when it did not get there: fields that it passed have their texts, and `unreadable` says why.
   */
  read(chunk: Buffer, at: number, end: number, limit: number, interner: Interner): boolean {
    const walker = this.#walker;
    const indexes = this.#indexes;
    walker.begin(chunk, at, end, limit);
    this.#texts.fill(undefined);
    this.#left = this.#passed = -1;
    const request = walker.openObject();
    if (request < 0) return false;
    const wanted = walker.findFields(request, FIELDS, indexes);
    for (let field = 0; field < wanted; field++) {
      const slot = indexes.indexOf(field);
      if (slot < 0) {
        if (!walker.skip()) return false;
        continue;
      }
      const text = walker.scalar(interner);
      if (text === false) return false;
      this.#texts[slot] = text;
    }
    this.#mark = walker.at;
    this.#marked = walker.definitions;
    this.#left = walker.fieldCount(request) - wanted;
    this.#passed = 0;
    return true;
  }

  /**
   * An argument of the request that `read` read, from 0: a string, number or boolean as text, undefined for others and when there are
   * fewer. False when it is not reached: `unreadable` says why. Cheapest in ascending order.
   */
  argument(index: number, interner: Interner): string | undefined | false {
    const walker = this.#walker;
    const before = this.#left + index;
    if (this.#left < 0) return false;
    if (this.#passed < 0 || this.#passed > before) {
      walker.rewind(this.#mark, this.#marked);
      this.#passed = 0;
    }
    for (; this.#passed < before; this.#passed++) {
      if (walker.atLimit && this.#passed >= this.#left) return undefined;
      if (!walker.skip()) return this.#lose();
    }
    if (walker.atLimit && this.#left <= before) return undefined;
    const text = walker.scalar(interner);
    if (text === false) return this.#lose();
    this.#passed++;
    return text;
  }

  #lose(): false {
    this.#passed = -1;
    return false;
  }
}

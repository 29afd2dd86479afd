/** Which peer caused a failure. Decides whose metrics count it. */
export type ErrorSource = 'downstream' | 'upstream' | 'local';

/** Base of every error that core raises. `code` is stable and listed in docs/errors.md; `message` is for people and may change. */
export class ProxyError extends Error {
  override readonly name: string = 'ProxyError';
  readonly code: string;
  readonly source: ErrorSource;

  constructor(code: string, message: string, source: ErrorSource, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.source = source;
  }
}

/**
 * Malformed bytes. A codec throws it from `measure` when no later frame boundary can be known, which costs the connection; a frame
 * whose boundary is known reports its fault in `Frame.defect` instead, which costs only that frame.
 */
export class CodecError extends ProxyError {
  override readonly name = 'CodecError';

  constructor(code: string, message: string) {
    super(code, message, 'downstream');
  }
}

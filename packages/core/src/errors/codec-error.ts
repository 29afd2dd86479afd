/**
 * Malformed bytes. A codec throws it from `measure` when no later frame boundary can be known, which costs the connection; a frame
 * whose boundary is known reports its fault in `Frame.defect` instead, which costs only that frame.
 */
export class CodecError extends Error {
  override readonly name = 'CodecError';
  /** Stable and upper case, for tests and counters: `DUBBO_MAGIC`. The message is for people and may change. */
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }

  /** By name: a plugin that brings its own copy of core throws the class of that copy, which means the same. */
  static override [Symbol.hasInstance](value: unknown): value is CodecError {
    return value instanceof Error && value.name === 'CodecError';
  }
}

import { CONNECTION_LOSS, ZkError } from './errors.ts';
import { type JuteReader, JuteWriter } from './jute.ts';

/** A request and what becomes of its answer. */
export interface ZkRequest<T> {
  readonly op: number;
  readonly path: string;
  write(writer: JuteWriter): void;
  /** Reads the body of a good answer. */
  read(reader: JuteReader): T;
  /** An answer other than success that is a result all the same; undefined: it is an error. */
  recover?(code: number): T | undefined;
  /** The server has answered, before anything that it sends later is looked at: the place to note watches. */
  answered?(code: number): void;
}

/** A request that has not been answered. */
export interface Pending {
  readonly packet: Buffer;
  /** @throws JuteError when the body is nonsense, after the caller was told */
  answer(code: number, reader: JuteReader): void;
  fail(code: number, cause?: Error): void;
}

/** Turns a request into a packet and a promise. */
export function pend<T>(xid: number, request: ZkRequest<T>): { pending: Pending; result: Promise<T> } {
  const { promise, resolve, reject } = withResolvers<T>();
  const writer = new JuteWriter().int(xid).int(request.op);
  request.write(writer);
  const fail = (code: number, cause?: Error): void => reject(new ZkError(code, request.path, cause?.message, cause));
  return {
    result: promise,
    pending: {
      packet: writer.finish(),
      fail,
      answer(code, reader) {
        request.answered?.(code);
        if (code !== 0) {
          const recovered = request.recover?.(code);
          if (recovered === undefined) fail(code);
          else resolve(recovered);
          return;
        }
        try {
          resolve(request.read(reader));
        } catch (error) {
          fail(CONNECTION_LOSS, error instanceof Error ? error : undefined);
          throw error;
        }
      },
    },
  };
}

// Promise.withResolvers is not in Node 20.
function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void; reject: (reason: Error) => void } {
  let resolve: (value: T) => void = () => {};
  let reject: (reason: Error) => void = () => {};
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}

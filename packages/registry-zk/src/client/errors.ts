/** Codes of ZooKeeper's KeeperException that callers tell apart. */
export const CONNECTION_LOSS = -4;
export const UNIMPLEMENTED = -6;
export const NO_NODE = -101;
export const NO_AUTH = -102;
export const BAD_VERSION = -103;
export const NODE_EXISTS = -110;
const SESSION_EXPIRED = -112;
export const AUTH_FAILED = -115;
/** Not ZooKeeper's: the reply was longer than `maxPacketBytes` and its body was skipped. */
export const REPLY_TOO_LARGE = 1;

const NAMES: ReadonlyMap<number, string> = new Map([
  [-1, 'SYSTEM_ERROR'],
  [-2, 'RUNTIME_INCONSISTENCY'],
  [-3, 'DATA_INCONSISTENCY'],
  [CONNECTION_LOSS, 'CONNECTION_LOSS'],
  [-5, 'MARSHALLING_ERROR'],
  [UNIMPLEMENTED, 'UNIMPLEMENTED'],
  [-7, 'OPERATION_TIMEOUT'],
  [-8, 'BAD_ARGUMENTS'],
  [NO_NODE, 'NO_NODE'],
  [NO_AUTH, 'NO_AUTH'],
  [BAD_VERSION, 'BAD_VERSION'],
  [-108, 'NO_CHILDREN_FOR_EPHEMERALS'],
  [NODE_EXISTS, 'NODE_EXISTS'],
  [-111, 'NOT_EMPTY'],
  [SESSION_EXPIRED, 'SESSION_EXPIRED'],
  [-114, 'INVALID_ACL'],
  [AUTH_FAILED, 'AUTH_FAILED'],
  [-118, 'SESSION_MOVED'],
  [-127, 'THROTTLED'],
  [REPLY_TOO_LARGE, 'REPLY_TOO_LARGE'],
]);

/** A failed request or connection. `code` is ZooKeeper's (or `REPLY_TOO_LARGE`); `path` is the caller's, without chroot. */
export class ZkError extends Error {
  override readonly name = 'ZkError';
  readonly code: number;
  readonly path: string | undefined;

  constructor(code: number, path: string | undefined, detail?: string, cause?: unknown) {
    const name = NAMES.get(code) ?? `error ${code}`;
    super([name, path, detail].filter((part) => part !== undefined).join(': '), cause === undefined ? undefined : { cause });
    this.code = code;
    this.path = path;
  }
}

/** Whether it is a ZooKeeper failure with this code. */
export function hasCode(error: unknown, code: number): boolean {
  return error instanceof ZkError && error.code === code;
}

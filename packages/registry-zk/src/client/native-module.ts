import { createRequire } from 'node:module';

/** What its `stat` objects hold that is used here. */
export interface NativeStat {
  readonly version: number;
  /** Hexadecimal. */
  readonly ephemeralOwner: string;
  readonly ctime: Date;
  readonly mtime: Date;
}

/** Part of the class that the npm package `zookeeper` exports: one session. Every `a_…` answers whether the request could be queued. */
export interface NativeHandle {
  /** Hexadecimal. */
  readonly client_id: string;
  /** The granted session timeout, in ms. */
  readonly timeout: number;
  init(config: {
    connect: string;
    timeout: number;
    debug_level: number;
    host_order_deterministic: boolean;
    response_counter_limit: number;
  }): unknown;
  close(): unknown;
  on(event: string, listener: (handle: unknown, detail: unknown) => void): unknown;
  add_auth(scheme: string, auth: string, done: (code: number) => void): number;
  a_create(path: string, data: Buffer, flags: number, done: (code: number) => void): number;
  a_exists(path: string, watch: boolean, done: (code: number) => void): number;
  a_get(path: string, watch: boolean, done: (code: number, message: string, stat: NativeStat, data: Buffer | null) => void): number;
  a_get_children(path: string, watch: boolean, done: (code: number, message: string, names: string[]) => void): number;
  a_set(path: string, data: Buffer, version: number, done: (code: number, message: string, stat: NativeStat) => void): number;
  a_set_acl(path: string, version: number, acl: readonly object[], done: (code: number) => void): number;
  a_delete_(path: string, version: number, done: (code: number) => void): number;
}

export type NativeConstructor = new () => NativeHandle;

/** The release that the driver is tested with. */
const RELEASE = 'zookeeper@7.3.0';

/**
 * Loads the npm package `zookeeper`. It is an optional dependency, for it compiles C at install.
 * @throws Error saying what to do when it is not there or does not load
 */
export function loadNativeModule(load: (name: string) => unknown = createRequire(import.meta.url)): NativeConstructor {
  let loaded: unknown;
  try {
    loaded = load('zookeeper');
  } catch (cause) {
    const [reason] = (cause instanceof Error ? cause.message : String(cause)).split('\n');
    const remedy = `run "npm install ${RELEASE}" beside polywire (it needs a C++ compiler, make and Python), or leave out driver: native`;
    throw new Error(`the npm package zookeeper does not load (${reason}): ${remedy}`, { cause });
  }
  if (!isConstructor(loaded)) throw new Error(`the npm package zookeeper is another than ${RELEASE}: it exports no class`);
  return loaded;
}

function isConstructor(value: unknown): value is NativeConstructor {
  return typeof value === 'function';
}

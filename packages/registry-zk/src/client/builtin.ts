import type { CreateOptions, ZkAcl, ZkClient, ZkClientOptions, ZkListener, ZkNode, ZkStat, ZkState } from './client.ts';
import { NO_NODE, UNIMPLEMENTED, ZkError } from './errors.ts';
import {
  ADD_WATCH_RECURSIVE,
  ANY_VERSION,
  createFlags,
  OP_ADD_WATCH,
  OP_CREATE,
  OP_CREATE_CONTAINER,
  OP_DELETE,
  OP_EXISTS,
  OP_GET_CHILDREN_2,
  OP_GET_DATA,
  OP_SET_ACL,
  OP_SET_DATA,
  readStat,
  writeAcl,
} from './records.ts';
import { ZkSession } from './session.ts';

/** The client of this package: TypeScript all the way down, no native code. */
export class BuiltinZkClient implements ZkClient {
  readonly #session: ZkSession;

  /** @throws Error when the address is malformed */
  constructor(options: ZkClientOptions, listener: ZkListener) {
    this.#session = new ZkSession(options, listener);
  }

  get state(): ZkState {
    return this.#session.state;
  }

  get sessionId(): bigint {
    return this.#session.id;
  }

  connect(): void {
    this.#session.connect();
  }

  close(): Promise<void> {
    return this.#session.close();
  }

  getChildren(path: string, watch: boolean): Promise<readonly string[]> {
    const full = this.#full(path);
    return this.#session.request({
      op: OP_GET_CHILDREN_2,
      path,
      write: (writer) => writer.string(full).bool(watch),
      read: (reader) => reader.strings(),
      answered: (code) => watch && code === 0 && this.#session.watches.child.add(full),
    });
  }

  async getData(path: string, watch: boolean): Promise<Buffer> {
    return (await this.getNode(path, watch)).data;
  }

  getNode(path: string, watch: boolean): Promise<ZkNode> {
    const full = this.#full(path);
    return this.#session.request({
      op: OP_GET_DATA,
      path,
      write: (writer) => writer.string(full).bool(watch),
      // copied: the packet is a view of what the socket read
      read: (reader) => ({ data: Buffer.from(reader.buffer()), stat: readStat(reader) }),
      answered: (code) => watch && code === 0 && this.#session.watches.data.add(full),
    });
  }

  exists(path: string, watch: boolean): Promise<boolean> {
    const full = this.#full(path);
    const { watches } = this.#session;
    return this.#session.request<boolean>({
      op: OP_EXISTS,
      path,
      write: (writer) => writer.string(full).bool(watch),
      read: () => true,
      recover: (code) => (code === NO_NODE ? false : undefined),
      answered(code) {
        if (!watch) return;
        if (code === 0) watches.data.add(full);
        else if (code === NO_NODE) watches.exist.add(full);
      },
    });
  }

  create(path: string, data: Uint8Array, options: CreateOptions = {}): Promise<void> {
    return this.#session.request<void>({
      op: options.container === true ? OP_CREATE_CONTAINER : OP_CREATE,
      path,
      write: (writer) => {
        writer.string(this.#full(path)).buffer(data);
        writeAcl(writer, options.acl ?? 'open');
        writer.int(createFlags(options));
      },
      read: () => undefined,
    });
  }

  setAcl(path: string, acl: ZkAcl): Promise<void> {
    return this.#session.request<void>({
      op: OP_SET_ACL,
      path,
      write: (writer) => {
        writer.string(this.#full(path));
        writeAcl(writer, acl);
        writer.int(ANY_VERSION);
      },
      read: () => undefined,
    });
  }

  setData(path: string, data: Uint8Array, version = ANY_VERSION): Promise<ZkStat> {
    return this.#session.request({
      op: OP_SET_DATA,
      path,
      write: (writer) => writer.string(this.#full(path)).buffer(data).int(version),
      read: readStat,
    });
  }

  delete(path: string, version = ANY_VERSION): Promise<void> {
    return this.#session.request<void>({
      op: OP_DELETE,
      path,
      write: (writer) => writer.string(this.#full(path)).int(version),
      read: () => undefined,
    });
  }

  addRecursiveWatch(path: string): Promise<void> {
    if (!this.#session.recursiveWatches) return Promise.reject(new ZkError(UNIMPLEMENTED, path, 'the server is older than 3.6'));
    const full = this.#full(path);
    return this.#session.request<void>({
      op: OP_ADD_WATCH,
      path,
      write: (writer) => writer.string(full).int(ADD_WATCH_RECURSIVE),
      read: () => undefined,
      answered: (code) => {
        if (code === 0) this.#session.watches.recursive.add(full);
        else if (code === UNIMPLEMENTED) this.#session.noRecursiveWatches();
      },
    });
  }

  #full(path: string): string {
    return path === '/' && this.#session.chroot !== '' ? this.#session.chroot : this.#session.chroot + path;
  }
}

import type { ZkEvent } from './client.ts';
import { JuteWriter } from './jute.ts';
import { OP_SET_WATCHES, OP_SET_WATCHES_2, XID_SET_WATCHES } from './records.ts';

/**
 * Bytes of paths per packet. The server refuses packets of 1 MiB (jute.maxbuffer) by closing the connection, for ever;
 * the limit is that of the Java client (ClientCnxn.SET_WATCHES_MAX_LENGTH).
 */
const MAX_CHUNK_BYTES = 128 * 1024;

type OneShotKind = 'data' | 'exist' | 'child';

/** The watches that the server holds for us, to be armed again on the next connection. Paths are the server's, with chroot. */
export class Watches {
  readonly data = new Set<string>();
  readonly exist = new Set<string>();
  readonly child = new Set<string>();
  readonly recursive = new Set<string>();

  /** Forgets the one-shot watches that a notification used up, as ZKWatchManager.materialize does. */
  fired(event: ZkEvent): void {
    if (event.kind === 'children') this.child.delete(event.path);
    else {
      this.data.delete(event.path);
      this.exist.delete(event.path);
      if (event.kind === 'deleted') this.child.delete(event.path);
    }
  }

  clear(): void {
    for (const set of [this.data, this.exist, this.child, this.recursive]) set.clear();
  }

  /** The packets that arm all of them. Changes since `zxid` fire at once, except for recursive watches. */
  rearm(zxid: bigint): Buffer[] {
    const packets: Buffer[] = [];
    for (const chunk of chunks(this.#oneShots())) packets.push(setWatches(zxid, chunk));
    const recursive = [...this.recursive].map((path) => ({ kind: 'child' as const, path }));
    for (const chunk of chunks(recursive)) packets.push(setWatches2(zxid, chunk.get('child') ?? []));
    return packets;
  }

  *#oneShots(): Generator<{ kind: OneShotKind; path: string }> {
    for (const path of this.data) yield { kind: 'data', path };
    for (const path of this.exist) yield { kind: 'exist', path };
    for (const path of this.child) yield { kind: 'child', path };
  }
}

type Chunk = ReadonlyMap<OneShotKind, readonly string[]>;

function* chunks(watches: Iterable<{ kind: OneShotKind; path: string }>): Generator<Chunk> {
  let chunk = new Map<OneShotKind, string[]>();
  let bytes = 0;
  for (const { kind, path } of watches) {
    const size = 4 + Buffer.byteLength(path);
    if (bytes > 0 && bytes + size > MAX_CHUNK_BYTES) {
      yield chunk;
      chunk = new Map();
      bytes = 0;
    }
    bytes += size;
    const list = chunk.get(kind);
    if (list === undefined) chunk.set(kind, [path]);
    else list.push(path);
  }
  if (bytes > 0) yield chunk;
}

function setWatches(zxid: bigint, chunk: Chunk): Buffer {
  const writer = new JuteWriter().int(XID_SET_WATCHES).int(OP_SET_WATCHES).long(zxid);
  for (const kind of ['data', 'exist', 'child'] as const) writer.strings(chunk.get(kind) ?? []);
  return writer.finish();
}

function setWatches2(zxid: bigint, recursive: readonly string[]): Buffer {
  return new JuteWriter()
    .int(XID_SET_WATCHES)
    .int(OP_SET_WATCHES_2)
    .long(zxid)
    .strings([])
    .strings([])
    .strings([])
    .strings([])
    .strings(recursive)
    .finish();
}

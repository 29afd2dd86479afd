import type { CreateOptions, ZkAcl, ZkDigestAuth, ZkEvent, ZkEventKind, ZkStat } from './client.ts';
import { JuteReader, JuteWriter } from './jute.ts';

// ZooDefs.OpCode and the reserved xids of ClientCnxn.
export const OP_CREATE = 1;
export const OP_DELETE = 2;
export const OP_EXISTS = 3;
export const OP_GET_DATA = 4;
export const OP_SET_DATA = 5;
export const OP_SET_ACL = 7;
export const OP_GET_CHILDREN_2 = 12;
export const OP_CREATE_CONTAINER = 19;
export const OP_SET_WATCHES = 101;
export const OP_SET_WATCHES_2 = 105;
export const OP_ADD_WATCH = 106;
const OP_PING = 11;
const OP_AUTH = 100;
const OP_CLOSE_SESSION = -11;

export const XID_NOTIFICATION = -1;
export const XID_PING = -2;
export const XID_AUTH = -4;
export const XID_SET_WATCHES = -8;

/** ZooDefs.AddWatchModes.persistentRecursive */
export const ADD_WATCH_RECURSIVE = 1;
/** Of a node to change: whatever it has. */
export const ANY_VERSION = -1;

/** A session to take up again, or all zeros for a new one. */
export interface SessionTicket {
  readonly id: bigint;
  readonly password: Buffer;
  readonly timeoutMs: number;
}

/** ConnectRequest. A server whose last transaction is older than `lastZxid` refuses by closing the connection. */
export function connectRequest(ticket: SessionTicket, lastZxid: bigint): Buffer {
  return new JuteWriter().int(0).long(lastZxid).int(ticket.timeoutMs).long(ticket.id).buffer(ticket.password).bool(false).finish();
}

/** ConnectResponse; undefined when the session has expired (timeout 0). */
export function readConnectResponse(packet: Buffer): SessionTicket | undefined {
  const reader = new JuteReader(packet);
  reader.int();
  const timeoutMs = reader.int();
  const id = reader.long();
  // copied: the packet is a view of what the socket read
  const password = Buffer.from(reader.buffer());
  return timeoutMs <= 0 ? undefined : { id, password, timeoutMs };
}

export function pingRequest(): Buffer {
  return new JuteWriter().int(XID_PING).int(OP_PING).finish();
}

export function authRequest(auth: ZkDigestAuth): Buffer {
  return new JuteWriter().int(XID_AUTH).int(OP_AUTH).int(0).string('digest').string(`${auth.user}:${auth.password}`).finish();
}

export function closeRequest(xid: number): Buffer {
  return new JuteWriter().int(xid).int(OP_CLOSE_SESSION).finish();
}

/** CreateMode's flag. */
export function createFlags({ container, ephemeral }: CreateOptions): number {
  const [PERSISTENT, EPHEMERAL, CONTAINER] = [0, 1, 4];
  if (container === true) return CONTAINER;
  return ephemeral === true ? EPHEMERAL : PERSISTENT;
}

/** ZooDefs.Ids.OPEN_ACL_UNSAFE or CREATOR_ALL_ACL. */
export function writeAcl(writer: JuteWriter, acl: ZkAcl): void {
  const ALL_PERMISSIONS = 31;
  writer.int(1).int(ALL_PERMISSIONS);
  if (acl === 'open') writer.string('world').string('anyone');
  else writer.string('auth').string('');
}

/** Stat. */
export function readStat(reader: JuteReader): ZkStat {
  reader.skip(16); // czxid, mzxid
  const createdAt = Number(reader.long());
  const changedAt = Number(reader.long());
  const version = reader.int();
  reader.skip(8); // cversion, aversion
  return { version, ephemeralOwner: reader.long(), createdAt, changedAt };
}

/** The header of every reply but the connect response. */
export interface ReplyHeader {
  readonly xid: number;
  readonly zxid: bigint;
  readonly code: number;
}

export function readReplyHeader(reader: JuteReader): ReplyHeader {
  return { xid: reader.int(), zxid: reader.long(), code: reader.int() };
}

const EVENT_KINDS: ReadonlyMap<number, ZkEventKind> = new Map([
  [1, 'created'],
  [2, 'deleted'],
  [3, 'data'],
  [4, 'children'],
]);

/** WatcherEvent; undefined for kinds that tell of the session or of removed watches. */
export function readEvent(reader: JuteReader): ZkEvent | undefined {
  const kind = EVENT_KINDS.get(reader.int());
  reader.int();
  const path = reader.string();
  return kind === undefined ? undefined : { kind, path };
}

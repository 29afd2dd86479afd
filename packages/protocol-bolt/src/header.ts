import { MORE_IN_V2, REQUEST_HEADER_BYTES, RESPONSE_HEADER_BYTES } from './frame.ts';

/** Java's version of a command: its second version byte, always 1. */
const COMMAND_VERSION = 1;
/** In Java's requests: no time limit. */
const NO_TIMEOUT = -1;

/** What every fixed header says. */
export interface Envelope {
  readonly dialect: number;
  readonly type: number;
  readonly command: number;
  readonly id: number;
  readonly codec: number;
}

/** The header of a request that has nothing behind it. */
export function requestHeader(envelope: Envelope): Buffer {
  const [out, at] = begin(envelope, REQUEST_HEADER_BYTES, 0);
  out.writeInt32BE(NO_TIMEOUT, at);
  return out;
}

/** The header of a response; `lengths` are those of class, headers and content. */
export function responseHeader(
  envelope: Envelope,
  switches: number,
  status: number,
  lengths: readonly [classBytes: number, headerBytes: number, contentBytes: number],
): Buffer {
  const [out, at] = begin(envelope, RESPONSE_HEADER_BYTES, switches);
  out.writeUInt16BE(status, at);
  out.writeUInt16BE(lengths[0], at + 2);
  out.writeUInt16BE(lengths[1], at + 4);
  out.writeUInt32BE(lengths[2], at + 6);
  return out;
}

/** The part that both have, and where it ends. */
function begin({ dialect, type, command, id, codec }: Envelope, bytes: number, switches: number): [out: Buffer, at: number] {
  const more = dialect === 0 ? 0 : 1;
  const out = Buffer.alloc(bytes + more * MORE_IN_V2);
  out[0] = 1 + more;
  if (more === 1) out[1] = dialect;
  out[1 + more] = type;
  out.writeUInt16BE(command, 2 + more);
  out[4 + more] = COMMAND_VERSION;
  out.writeInt32BE(id, 5 + more);
  out[9 + more] = codec;
  if (more === 1) out[11] = switches;
  return [out, 10 + more * MORE_IN_V2];
}

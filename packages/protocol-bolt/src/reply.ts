import type { LocalReply, LocalReplyReason } from '@polywire/core/spi';
import { encodeSofaError } from '@polywire/hessian';
import { checksumPiece } from './checksum.ts';
import { type BoltFrame, HESSIAN, JSON_TEXT, PROTOBUF, RESPONSE, RPC_RESPONSE, SOFA_RESPONSE } from './frame.ts';
import { responseHeader } from './header.ts';
import { pair } from './pair.ts';

const SUCCESS = 0;
/** Bits that Java's ProtocolSwitch knows. */
const SWITCHES = 0x7f;

/**
 * Statuses (ResponseStatus, sofa-bolt) by reason, for callers that are not SOFARPC's: those get an object with the text instead, but for
 * overload and timeouts, of which Java makes exceptions of their own by the status. docs/bolt.md holds the table for users.
 */
const STATUS: Record<LocalReplyReason, number> = {
  'no-route': 6,
  'no-healthy-upstream': 5,
  overflow: 4,
  timeout: 7,
  denied: 1,
  'upstream-reset': 0x10,
  'too-large': 9,
  'bad-request': 9,
  internal: 3,
};

const ERROR_HEADER: Buffer = pair('sofa_head_response_error', 'true');
const NOTHING: Buffer = Buffer.alloc(0);

/** An answer to `request` that says why there is no other, in the request's version and serialization. */
export function localReply(request: BoltFrame, { reason, message }: LocalReply): Buffer {
  const content = request.sofa ? contentOf(request.codec, message === '' ? reason : message) : undefined;
  const status = content === undefined || reason === 'timeout' || reason === 'overflow' ? STATUS[reason] : SUCCESS;
  const name = content === undefined ? NOTHING : SOFA_RESPONSE;
  // SOFARPC's readers of other serializations than Hessian learn from this header that the content is a text.
  const headers = content === undefined || request.codec === HESSIAN ? NOTHING : ERROR_HEADER;
  const { dialect, id, codec, switches } = request;
  const lengths = [name.length, headers.length, content?.length ?? 0] as const;
  const envelope = { dialect, type: RESPONSE, command: RPC_RESPONSE, id, codec };
  const pieces = [responseHeader(envelope, switches & SWITCHES, status, lengths), name, headers, content ?? NOTHING];
  if (request.checksummed) pieces.push(checksumPiece(pieces));
  return Buffer.concat(pieces);
}

/** The text as SOFARPC's client reads it; undefined in serializations that we cannot write. */
function contentOf(codec: number, text: string): Buffer | undefined {
  if (codec === HESSIAN) return encodeSofaError(text);
  if (codec === PROTOBUF) return Buffer.from(text);
  return codec === JSON_TEXT ? Buffer.from(JSON.stringify(text)) : undefined;
}

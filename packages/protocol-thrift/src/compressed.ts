import { constants, inflateSync } from 'node:zlib';
import type { CodecCore } from '@polywire/core/spi';
import { ThriftFrame, UNFRAMED } from './frame.ts';
import { type OnewayMethods, readMessage } from './message.ts';

/** Compressed bytes that are looked into. Enough for zlib's tables and the name behind them; they inflate to 512 KiB at most. */
const PEEKED_BYTES = 512;
/** Inflates what there is of a message that is cut off. */
const CUT_OFF = { finishFlush: constants.Z_SYNC_FLUSH };

/**
 * Reads type, name and sequence id of a compressed request, which is passed on as it is. Its caller must not be answered when it is one-way:
 * it would take the answer for that of its next call. Go takes no answer that does not repeat the name.
 */
export function readCompressed(frame: ThriftFrame, core: CodecCore, oneways: OnewayMethods | undefined): void {
  const message = inflated(frame);
  if (message === undefined) return;
  const inner = new ThriftFrame('request', message, 0, message.length, message.length, UNFRAMED);
  if (!readMessage(inner, core, oneways) || inner.defect !== undefined || inner.kind === 'response') return;
  frame.kind = inner.kind;
  frame.encoding = inner.encoding;
  frame.service = inner.service;
  frame.method = inner.method;
  frame.seqid = inner.seqid;
  frame.seqidBytes = inner.seqidBytes;
}

/** Of what is no zlib, undefined: it is for the service to refuse. */
function inflated({ chunk, from, to, messageAt }: ThriftFrame): Buffer | undefined {
  const at = from + messageAt;
  try {
    return inflateSync(chunk.subarray(at, Math.min(at + PEEKED_BYTES, to)), CUT_OFF);
  } catch {
    return undefined;
  }
}

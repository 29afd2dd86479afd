import type { HeaderField, LocalReply, LocalReplyReason } from '@polywire/core/spi';
import { encodeMessage } from './grpc.ts';
import type { RequestHead } from './head.ts';

/** Statuses of HTTP and of gRPC, by reason. docs/http2.md holds the table for users. */
const STATUS: Record<LocalReplyReason, readonly [http: number, grpc: number]> = {
  'no-route': [404, 12],
  'no-healthy-upstream': [503, 14],
  overflow: [503, 8],
  timeout: [504, 4],
  denied: [403, 7],
  'upstream-reset': [502, 14],
  'too-large': [413, 8],
  'bad-request': [400, 13],
  internal: [500, 13],
};
/** A CONNECT, whatever is said of it: RFC 9110, section 15.6.2. */
const NOT_IMPLEMENTED = 501;

/** An answer's header list, and its body; no body: the headers end the stream. */
interface ReplyMessage {
  readonly fields: readonly HeaderField[];
  readonly body: Buffer | undefined;
}

/** An answer that says why there is no other: as trailers alone to gRPC's callers, as text to all others. */
export function localReply({ facts }: RequestHead, { reason, message }: LocalReply): ReplyMessage {
  const [http, grpc] = STATUS[reason];
  const text = message === '' ? reason : message;
  if (facts.isConnect) return textReply(NOT_IMPLEMENTED, text);
  if (facts.grpc) return { fields: trailersOnly(grpc, text), body: undefined };
  const whole = textReply(http, text);
  return facts.isHead ? { fields: whole.fields, body: undefined } : whole;
}

/** For what has no head that could be read, too: 431 for a list over the limit. */
export function textReply(status: number, text: string): ReplyMessage {
  const body = Buffer.from(text);
  const fields = [
    field(':status', `${status}`),
    field('content-type', 'text/plain; charset=utf-8'),
    field('content-length', `${body.length}`),
  ];
  return { fields, body };
}

/** gRPC's PROTOCOL-HTTP2.md. Java's clients replace the status when the content type is not gRPC's. */
function trailersOnly(status: number, text: string): readonly HeaderField[] {
  return [
    field(':status', '200'),
    field('content-type', 'application/grpc'),
    field('grpc-status', `${status}`),
    field('grpc-message', encodeMessage(text)),
  ];
}

function field(name: string, value: string): HeaderField {
  return { name, value, neverIndexed: false };
}

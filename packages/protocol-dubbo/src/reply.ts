import type { LocalReply, LocalReplyReason } from '@polywire/core/spi';
import { type DubboFrame, header } from './frame.ts';
import { hessian2Writer } from './serialization/hessian2.ts';
import { HESSIAN2, type Serializations } from './serialization/index.ts';

/**
 * Statuses (Response, Dubbo) by reason. Java makes RpcException TIMEOUT of 31 and SERIALIZATION of 25 (3.x), and NETWORK of all others;
 * its default cluster retries TIMEOUT and NETWORK twice. docs/dubbo.md holds the table for users.
 */
const STATUS: Record<LocalReplyReason, number> = {
  'no-route': 60,
  'no-healthy-upstream': 80,
  overflow: 100,
  timeout: 31,
  denied: 40,
  'upstream-reset': 35,
  'too-large': 25,
  'bad-request': 40,
  internal: 80,
};

/**
 * An answer to `request` that says why there is no other: a status and one string. In the request's serialization when we can write it,
 * else in Hessian 2.0: Java reads an answer that is not OK by the answer's own serialization.
 */
export function localReply(request: DubboFrame, reply: LocalReply, serializations: Serializations): Buffer {
  const writer = serializations[request.format]!.writer;
  const body = (writer ?? hessian2Writer).text(reply.message === '' ? reply.reason : reply.message);
  const serialization = writer === undefined ? HESSIAN2 : request.serialization;
  return Buffer.concat([header(serialization, STATUS[reply.reason], request.idHigh, request.idLow, body.length), body]);
}

import type { Echo, Multiplexing, NewFront } from '@polywire/core/spi';
import { HEADER, type ThriftFrame, type Transport, UNKNOWN } from './frame.ts';
import { messageLength } from './header.ts';
import { withSeqid } from './reframe.ts';
import { unreadableAnswer } from './reply.ts';
import type { Settings } from './settings.ts';
import { stripped } from './strip.ts';

/** Most Thrift servers work on one call of a connection at a time (TThreadPoolServer, TThreaded, TSimple): as many threads as connections. */
const SPREAD = 256;

/**
 * Sequence ids are int32: of fixed width in the binary encoding and changed in place, a varint in the compact one. In a THeader there is
 * another of fixed width. A change of transport replaces what precedes the message.
 */
export class ThriftMultiplexing implements Multiplexing<ThriftFrame> {
  readonly maxId = 0x7fffffff;
  readonly echo: Echo;
  readonly spread?: number;
  readonly #transport: Transport | undefined;
  readonly #strip: boolean;

  constructor({ callsPerConnection, transport, strip }: Settings) {
    this.echo = callsPerConnection === undefined ? 'unproven' : callsPerConnection === 'many' ? 'certain' : 'ignored';
    if (callsPerConnection !== 'many') this.spread = SPREAD;
    this.#transport = transport;
    this.#strip = strip;
  }

  assignId(request: ThriftFrame, id: number): NewFront | undefined {
    if (request.seqidAt === UNKNOWN) return undefined;
    const transport = this.transportOf(request);
    if (this.#strip && request.service !== '') return stripped(request, transport, id);
    return withSeqid(request, transport, id, undefined, id);
  }

  assignedId(response: ThriftFrame): number | undefined {
    const id = response.opaque === undefined ? response.seqid : response.headerSeqid;
    return id > 0 ? id : undefined;
  }

  restoreId(response: ThriftFrame, request: ThriftFrame): NewFront | undefined {
    if (response.seqidAt === UNKNOWN) return this.#restoreUnreadable(response, request);
    // the service saw the caller's own ids, so they are in the answer
    if (request.opaque !== undefined) return undefined;
    return withSeqid(response, request.transport, request.seqid, request.seqidBytes, request.headerSeqid);
  }

  assignable(request: ThriftFrame): boolean {
    return request.seqidAt !== UNKNOWN;
  }

  objection(request: ThriftFrame): string | undefined {
    if (request.opaque === undefined) return undefined;
    if (this.#strip && request.service !== '') return `its message ${request.opaque}, so that its service cannot be stripped`;
    if (this.transportOf(request) === HEADER) return undefined;
    return `its message ${request.opaque}, so that it can be sent to services that speak THeader only (setting transport)`;
  }

  callerId(request: ThriftFrame): number {
    return request.opaque === undefined ? request.seqid : request.headerSeqid;
  }

  /** What the services will be sent. */
  transportOf(request: ThriftFrame): Transport {
    return this.#transport ?? request.transport;
  }

  /** An answer that was transformed holds our id where nobody can change it: whoever can read it would not take it for its own. */
  #restoreUnreadable(response: ThriftFrame, request: ThriftFrame): NewFront | undefined {
    if (request.opaque !== undefined || response.to - response.from < response.length || messageLength(response) < 0) return undefined;
    return { front: unreadableAnswer(response, request), replaces: response.length };
  }
}

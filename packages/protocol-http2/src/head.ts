import type { HeaderEdits, HeaderField, LookupResult, Outcome } from '@polywire/core/spi';

/** A message that must not be passed on, and why: RFC 9113, section 8.1.1. A stream error PROTOCOL_ERROR. */
export class Malformed {
  readonly detail: string;

  constructor(detail: string) {
    this.detail = detail;
  }
}

/** What the rules made of a request's header block. */
interface RequestReading {
  readonly method: string;
  readonly scheme: string;
  /** Of `:authority`, else of `host`; empty when there is neither. */
  readonly authority: string;
  /** With its query. Empty for CONNECT. */
  readonly path: string;
  /** Octets; -1: not said. */
  readonly contentLength: number;
  /** To be forwarded, as they came. */
  readonly fields: readonly HeaderField[];
  readonly isConnect: boolean;
  readonly grpc: boolean;
  /** Milliseconds by `grpc-timeout`; 0: not said, or not readable. */
  readonly timeoutMs: number;
}

/** What is known of a request by its header block alone. Shared by all requests with that block. */
export class RequestFacts implements RequestReading {
  readonly method: string;
  readonly scheme: string;
  readonly authority: string;
  readonly path: string;
  readonly contentLength: number;
  readonly fields: readonly HeaderField[];
  /** Also of RFC 8441's kind. Not forwarded: localReply() refuses it with 501. */
  readonly isConnect: boolean;
  /** Its answer has no body, whatever its content-length says. */
  readonly isHead: boolean;
  /** Its caller reads grpc-status. */
  readonly grpc: boolean;
  readonly timeoutMs: number;
  /** As the engine knows it; undefined: nobody asked yet. */
  service: string | undefined = undefined;
  /** The path without its query; undefined: nobody asked yet. */
  pathOnly: string | undefined = undefined;
  /** The last scan that ran, and what it found. */
  scannedBy: object | undefined = undefined;
  scanned: readonly LookupResult[] = [];
  /** The last edits that were made, and what they came to. */
  editedBy: HeaderEdits | undefined = undefined;
  edited: readonly HeaderField[] | undefined = undefined;

  constructor(reading: RequestReading) {
    this.method = reading.method;
    this.scheme = reading.scheme;
    this.authority = reading.authority;
    this.path = reading.path;
    this.contentLength = reading.contentLength;
    this.fields = reading.fields;
    this.isConnect = reading.isConnect;
    this.isHead = reading.method === 'HEAD';
    this.grpc = reading.grpc;
    this.timeoutMs = reading.timeoutMs;
  }
}

/** What the rules made of an answer's header block. */
interface ResponseReading {
  readonly status: number;
  /** Octets that the body must have, unless the request was HEAD; -1: not said. */
  readonly contentLength: number;
  readonly fields: readonly HeaderField[];
  readonly outcome: Outcome;
}

/** What is known of an answer by its header block alone. Shared by all answers with that block. */
export class ResponseFacts implements ResponseReading {
  readonly status: number;
  /** Another head follows. */
  readonly interim: boolean;
  readonly contentLength: number;
  readonly fields: readonly HeaderField[];
  readonly outcome: Outcome;
  /** The last edits that were made, and what they came to. */
  editedBy: HeaderEdits | undefined = undefined;
  edited: readonly HeaderField[] | undefined = undefined;

  constructor(reading: ResponseReading) {
    this.status = reading.status;
    this.interim = reading.status < 200;
    this.contentLength = reading.contentLength;
    this.fields = reading.fields;
    this.outcome = reading.outcome;
  }
}

/** The head of one request. */
export class RequestHead {
  readonly facts: RequestFacts;
  /** Of its header block as it came. */
  readonly wireBytes: number;
  /** What is left of its deadline, in milliseconds; 0: as it came. */
  remainingMs = 0;

  constructor(facts: RequestFacts, wireBytes: number) {
    this.facts = facts;
    this.wireBytes = wireBytes;
  }
}

/** The head of one answer, or one before it. */
export class ResponseHead {
  readonly facts: ResponseFacts;
  /** Of its header block as it came. */
  readonly wireBytes: number;

  constructor(facts: ResponseFacts, wireBytes: number) {
    this.facts = facts;
    this.wireBytes = wireBytes;
  }
}

import type { HeaderField } from '@polywire/core/spi';
import { badName, badValue, connectionSpecific, quote, twice } from './faults.ts';
import {
  ALT_SVC,
  CONNECTION_SPECIFIC,
  CONTENT_LENGTH,
  CONTENT_TYPE,
  GRPC_STATUS,
  ILLEGAL,
  isFieldValue,
  isTrailers,
  kindOf,
  PLAIN,
  readContentLength,
  TE,
} from './field-rules.ts';
import { isGrpc } from './grpc.ts';
import { Malformed, ResponseFacts } from './head.ts';
import type { HeaderBlock } from './header-block.ts';
import { grpcOutcome, httpOutcome } from './outcome.ts';

const STATUS = /^[1-9][0-9]{2}$/;
const SWITCHING_PROTOCOLS = 101;
const NO_CONTENT = 204;
const NOT_MODIFIED = 304;

/**
 * What an answer's header block says, by RFC 9113, sections 8.2 and 8.3. Found out once for each distinct block.
 * @param block not over the decoder's limit
 */
export function readResponse(block: HeaderBlock): ResponseFacts | Malformed {
  block.response ??= judge(block.fields);
  return block.response;
}

function judge(fields: readonly HeaderField[]): ResponseFacts | Malformed {
  const reader = new ResponseReader();
  const fault = reader.read(fields);
  return fault === undefined ? reader.facts(fields) : new Malformed(fault);
}

class ResponseReader {
  #status = 0;
  #contentLength = -1;
  #altSvc = false;
  #grpc = false;
  #grpcStatus: string | undefined = undefined;

  /** What is wrong. */
  read(fields: readonly HeaderField[]): string | undefined {
    const first = fields[0];
    if (first?.name !== ':status') return 'the answer does not begin with :status';
    if (!STATUS.test(first.value)) return badValue(':status', first.value);
    this.#status = Number(first.value);
    // Section 8.6
    if (this.#status === SWITCHING_PROTOCOLS) return 'HTTP/2 has no status 101';
    for (let i = 1; i < fields.length; i++) {
      const { name, value } = fields[i]!;
      if (name.charCodeAt(0) === 0x3a) return `pseudo-header ${quote(name)} is unknown, too late or too many`;
      const fault = this.#readField(name, value);
      if (fault !== undefined) return fault;
    }
    if (this.#status === NO_CONTENT && this.#contentLength > 0) return 'an answer 204 has no content-length';
    return undefined;
  }

  facts(fields: readonly HeaderField[]): ResponseFacts {
    const status = this.#status;
    const bodyless = status === NO_CONTENT || status === NOT_MODIFIED;
    return new ResponseFacts({
      status,
      contentLength: bodyless ? 0 : this.#contentLength,
      fields: this.#forwarded(fields),
      outcome: this.#grpc && status === 200 && this.#grpcStatus !== undefined ? grpcOutcome(this.#grpcStatus) : httpOutcome(status),
    });
  }

  /**
   * Without alt-svc, which would lead callers past the proxy, and without a content-length where RFC 9110, section 8.6, forbids it: callers
   * on nghttp2 give an answer up for that.
   */
  #forwarded(fields: readonly HeaderField[]): readonly HeaderField[] {
    const unsized = this.#contentLength >= 0 && (this.#status < 200 || this.#status === NO_CONTENT);
    if (!unsized && !this.#altSvc) return fields;
    return fields.filter(({ name }) => name !== 'alt-svc' && !(unsized && name === 'content-length'));
  }

  #readField(name: string, value: string): string | undefined {
    const kind = kindOf(name);
    if (!isFieldValue(value)) return badValue(name, value);
    if (kind === PLAIN) return undefined;
    switch (kind) {
      case ILLEGAL:
        return badName(name);
      case CONNECTION_SPECIFIC:
        return connectionSpecific(name);
      case TE:
        // It means nothing here, but Dubbo 3.3's tri providers say it, and callers do not mind.
        return isTrailers(value) ? undefined : badValue(name, value);
      case CONTENT_LENGTH:
        if (this.#contentLength >= 0) return twice(name);
        this.#contentLength = readContentLength(value);
        return this.#contentLength >= 0 ? undefined : badValue(name, value);
      case CONTENT_TYPE:
        this.#grpc = isGrpc(value);
        return undefined;
      case GRPC_STATUS:
        this.#grpcStatus = value;
        return undefined;
      case ALT_SVC:
        this.#altSvc = true;
        return undefined;
      default:
        return undefined;
    }
  }
}

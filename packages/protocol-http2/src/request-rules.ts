import type { HeaderField } from '@polywire/core/spi';
import { isAuthority, sameAuthority } from './authority.ts';
import { badName, badValue, connectionSpecific, missing, quote, twice } from './faults.ts';
import {
  CONNECTION_SPECIFIC,
  CONTENT_LENGTH,
  CONTENT_TYPE,
  GRPC_TIMEOUT,
  HOST,
  ILLEGAL,
  isFieldValue,
  isTrailers,
  kindOf,
  PLAIN,
  readContentLength,
  TE,
} from './field-rules.ts';
import { isGrpc, readTimeout } from './grpc.ts';
import { Malformed, RequestFacts } from './head.ts';
import type { HeaderBlock } from './header-block.ts';

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const SCHEME = /^[A-Za-z][A-Za-z0-9+\-.]*$/;
const WEB_SCHEME = /^https?$/i;
/** More than RFC 3986 allows, since bytes above ASCII are common; but nothing that ends a path, and no fragment. */
const PATH = /^[!"$-~\x80-\xff]*$/;

/**
 * What a request's header block says, by RFC 9113, sections 8.2 and 8.3. Found out once for each distinct block.
 * @param block not over the decoder's limit
 */
export function readRequest(block: HeaderBlock): RequestFacts | Malformed {
  block.request ??= judge(block.fields);
  return block.request;
}

function judge(fields: readonly HeaderField[]): RequestFacts | Malformed {
  const reader = new RequestReader();
  const fault = reader.read(fields);
  return fault === undefined ? reader.facts(fields) : new Malformed(fault);
}

class RequestReader {
  #method: string | undefined = undefined;
  #scheme: string | undefined = undefined;
  #authority: string | undefined = undefined;
  #path: string | undefined = undefined;
  #protocol: string | undefined = undefined;
  #host: string | undefined = undefined;
  #contentLength = -1;
  #grpc = false;
  #timeoutMs = 0;

  /** What is wrong. */
  read(fields: readonly HeaderField[]): string | undefined {
    let pseudo = true;
    for (let i = 0; i < fields.length; i++) {
      const { name, value } = fields[i]!;
      let fault: string | undefined;
      if (name.charCodeAt(0) === 0x3a) {
        fault = pseudo ? this.#readPseudo(name, value) : `pseudo-header ${quote(name)} stands behind headers`;
      } else {
        pseudo = false;
        fault = this.#readField(name, value);
      }
      if (fault !== undefined) return fault;
    }
    return this.#missing() ?? this.#disagreement();
  }

  facts(fields: readonly HeaderField[]): RequestFacts {
    return new RequestFacts({
      method: this.#method ?? '',
      scheme: this.#scheme ?? '',
      authority: this.#authority ?? this.#host ?? '',
      path: this.#path ?? '',
      contentLength: this.#contentLength,
      fields,
      isConnect: this.#method === 'CONNECT',
      grpc: this.#grpc,
      timeoutMs: this.#timeoutMs,
    });
  }

  #readPseudo(name: string, value: string): string | undefined {
    switch (name) {
      case ':method':
        if (this.#method !== undefined) return twice(name);
        this.#method = value;
        return value === 'GET' || value === 'POST' || TOKEN.test(value) ? undefined : badValue(name, value);
      case ':scheme':
        if (this.#scheme !== undefined) return twice(name);
        this.#scheme = value;
        return isWeb(value) || SCHEME.test(value) ? undefined : badValue(name, value);
      case ':authority':
        if (this.#authority !== undefined) return twice(name);
        this.#authority = value;
        return isAuthority(value) ? undefined : badValue(name, value);
      case ':path':
        if (this.#path !== undefined) return twice(name);
        this.#path = value;
        return PATH.test(value) ? undefined : badValue(name, value);
      case ':protocol':
        if (this.#protocol !== undefined) return twice(name);
        this.#protocol = value;
        return undefined;
      default:
        return `requests have no pseudo-header ${quote(name)}`;
    }
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
        return isTrailers(value) ? undefined : badValue(name, value);
      case HOST:
        if (this.#host !== undefined) return twice(name);
        this.#host = value;
        return isAuthority(value) ? undefined : badValue(name, value);
      case CONTENT_LENGTH:
        if (this.#contentLength >= 0) return twice(name);
        this.#contentLength = readContentLength(value);
        return this.#contentLength >= 0 ? undefined : badValue(name, value);
      case CONTENT_TYPE:
        this.#grpc = isGrpc(value);
        return undefined;
      case GRPC_TIMEOUT:
        this.#timeoutMs = readTimeout(value);
        return undefined;
      default:
        return undefined;
    }
  }

  /** Sections 8.3.1 and 8.5; RFC 8441, section 4. */
  #missing(): string | undefined {
    if (this.#method === undefined) return missing(':method');
    if (this.#method === 'CONNECT') {
      if (this.#authority === undefined) return missing(':authority');
      if (this.#protocol === undefined) {
        return this.#scheme === undefined && this.#path === undefined ? undefined : 'CONNECT has neither :scheme nor :path';
      }
    } else if (this.#protocol !== undefined) return 'only CONNECT has the pseudo-header ":protocol"';
    if (this.#scheme === undefined) return missing(':scheme');
    if (this.#path === undefined) return missing(':path');
    if (this.#path.charCodeAt(0) === 0x2f || !isWeb(this.#scheme)) return undefined;
    return this.#path === '*' && this.#method === 'OPTIONS' ? undefined : badValue(':path', this.#path);
  }

  #disagreement(): string | undefined {
    if (this.#authority === undefined || this.#host === undefined) return undefined;
    if (sameAuthority(this.#authority, this.#host, this.#scheme ?? '')) return undefined;
    return `:authority ${quote(this.#authority)} and host ${quote(this.#host)} disagree`;
  }
}

function isWeb(scheme: string): boolean {
  return scheme === 'http' || scheme === 'https' || WEB_SCHEME.test(scheme);
}

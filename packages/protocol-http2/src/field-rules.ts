/** What a field's name asks of the rules. */
export const PLAIN = 0;
/** Not a name of RFC 9113, section 8.2.1. */
export const ILLEGAL = 1;
/** Speaks of one connection: RFC 9113, section 8.2.2. */
export const CONNECTION_SPECIFIC = 2;
export const TE = 3;
export const HOST = 4;
export const CONTENT_LENGTH = 5;
export const CONTENT_TYPE = 6;
export const GRPC_TIMEOUT = 7;
export const GRPC_STATUS = 8;
/** Tells callers of other addresses, past the proxy: RFC 7838. */
export const ALT_SVC = 9;

/** Names that were judged. Those of a compression table come as one string object, so that a look-up costs a pointer. */
const KINDS = new Map<string, number>([
  ['connection', CONNECTION_SPECIFIC],
  ['proxy-connection', CONNECTION_SPECIFIC],
  ['keep-alive', CONNECTION_SPECIFIC],
  ['transfer-encoding', CONNECTION_SPECIFIC],
  ['upgrade', CONNECTION_SPECIFIC],
  ['te', TE],
  ['host', HOST],
  ['content-length', CONTENT_LENGTH],
  ['content-type', CONTENT_TYPE],
  ['grpc-timeout', GRPC_TIMEOUT],
  ['grpc-status', GRPC_STATUS],
  ['alt-svc', ALT_SVC],
]);
/** So that callers who make names up fill nothing. */
const MOST_KINDS = 1024;
const LONGEST_KEPT = 64;

/** The kind of a name that does not begin with a colon. */
export function kindOf(name: string): number {
  const known = KINDS.get(name);
  if (known !== undefined) return known;
  const kind = isFieldName(name) ? PLAIN : ILLEGAL;
  if (KINDS.size < MOST_KINDS && name.length <= LONGEST_KEPT) KINDS.set(name, kind);
  return kind;
}

/**
 * RFC 9113, section 8.2.1, says what a name must not have: controls, blanks, upper case, DEL and beyond, a colon. It also recommends to
 * allow RFC 9110's tokens only. Dubbo's Triple clients write the keys of attachments as names and check nothing, so `user/id` and `a@b`
 * are passed on: HTTP/2 delimits names by their length, so they can be taken for nothing else.
 */
export function isFieldName(name: string): boolean {
  for (let i = 0; i < name.length; i++) {
    const c = name.charCodeAt(i);
    if (c <= 0x20 || c >= 0x7f || (c >= 0x41 && c <= 0x5a) || c === 0x3a) return false;
  }
  return name !== '';
}

/** RFC 9113, section 8.2.1: no NUL, CR or LF, and no blank at either end. Other controls may be passed on: RFC 9110, section 5.5. */
export function isFieldValue(value: string): boolean {
  const length = value.length;
  if (length === 0) return true;
  if (isBlank(value.charCodeAt(0)) || isBlank(value.charCodeAt(length - 1))) return false;
  for (let i = 0; i < length; i++) {
    const c = value.charCodeAt(i);
    if (c <= 0x0d && (c === 0x0d || c === 0x0a || c === 0)) return false;
  }
  return true;
}

function isBlank(c: number): boolean {
  return c === 0x20 || c === 0x09;
}

/**
 * Octets; -1: not a number. RFC 9110, section 8.6, allows to read `5, 5` as 5, or to refuse it, which leaves nothing to understand in two
 * ways.
 */
export function readContentLength(value: string): number {
  if (!/^[0-9]{1,16}$/.test(value)) return -1;
  const octets = Number(value);
  return Number.isSafeInteger(octets) ? octets : -1;
}

/** The one value of `te` that may be there: RFC 9113, section 8.2.2. */
export function isTrailers(value: string): boolean {
  return value.toLowerCase() === 'trailers';
}

import type { HeaderField } from '@polywire/core/spi';

/** RFC 7541, appendix A, from index 1. */
const ENTRIES = `:authority
:method GET
:method POST
:path /
:path /index.html
:scheme http
:scheme https
:status 200
:status 204
:status 206
:status 304
:status 400
:status 404
:status 500
accept-charset
accept-encoding gzip, deflate
accept-language
accept-ranges
accept
access-control-allow-origin
age
allow
authorization
cache-control
content-disposition
content-encoding
content-language
content-length
content-location
content-range
content-type
cookie
date
etag
expect
expires
from
host
if-match
if-modified-since
if-none-match
if-range
if-unmodified-since
last-modified
link
location
max-forwards
proxy-authenticate
proxy-authorization
range
referer
refresh
retry-after
server
set-cookie
strict-transport-security
transfer-encoding
user-agent
vary
via
www-authenticate`;

/** The static table; its first entry has index 1. */
export const STATIC_FIELDS: readonly HeaderField[] = ENTRIES.split('\n').map((line) => {
  const space = line.indexOf(' ');
  return { name: space < 0 ? line : line.slice(0, space), value: space < 0 ? '' : line.slice(space + 1), neverIndexed: false };
});

/** The number of static entries: the newest dynamic entry has the index behind it. */
export const STATIC_ENTRIES = STATIC_FIELDS.length;

/** What a table counts for an entry besides the octets of its name and value: RFC 7541, section 4.1. */
export const ENTRY_OVERHEAD = 32;

/** An entry's or a listed field's size in octets. */
export function fieldBytes(field: HeaderField): number {
  return field.name.length + field.value.length + ENTRY_OVERHEAD;
}

import { createHash } from 'node:crypto';
import type { ServiceIdentity } from '@polywire/core/spi';

/** Stands in a host for no version, where there is a group. Dubbo takes it for none, too. */
const NO_VERSION = '0.0.0';
const MAX_HOST = 253;
const MAX_LABEL = 63;
/** Characters of readable text in a host that carries a hash. */
const MAX_READABLE = 180;

/**
 * The host of a service: DNS-legal, the same for the same identity everywhere, and different for different ones, ignoring case.
 *
 * Names that follow Java's conventions stay readable, in a form that can be read back: packages as they are, the class in kebab case, then
 * one label `<version>[-<group>]` when there is a version or group (`0-0-0` for a group without version):
 * `com.acme.UserService` -> `com.acme.user-service.dubbo`, `gray/com.acme.UserService:1.0.0` -> `com.acme.user-service.1-0-0-gray.dubbo`.
 *
 * Every other name gets a label `0x<64 bits of SHA-256>`, which no readable host can contain, behind as much text as is legal:
 * `com.acme.foo` -> `com.acme.foo.0x….dubbo`.
 *
 * @param domain keeps hosts apart from those of other kinds of services, from real DNS names and from hand-written hosts
 */
export function hostName(identity: ServiceIdentity, domain: string): string {
  return readableHost(identity, domain) ?? hashedHost(identity, domain);
}

// Each part must be reversible, or two services could meet: labels that start with a letter belong to the interface; the one
// label that starts with a digit is version and group, of which the group starts with a letter.
function readableHost({ name, group, version }: ServiceIdentity, domain: string): string | undefined {
  const segments = name.split('.');
  const className = segments.pop() ?? '';
  if (!segments.every((segment) => /^[a-z][a-z0-9]*$/.test(segment)) || !/^(?:[A-Z][a-z0-9]*)+$/.test(className)) return undefined;
  if (version !== undefined && (version === NO_VERSION || !/^\d+(?:\.\d+)*$/.test(version))) return undefined;
  if (group !== undefined && !/^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/.test(group)) return undefined;
  const kebab = className.replace(/[A-Z]/g, (letter, at: number) => (at === 0 ? '' : '-') + letter.toLowerCase());
  const labels = [...segments, kebab];
  if (version !== undefined || group !== undefined) {
    labels.push([(version ?? NO_VERSION).replaceAll('.', '-'), ...(group === undefined ? [] : [group])].join('-'));
  }
  const host = [...labels, domain].join('.');
  return host.length <= MAX_HOST && labels.every((label) => label.length <= MAX_LABEL) ? host : undefined;
}

/** As `hostName` of a name that is not readable. */
export function hashedHost(identity: ServiceIdentity, domain: string): string {
  const { name, group, version } = identity;
  // Not the service key: it is ambiguous when a name contains `/` or `:`
  const exact = JSON.stringify([name, group ?? null, version ?? null]);
  const hash = createHash('sha256').update(exact).digest('hex').slice(0, 16);
  const readable = `${group === undefined ? '' : `${group}/`}${name}${version === undefined ? '' : `:${version}`}`
    .slice(0, MAX_READABLE)
    .toLowerCase()
    .split('.')
    .map((label) =>
      label
        .replace(/[^a-z0-9]+/g, '-')
        .slice(0, MAX_LABEL)
        .replace(/^-+|-+$/g, ''),
    )
    .filter((label) => label !== '');
  return [...readable, `0x${hash}`, domain].join('.');
}

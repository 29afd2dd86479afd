import { createHash } from 'node:crypto';
import type { ServiceIdentity } from '@polywire/core/spi';
import { NO_VERSION, serviceKey } from './service-key.ts';

/** Keeps generated hosts apart from real DNS names and hand-written hosts. */
const DOMAIN = 'dubbo';
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
 */
export function hostName(identity: ServiceIdentity): string {
  return readableHost(identity) ?? hashedHost(identity);
}

// Each part must be reversible, or two services could meet: labels that start with a letter belong to the interface; the one
// label that starts with a digit is version and group, of which the group starts with a letter.
function readableHost({ name, group, version }: ServiceIdentity): string | undefined {
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
  const host = [...labels, DOMAIN].join('.');
  return host.length <= MAX_HOST && labels.every((label) => label.length <= MAX_LABEL) ? host : undefined;
}

function hashedHost(identity: ServiceIdentity): string {
  // Not the service key: it is ambiguous when a name contains `/` or `:`
  const exact = JSON.stringify([identity.name, identity.group ?? null, identity.version ?? null]);
  const hash = createHash('sha256').update(exact).digest('hex').slice(0, 16);
  const readable = serviceKey(identity)
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
  return [...readable, `0x${hash}`, DOMAIN].join('.');
}

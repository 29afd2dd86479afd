import type { Endpoint } from '@polywire/core/spi';

/** The parameter that says a provider's static tag, and the attachment that asks for one. */
export const TAG = 'dubbo.tag';

/** What a provider says of itself under a key, be it a label or not. */
export function parameterOf({ labels, metadata }: Endpoint, key: string): string | undefined {
  return labels.get(key) ?? metadata.get(key);
}

/** The tag that a provider says itself. */
export function tagOf(endpoint: Endpoint): string | undefined {
  return parameterOf(endpoint, TAG) || undefined;
}

/** The application that a provider is of. */
export function applicationOf(endpoint: Endpoint): string | undefined {
  return parameterOf(endpoint, 'application');
}

import type { Endpoint } from '@polywire/core/spi';

/** The parameter that says a provider's static tag, and the attachment that asks for one. */
export const TAG = 'dubbo.tag';

/** What a provider says of itself under a key, be it a label or not. */
export function parameterOf({ labels, metadata }: Endpoint, key: string): string | undefined {
  return labels.get(key) ?? metadata.get(key);
}

/** The tag that a provider says itself. */
export function tagOf({ labels, metadata, origin }: Endpoint): string | undefined {
  const label = labels.get(TAG);
  if (label !== undefined) return label || undefined;
  // Metadata are read from nodes' names when they are asked for, which would take long for all providers of a registry.
  const isWorthwhile = origin.includes(TAG) || !origin.includes('%3A%2F%2F');
  return isWorthwhile ? metadata.get(TAG) || undefined : undefined;
}

/** The application that a provider is of. */
export function applicationOf(endpoint: Endpoint): string | undefined {
  return parameterOf(endpoint, 'application');
}

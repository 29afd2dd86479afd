import type { NodeUrl } from '../node-url.ts';

/** The parameter, or the provider-wide `default.` one that 2.6 writes (URL.getParameter); empty values count as absent. */
export function parameter(url: NodeUrl, key: string): string | undefined {
  return url.parameters.get(key) || url.parameters.get(`default.${key}`) || undefined;
}

import type { Polywire } from './polywire.ts';

/** What must not be there any more when all callers are gone. */
const OF_CALLERS = ['polywire_requests_active', 'polywire_downstream_connections_active', 'polywire_endpoint_requests_active'];

/** Resolves when the proxy keeps nothing of callers that are gone; fails with what it still counts. */
export async function nothingIsLeft(proxy: Polywire): Promise<void> {
  await proxy.until('/stats', (body) => {
    const lines = body.split('\n').filter((line) => OF_CALLERS.some((name) => line.startsWith(`${name}{`) || line.startsWith(`${name} `)));
    return lines.length > 0 && lines.every((line) => line.endsWith(' 0'));
  });
}

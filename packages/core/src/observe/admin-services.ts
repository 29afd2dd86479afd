import type { Endpoint } from '../cluster/endpoint.ts';
import { maskSecrets, shownValue } from '../errors/secrets.ts';
import type { DirectoryEntry } from '../registry/entry-index.ts';
import type { UnreadPart } from '../registry/service-entry-store.ts';
import { formatAddress } from '../transport/listen.ts';

/** Where everything that is known of services comes from: a head line for each source's word on one, and below it its endpoints. */
export function renderServices(entries: readonly DirectoryEntry[]): string {
  const lines: string[] = [];
  for (const { source, entry, held } of entries) {
    const { host, origin, endpoints } = entry;
    lines.push(`${host} of ${source}${held === undefined ? '' : `, held (${held})`}`, `  origin: ${origin}`);
    if (endpoints.length === 0) lines.push('  no endpoints');
    for (const endpoint of endpoints) lines.push(...renderEndpoint(endpoint));
  }
  return lines.map((line) => `${maskSecrets(line)}\n`).join('');
}

function* renderEndpoint({ address, port, weight, labels, origin, learnt, overrides = [] }: Endpoint): Generator<string> {
  yield `  ${formatAddress(address, port)}: weight ${weight}`;
  yield `    origin: ${origin}`;
  if (learnt !== undefined) yield `    learnt: ${new Date(learnt.at).toISOString()} in session ${learnt.session}`;
  for (const override of overrides) yield `    override: ${override.effect} (${override.origin})`;
  if (labels.size > 0) yield `    labels: ${[...labels].map(([name, value]) => `${name}=${shownValue(name, value)}`).join(',')}`;
}

/** What of a service could never be read, one line for each part. */
export function renderUnread(parts: readonly (UnreadPart & { readonly source: string })[]): string {
  return parts.map(({ source, origin, reason }) => maskSecrets(`not read (${reason}) of ${source}: ${origin}\n`)).join('');
}

/** What is known as data. */
export function serviceData(entries: readonly DirectoryEntry[]): unknown {
  return entries.map(({ source, held, entry }) => ({
    source,
    held,
    ...entry,
    endpoints: entry.endpoints.map(({ learnt, ...endpoint }) => ({
      ...endpoint,
      ...(learnt && { learnt: { session: learnt.session, at: new Date(learnt.at).toISOString() } }),
    })),
  }));
}

import { isSecretName, MASK, maskSecrets } from '../errors/secrets.ts';
import type { PublisherStatus } from '../publish/publisher.ts';
import type { SourceStatus } from '../registry/service-entry-store.ts';
import type { ClusterStatus, ListenerStatus } from './admin-source.ts';
import type { Metric } from './metrics.ts';
import { seriesName } from './prometheus.ts';

/** JSON with maps and sets as objects and arrays, and every value under a secret's name, or a URL's user part, masked. */
export function renderJson(value: unknown): string {
  return `${JSON.stringify(value, replaceForJson, 2) ?? 'null'}\n`;
}

function replaceForJson(name: string, value: unknown): unknown {
  if (isSecretName(name) && (typeof value === 'string' || typeof value === 'number' || Array.isArray(value))) return MASK;
  if (typeof value === 'string') return maskSecrets(value);
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Map) return Object.fromEntries(value);
  if (value instanceof Set) return [...value];
  return value;
}

/** One line per series; a histogram shows its count and mean, since its buckets are for machines. */
export function renderStats(metrics: Iterable<Metric>): string {
  const lines: string[] = [];
  for (const { family, labels, value } of metrics) {
    if (typeof value === 'number') {
      lines.push(`${seriesName(family.name, labels)} ${value}`);
    } else {
      const mean = value.count === 0 ? 0 : value.sum / value.count;
      lines.push(`${seriesName(`${family.name}_count`, labels)} ${value.count}`, `${seriesName(`${family.name}_mean`, labels)} ${mean}`);
    }
  }
  return lines.map((line) => `${line}\n`).join('');
}

/** `listener::field::value`, as clusters are written. */
export function renderListeners(listeners: Iterable<ListenerStatus>): string {
  const lines: string[] = [];
  for (const { name, address, protocols, fallback, upstream, tls, connections } of listeners) {
    lines.push(`${name}::address::${address}`);
    for (const protocol of protocols) {
      const settings = Object.entries(protocol.settings).map(([setting, value]) => ` ${setting}=${value}`);
      lines.push(`${name}::protocol::${protocol.name}${settings.join('')}`);
    }
    if (tls !== undefined) lines.push(`${name}::tls::${tls}`);
    if (fallback !== undefined) lines.push(`${name}::fallback::${fallback}`);
    lines.push(`${name}::upstream::${upstream ?? 'by routes'}`, `${name}::connections::${connections}`);
  }
  return lines.map((line) => `${line}\n`).join('');
}

/** `cluster::endpoint::field::value`, as Envoy writes it, so that existing scripts can read it. */
export function renderClusters(clusters: Iterable<ClusterStatus>): string {
  const lines: string[] = [];
  for (const cluster of clusters) {
    lines.push(`${cluster.name}::load_balancer::${cluster.loadBalancer}`, `${cluster.name}::origin::${cluster.origin}`);
    if (cluster.tls !== undefined) lines.push(`${cluster.name}::tls::${cluster.tls}`);
    if (cluster.endpoints.length === 0) lines.push(`${cluster.name}::no endpoints`);
    for (const endpoint of cluster.endpoints) {
      const { address, labels, available, backoffMs, warming, ...rest } = endpoint;
      const fields = {
        health: available ? 'available' : `backing off for ${backoffMs} ms`,
        weight: rest.weight,
        ...(warming && { effective_weight: Number(warming.weight.toPrecision(3)), warming_up_until: warming.until }),
        active_requests: rest.activeRequests,
        connections: rest.connections,
        labels: Object.entries(labels)
          .map(([name, value]) => `${name}=${value}`)
          .join(','),
        origin: rest.origin,
      };
      for (const [field, value] of Object.entries(fields)) lines.push(`${cluster.name}::${address}::${field}::${value}`);
    }
  }
  return lines.map((line) => `${line}\n`).join('');
}

function counted(count: number, name: string): string {
  return `${count} ${name}${count === 1 ? '' : 's'}`;
}

/** A head line per source and indented ones: what was never read, and each service. */
export function renderRegistries(registries: Iterable<SourceStatus>): string {
  const lines: string[] = [];
  for (const { name, state, reason, since, session, lastSync, services, unread } of registries) {
    const when = lastSync === undefined ? 'never' : new Date(lastSync).toISOString();
    const began = new Date(since).toISOString();
    const where = session === undefined ? '' : `, session ${session}`;
    const why = reason === undefined ? '' : ` (${reason})`;
    lines.push(`${name}: ${state}${why} since ${began}${where}, last sync ${when}, ${counted(services.length, 'service')}`);
    lines.push(...unread.first.map(({ origin, reason }) => `  not read (${reason}): ${maskSecrets(origin)}`));
    if (unread.count > unread.first.length) lines.push(`  not read: ${unread.count - unread.first.length} more`);
    for (const service of services) {
      lines.push(
        `  ${service.host}: ${counted(service.endpoints, 'endpoint')}${service.held === undefined ? '' : `, held (${service.held})`}`,
      );
    }
  }
  return lines.map((line) => `${line}\n`).join('');
}

/** A head line per publisher and an indented one per service and place. */
export function renderPublishers(publishers: Iterable<PublisherStatus>): string {
  const lines: string[] = [];
  for (const { name, address, state, session, problem, services } of publishers) {
    const as = [...(address === undefined ? [] : [`as ${address}`]), ...(session === undefined ? [] : [`session ${session}`])];
    lines.push([`${name}: ${state}${problem === undefined ? '' : ` (${problem})`}`, ...as, counted(services.length, 'service')].join(', '));
    for (const { service, places, state: stands, reason } of services) {
      lines.push(`  ${service}: ${stands}${reason === undefined ? '' : ` (${reason})`}`, ...places.map((place) => `    ${place}`));
    }
  }
  return lines.map((line) => `${maskSecrets(line)}\n`).join('');
}

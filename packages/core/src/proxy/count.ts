import type { ClusterStats } from '../cluster/cluster.ts';
import type { ListenerStats } from '../observe/listener-stats.ts';
import type { Outcome } from '../protocol/spi.ts';
import type { ProxiedExchange } from './exchange.ts';

/** Counts a request that is over. A business error is the answer of a healthy service. */
export function countEnd<Req, Res>(exchange: ProxiedExchange<Req, Res>, stats: ListenerStats): void {
  stats.requestsActive--;
  stats.duration.record(exchange.elapsedUs);
  const { outcome, target, cluster } = exchange;
  if (outcome === undefined) return;
  stats.outcomes[outcome]++;
  const healthy = outcome === 'ok' || outcome === 'business-error';
  if (!healthy && target !== undefined) target.pool.stats.failures++;
  if (cluster !== undefined) countOutcome(cluster.stats, outcome);
}

function countOutcome(counts: ClusterStats, outcome: Outcome): void {
  if (outcome === 'ok') counts.ok++;
  else if (outcome === 'business-error') counts.businessErrors++;
  else if (outcome === 'timeout') counts.timeouts++;
  else counts.failures++;
}

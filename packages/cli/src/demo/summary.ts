import { METRICS, type Metric } from '@polywire/core';
import { type Style, table } from '../terminal.ts';
import { RECENT_SECONDS, type TrafficRow } from './traffic.ts';

/**
 * Calls by caller and answerer, as lines.
 * @param width columns to keep within, escape sequences not counted
 */
export function summaryLines(
  rows: readonly TrafficRow[],
  metrics: Iterable<Metric>,
  style: Style,
  width = Number.POSITIVE_INFINITY,
): string[] {
  const calls = shares(rows, ({ latency }) => latency.count);
  const recent = shares(rows, ({ seconds }) => seconds.reduce((sum, count) => sum + count, 0));
  const cells = rows.map(({ caller, answeredBy, latency }, row) => [
    caller,
    answeredBy,
    String(latency.count),
    calls[row] ?? '',
    recent[row] ?? '',
    milliseconds(latency.quantile(0.5)),
    milliseconds(latency.quantile(0.99)),
  ]);
  const clip = (line: string) => line.slice(0, width);
  const [head = '', ...body] = table([['caller', 'answered by', 'calls', 'share', `last ${RECENT_SECONDS} s`, 'p50', 'p99'], ...cells]);
  const routes = routeCounts(metrics);
  const last = routes === '' ? [] : [style.dim(clip(`by route, as the proxy counts: ${routes}`))];
  return [style.bold(clip(head)), ...body.map(clip), ...last];
}

/** One line for output that is no terminal. */
export function summaryLine(rows: readonly TrafficRow[]): string {
  const parts = rows.map(({ caller, answeredBy, latency }) => `${caller} -> ${answeredBy} ${latency.count}`);
  return parts.length === 0 ? 'no call yet' : parts.join(', ');
}

/** Of all calls of the same caller, row by row. */
function shares(rows: readonly TrafficRow[], countOf: (row: TrafficRow) => number): string[] {
  const totals = new Map<string, number>();
  for (const row of rows) totals.set(row.caller, (totals.get(row.caller) ?? 0) + countOf(row));
  return rows.map((row) => {
    const total = totals.get(row.caller) ?? 0;
    return total === 0 ? '-' : `${((countOf(row) * 100) / total).toFixed(1)} %`;
  });
}

function milliseconds(us: number): string {
  return `${(us / 1000).toFixed(2)} ms`;
}

function routeCounts(metrics: Iterable<Metric>): string {
  const counts: string[] = [];
  for (const { family, labels, value } of metrics) {
    const { route } = labels;
    if (family === METRICS.routeRequests && typeof value === 'number') counts.push(`${route} ${value}`);
  }
  return counts.join(', ');
}

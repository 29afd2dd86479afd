import type { HistogramSnapshot } from './histogram.ts';
import type { Metric } from './metrics.ts';

/** Content type of the text exposition format. */
export const PROMETHEUS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** Prometheus' text exposition format. Series of one family are put together, since each HELP and TYPE may occur once. */
export function renderPrometheus(metrics: Iterable<Metric>): string {
  const families = new Map<string, string[]>();
  for (const metric of metrics) {
    const { name, help, type } = metric.family;
    let lines = families.get(name);
    if (lines === undefined) {
      lines = [`# HELP ${name} ${escapeHelp(help)}`, `# TYPE ${name} ${type}`];
      families.set(name, lines);
    }
    appendSeries(lines, metric);
  }
  let text = '';
  for (const lines of families.values()) text += `${lines.join('\n')}\n`;
  return text;
}

/** `name{label="value"}`, labels in the order given. */
export function seriesName(name: string, labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? name : `${name}{${pairs.join(',')}}`;
}

function appendSeries(lines: string[], metric: Metric): void {
  const { name } = metric.family;
  if (typeof metric.value === 'number') {
    lines.push(`${seriesName(name, metric.labels)} ${formatNumber(metric.value)}`);
  } else {
    appendHistogram(lines, name, metric.labels, metric.value);
  }
}

function appendHistogram(lines: string[], name: string, labels: Readonly<Record<string, string>>, value: HistogramSnapshot): void {
  value.upperBounds.forEach((bound, index) => {
    const bucket = seriesName(`${name}_bucket`, { ...labels, le: formatNumber(bound) });
    lines.push(`${bucket} ${formatNumber(value.cumulative[index] ?? value.count)}`);
  });
  lines.push(`${seriesName(`${name}_bucket`, { ...labels, le: '+Inf' })} ${formatNumber(value.count)}`);
  lines.push(`${seriesName(`${name}_sum`, labels)} ${formatNumber(value.sum)}`);
  lines.push(`${seriesName(`${name}_count`, labels)} ${formatNumber(value.count)}`);
}

function formatNumber(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  if (value === Number.NEGATIVE_INFINITY) return '-Inf';
  return String(value);
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function escapeLabel(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"');
}

import type { Style } from '../terminal.ts';
import type { Change, Comparison, EndpointChange, EndpointText, ServiceChange } from './compare.ts';

const MARKS = { added: '+', removed: '-', changed: '~', unconfirmed: '?' } as const;

/** For people: each service, its endpoints below it, and a line with the sums. */
export function comparisonText({ services, same }: Comparison, style: Style): string {
  const lines = services.flatMap((service) => serviceLines(service, style));
  const count = (change: ServiceChange['change']): number => services.filter((service) => service.change === change).length;
  const sums = (['added', 'changed', 'removed', 'unconfirmed'] as const)
    .filter((change) => change !== 'unconfirmed' || count(change) > 0)
    .map((change) => `${count(change)} ${change}`);
  const summary = services.length === 0 ? 'no difference' : sums.join(', ');
  return `${[...lines, `${summary}; ${same} ${same === 1 ? 'service is' : 'services are'} the same`].join('\n')}\n`;
}

function serviceLines({ host, change, changes, added, removed, changed }: ServiceChange, style: Style): string[] {
  const note = change === 'unconfirmed' ? '  not announced, and not known to be gone' : '';
  return [
    colour(style, change)(`${MARKS[change]} ${host}${note}`),
    ...changes.map((each) => `    ${changeText(each)}`),
    ...(change === 'unconfirmed' ? [] : endpointLines(added, removed, changed, style)),
  ];
}

function endpointLines(
  added: readonly EndpointText[],
  removed: readonly EndpointText[],
  changed: readonly EndpointChange[],
  style: Style,
): string[] {
  return [
    ...added.map((endpoint) => style.green(`  + ${endpointText(endpoint)}`)),
    ...removed.map((endpoint) => style.red(`  - ${endpointText(endpoint)}`)),
    ...changed.map(({ address, port, changes }) => style.yellow(`  ~ ${place(address, port)}  ${changes.map(changeText).join(', ')}`)),
  ];
}

function endpointText({ address, port, weight, labels }: EndpointText): string {
  const words = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  return [place(address, port), `weight ${weight}`, ...words].join('  ');
}

function place(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

function changeText({ name, from, to }: Change): string {
  if (from === undefined) return `${name} ${to} (new)`;
  return to === undefined ? `${name} ${from} (gone)` : `${name} ${from} -> ${to}`;
}

function colour(style: Style, change: ServiceChange['change']): (text: string) => string {
  return { added: style.green, removed: style.red, changed: style.yellow, unconfirmed: style.dim }[change];
}

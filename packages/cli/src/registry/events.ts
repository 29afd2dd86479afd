import { toIstio } from '@polywire/core';
import type { ServiceEntry } from '@polywire/core/spi';

/** What happened in the registries, as users are told. */
export type RegistryEvent =
  /** `confirmed`: what was held is current again, and what it was. */
  | { readonly event: 'added' | 'changed' | 'confirmed'; readonly host: string; readonly entry: ServiceEntry; readonly text: string }
  | { readonly event: 'held'; readonly host: string; readonly entry: ServiceEntry; readonly reason: string }
  | { readonly event: 'removed'; readonly host: string; readonly entry: ServiceEntry }
  /** Registries as a whole. */
  | { readonly event: 'stale'; readonly registry: string; readonly reason: string }
  | { readonly event: 'synced'; readonly registry: string }
  /** A part of a registry whose services are not known. */
  | { readonly event: 'unread'; readonly origin: string; readonly reason: string };

/** One line of JSON. */
export function eventAsJson(event: RegistryEvent, at: Date): string {
  const common = { event: event.event, at: at.toISOString() };
  return `${JSON.stringify({ ...common, ...details(event) })}\n`;
}

function details(event: RegistryEvent): object {
  switch (event.event) {
    case 'stale':
      return { registry: event.registry, reason: event.reason };
    case 'synced':
      return { registry: event.registry };
    case 'unread':
      return { origin: event.origin, reason: event.reason };
    case 'removed':
      return { host: event.host, origin: event.entry.origin };
    case 'held':
      return { host: event.host, reason: event.reason, origin: event.entry.origin, resource: toIstio(event.entry) };
    default:
      return { host: event.host, origin: event.entry.origin, resource: toIstio(event.entry) };
  }
}

/** A YAML document behind its separator, or, where there is no resource to give, a comment. */
export function eventAsYaml(event: RegistryEvent, at: Date): string {
  const time = at.toISOString();
  switch (event.event) {
    case 'added':
    case 'changed':
      return `---\n# ${event.event} ${time}\n${event.text}`;
    case 'confirmed':
    case 'removed':
      return `# ${event.event} ${event.host} ${time}\n`;
    case 'held':
      return `# held ${event.host} (${event.reason}) ${time}\n`;
    case 'stale':
      return `# stale ${event.registry} ${time}\n`;
    case 'synced':
      return `# synced ${event.registry} ${time}\n`;
    case 'unread':
      return '';
  }
}

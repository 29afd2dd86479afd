import type { Problem } from '../errors/config-error.ts';
import { OPAQUE_PROTOCOL } from '../identity/opaque-protocol.ts';
import type { PublishConfig } from './bootstrap-model.ts';
import type { ParsedListener } from './listener-schema.ts';
import { didYouMean } from './suggest.ts';
import type { SourceDocument } from './yaml-source.ts';

type ParsedPublish = Omit<PublishConfig, 'config' | 'host' | 'port'> & {
  readonly host?: string | undefined;
  readonly port?: number | undefined;
};

/** Core's keys apart from the plugin's own. */
export function toPublishConfig({ type, listener, host, port, grace, ...config }: ParsedPublish): PublishConfig {
  return { type, listener, host, port, grace, config };
}

/** What `publish` says that does not fit the listeners. */
export function checkPublish(
  { listeners, publish }: { readonly listeners: readonly ParsedListener[]; readonly publish: readonly ParsedPublish[] },
  document: SourceDocument,
): Problem[] {
  return publish.flatMap(({ listener: name }, index) => {
    const listener = listeners.find((each) => each.name === name);
    const fault = listener === undefined ? unknown(name, listeners) : faultOf(listener);
    return fault === undefined ? [] : [{ severity: 'error', message: fault, position: document.position(['publish', index, 'listener']) }];
  });
}

function unknown(name: string, listeners: readonly ParsedListener[]): string {
  const names = listeners.map((listener) => listener.name);
  return `there is no listener "${name}".${didYouMean(name, names) || ` There is ${names.join(', ')}.`}`;
}

function faultOf({ name, protocols, upstream }: ParsedListener): string | undefined {
  const [first] = protocols;
  if ((typeof first === 'string' ? first : first?.name) === OPAQUE_PROTOCOL) {
    return `the listener ${name} passes bytes on as they are and knows no services: publish one that speaks an RPC protocol`;
  }
  return upstream === undefined
    ? undefined
    : `the listener ${name} sends every request to its upstream and routes no services: publish one without upstream`;
}

import { didYouMean } from '../suggest.ts';
import type { Metadata } from './metadata.ts';
import type { ObjectReader } from './object-reader.ts';
import type { ResourceOptions } from './options.ts';

/** `<protocol>.polywire.io/<setting>` */
const SETTING = /^([^/.]+)\.polywire\.io\/(.*)$/;

/**
 * The annotations that tell a protocol's codec what the services of an entry want to hear, judged by that codec.
 * @returns what endpoints carry as metadata: names and values as written
 */
export function readServiceSettings(resource: ObjectReader, metadata: Metadata, options: ResourceOptions): ReadonlyMap<string, string> {
  const byProtocol = new Map<string, Map<string, string>>();
  const accepted = new Map<string, string>();
  for (const [key, value] of metadata.annotations) {
    const [, protocol, setting] = SETTING.exec(key) ?? [];
    if (protocol === undefined || setting === undefined) continue;
    const meant = options.protocols.get(protocol);
    if (meant !== protocol) {
      const known = [...new Set(options.protocols.values())];
      const advice = didYouMean(meant ?? protocol, known) || ` There is ${known.sort().join(', ') || 'none'}.`;
      resource.warnAt(
        ['metadata', 'annotations', key],
        `the annotation "${key}" has no effect: no loaded protocol is called "${protocol}".${advice}`,
      );
      continue;
    }
    const settings = byProtocol.get(protocol);
    if (settings === undefined) byProtocol.set(protocol, new Map([[setting, value]]));
    else settings.set(setting, value);
    accepted.set(key, value);
  }
  for (const [protocol, settings] of byProtocol) {
    const fault = options.settingsFault?.(protocol, settings);
    if (fault === undefined) continue;
    const key = `${protocol}.polywire.io/${fault.setting ?? [...settings.keys()][0] ?? ''}`;
    resource.errorAt(['metadata', 'annotations', key], `the annotation "${key}": ${fault.message}`);
  }
  return accepted;
}

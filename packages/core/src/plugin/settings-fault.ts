import { ConfigError } from '../errors/config-error.ts';
import type { Protocol } from '../protocol/streaming.ts';

/** What a codec refuses. */
export interface SettingsFault {
  /** The one at fault; undefined when only all of them together are. */
  readonly setting: string | undefined;
  readonly message: string;
}

/**
 * Asks the codec of `settings`, and, when it refuses them together, of each alone.
 * @param side what they are written for; undefined: for callers and services alike
 */
export function settingsFault(
  codec: Protocol,
  settings: ReadonlyMap<string, string>,
  side?: 'callers' | 'services',
): SettingsFault | undefined {
  const [first] = settings.keys();
  if (first === undefined) return undefined;
  if (codec.configure === undefined) return { setting: first, message: `the protocol ${codec.name} has no settings` };
  const together = faultOf(codec, settings);
  if (together === undefined) return side === undefined ? undefined : misplaced(codec, settings, side);
  for (const [setting, value] of settings) {
    const message = faultOf(codec, new Map([[setting, value]]));
    if (message !== undefined) return { setting, message };
  }
  return { setting: undefined, message: together };
}

function misplaced(
  { name, settingSides }: Protocol,
  settings: ReadonlyMap<string, string>,
  side: 'callers' | 'services',
): SettingsFault | undefined {
  for (const [setting, value] of settings) {
    const wanted = settingSides?.get(setting);
    if (wanted === undefined || wanted === side) continue;
    const message =
      wanted === 'services'
        ? `${setting} is about services: write it as the annotation "${name}.polywire.io/${setting}" of their ServiceEntry`
        : `${setting} is about callers: write it at their listener, protocols: [{name: ${name}, settings: {${setting}: ${JSON.stringify(value)}}}]`;
    return { setting, message };
  }
  return undefined;
}

function faultOf(codec: Protocol, settings: ReadonlyMap<string, string>): string | undefined {
  try {
    codec.configure?.(settings);
    return undefined;
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
}

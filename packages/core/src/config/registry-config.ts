import { resolve } from 'node:path';
import type { Problem } from '../errors/config-error.ts';
import type { RegistryConfig, RegistryGuardConfig } from './bootstrap-model.ts';
import type { SourceDocument } from './yaml-source.ts';

interface ParsedRegistry {
  readonly type: string;
  readonly guard?: RegistryGuardConfig | undefined;
  readonly lastKnownGood?: string | undefined;
}

/** Core's keys apart from the plugin's own. */
export function toRegistryConfig({ type, guard, lastKnownGood, ...config }: ParsedRegistry): RegistryConfig {
  return { type, guard, lastKnownGood, config };
}

/** Files that two would write. */
export function checkRegistries(
  {
    registries,
    accessLog,
  }: { readonly registries: readonly ParsedRegistry[]; readonly accessLog?: { readonly path?: string | undefined } | undefined },
  document: SourceDocument,
): Problem[] {
  const writers = new Map<string, string>();
  if (accessLog?.path !== undefined) writers.set(resolve(accessLog.path), 'accessLog');
  return registries.flatMap(({ lastKnownGood }, index) => {
    if (lastKnownGood === undefined) return [];
    const file = resolve(lastKnownGood);
    const other = writers.get(file);
    if (other === undefined) {
      writers.set(file, `registries[${index}]`);
      return [];
    }
    const position = document.position(['registries', index, 'lastKnownGood']);
    return [{ severity: 'error', message: `${other} writes the file ${lastKnownGood} already: each needs its own`, position }];
  });
}

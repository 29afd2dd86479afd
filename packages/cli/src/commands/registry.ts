import type { CommandHost } from '../program.ts';
import { addRegistryDiff } from './registry-diff.ts';
import { addRegistryDump } from './registry-dump.ts';
import { addRegistryWatch } from './registry-watch.ts';

/** Registers `polywire registry` and what is below it. */
export function addRegistry(host: CommandHost): void {
  const registry = host.program.command('registry').description('look into service registries');
  addRegistryDump(registry, host);
  addRegistryWatch(registry, host);
  addRegistryDiff(registry, host);
}

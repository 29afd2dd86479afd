import { dumpEntries } from '@polywire/core';
import type { Command } from 'commander';
import { EXIT } from '../exit.ts';
import type { CommandHost } from '../program.ts';
import { mergeEntries } from '../registry/merge.ts';
import { addRegistryOptions, chooseRegistries, type RegistryOptions } from '../registry/options.ts';
import { readRegistry } from '../registry/read.ts';
import { warnOfReadings } from '../registry/warnings.ts';

const EXAMPLES = `
Examples:
  polywire registry dump --zookeeper 127.0.0.1:2181
  polywire registry dump -c polywire.yaml > services.yaml
  polywire registry dump --zookeeper zk1:2181,zk2:2181 --timeout 30s
  polywire registry dump --zookeeper 127.0.0.1:2181 --layout sofarpc --layout motan --root motan=/rpc

The registries are read once. What was read in time is printed even when the rest was not (exit 3).`;

/** Registers `polywire registry dump`. */
export function addRegistryDump(registry: Command, { terminal, finish }: CommandHost): void {
  addRegistryOptions(registry.command('dump'))
    .description("print what registries announce as Istio's ServiceEntry resources")
    .addHelpText('after', EXAMPLES)
    .action(async (options: RegistryOptions) => {
      const { adapters, close } = await chooseRegistries(options, terminal);
      const readings = await Promise.all(adapters.map((adapter) => readRegistry(adapter, options.timeout)));
      close();
      const entries = mergeEntries(readings.flatMap((reading) => reading.entries));
      terminal.stdout.write(dumpEntries(entries));
      warnOfReadings(readings, entries, terminal);
      finish(readings.some(({ failure }) => failure !== undefined) ? EXIT.unreachable : EXIT.ok);
    });
}

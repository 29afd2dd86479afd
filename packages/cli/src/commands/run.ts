import { LOG_LEVELS, type LogLevel } from '@polywire/core';
import { Option } from 'commander';
import { EXIT } from '../exit.ts';
import type { CommandHost } from '../program.ts';
import { type ProxySession, startProxy } from '../proxy-session.ts';

interface RunOptions {
  readonly config: string;
  readonly logLevel?: LogLevel;
  readonly logFormat?: 'json' | 'text';
}

const EXAMPLES = `
Examples:
  polywire run                          with ./polywire.yaml
  polywire run -c mesh/polywire.yaml    paths in the file are relative to its folder
  polywire run --log-level debug

SIGTERM or SIGINT drains: no new connections, open requests finish, then exit 0. A second signal exits at once.
Files named by "resources" are watched; a change that is invalid is reported and the former state stays in force.`;

/** Registers `polywire run`. */
export function addRun({ program, terminal, finish }: CommandHost): void {
  program
    .command('run')
    .description('run the proxy')
    .option('-c, --config <file>', 'bootstrap file', 'polywire.yaml')
    .addOption(new Option('--log-level <level>', "level of the log on standard error, instead of the file's").choices(LOG_LEVELS))
    .addOption(new Option('--log-format <format>', 'text (default on a terminal) or json (default elsewhere)').choices(['text', 'json']))
    .addHelpText('after', EXAMPLES)
    .action(async (options: RunOptions) => {
      // From the beginning: a proxy that is told to end while it starts drains as soon as it runs.
      const stop = untilSignal();
      const session = await startProxy(options.config, terminal, options);
      terminal.stdout.write(readyLine(session));
      await stop;
      await session.drain();
      await session.close();
      finish(EXIT.ok);
    });
}

/** One line that scripts can wait for. */
export function readyLine({ listeners, adminAddress }: ProxySession): string {
  const parts = listeners.map(({ name, address }) => `${name} ${address}`);
  if (adminAddress !== undefined) parts.push(`admin http://${adminAddress}`);
  return `polywire ready: ${parts.join(', ')}\n`;
}

/**
 * Resolves at the first SIGTERM or SIGINT, or after `durationMs`. From then on a signal ends the process there and then.
 */
export function untilSignal(durationMs?: number): Promise<void> {
  return new Promise((resolve) => {
    let stopping = false;
    const stop = () => {
      stopping = true;
      clearTimeout(timer);
      resolve();
    };
    const timer = durationMs === undefined ? undefined : setTimeout(stop, durationMs);
    const onSignal = (signal: NodeJS.Signals) => {
      if (stopping) process.exit(signal === 'SIGINT' ? 130 : 143);
      stop();
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
}

import { join } from 'node:path';
import { DemoCaller } from '../demo/caller.ts';
import { DEMO_SERVICE } from '../demo/files.ts';
import { type DemoPlace, prepareDemo } from '../demo/place.ts';
import { startProvider } from '../demo/provider.ts';
import { summaryLine, summaryLines } from '../demo/summary.ts';
import { Traffic } from '../demo/traffic.ts';
import { parseDurationOption } from '../duration.ts';
import { CliError, EXIT } from '../exit.ts';
import type { CommandHost } from '../program.ts';
import { type ProxySession, startProxy } from '../proxy-session.ts';
import { styleFor, type Terminal } from '../terminal.ts';
import { readyLine, untilSignal } from './run.ts';

interface DemoOptions {
  readonly duration?: number;
  readonly directory?: string;
  readonly rate: number;
}

/** How long the demo runs where nobody can press Ctrl-C. */
const DEFAULT_DURATION_MS = 10_000;

const EXAMPLES = `
Examples:
  polywire demo                    until Ctrl-C on a terminal, 10 s elsewhere
  polywire demo --duration 30s
  polywire demo --directory here   writes its files to ./here when there are none

Two small Dubbo providers (v1 and v2) and a caller run inside this process, with the proxy between them.
No Java and no ZooKeeper are needed.`;

/** Registers `polywire demo`. */
export function addDemo({ program, terminal, finish }: CommandHost): void {
  program
    .command('demo')
    .description('watch a gray release: two providers, a caller, and the proxy between them')
    .option('--duration <duration>', 'stop after this time', parseDurationOption)
    .option('--directory <folder>', 'where its configuration lies (default: examples/gray-release when there is one)')
    .option('--rate <calls>', 'calls per second, 50 to 5000', parseRate, 200)
    .addHelpText('after', EXAMPLES)
    .action(async (options: DemoOptions) => {
      const place = await prepareDemo(terminal.workingDirectory, options.directory);
      const providers = await Promise.all([startProvider('v1', place.ports.v1), startProvider('v2', place.ports.v2)]);
      try {
        const session = await startProxy(join(place.directory, 'polywire.yaml'), terminal, { logLevel: 'warn' });
        terminal.stdout.write(`${readyLine(session)}${nextCommands(place, terminal)}`);
        const answered = await showTraffic(session, place, options, terminal);
        await session.drain();
        await session.close();
        if (answered === 0) throw new CliError('no call was answered', EXIT.unreachable);
        finish(EXIT.ok);
      } finally {
        await Promise.all(providers.map((provider) => provider.close()));
      }
    });
}

async function showTraffic(session: ProxySession, { ports }: DemoPlace, options: DemoOptions, terminal: Terminal): Promise<number> {
  const caller = new DemoCaller('127.0.0.1', ports.proxy);
  const traffic = new Traffic(caller);
  const display = terminal.stdout.isTTY === true ? liveDisplay(traffic, session, terminal) : plainDisplay(traffic, terminal);
  traffic.start(options.rate);
  await untilSignal(options.duration ?? (terminal.stdout.isTTY === true ? undefined : DEFAULT_DURATION_MS));
  await traffic.stop();
  display.stop();
  caller.close();
  const style = styleFor(terminal.stdout, terminal.environment);
  terminal.stdout.write(`\n${summaryLines(traffic.rows, session.admin.metrics(), style).join('\n')}\n`);
  return traffic.answered;
}

function liveDisplay(traffic: Traffic, session: ProxySession, terminal: Terminal): { stop(): void } {
  const style = styleFor(terminal.stdout, terminal.environment);
  let drawn = 0;
  const erase = () => terminal.stdout.write(drawn === 0 ? '' : `\r\u001b[${drawn}A\u001b[J`);
  const timer = setInterval(() => {
    const { columns = 0 } = terminal.stdout;
    // A line that wraps would make the next redraw begin too low.
    const lines = summaryLines(traffic.rows, session.admin.metrics(), style, columns > 0 ? columns : 80);
    erase();
    drawn = lines.length;
    terminal.stdout.write(`${lines.join('\n')}\n`);
  }, 500);
  return {
    stop: () => {
      clearInterval(timer);
      erase();
    },
  };
}

function plainDisplay(traffic: Traffic, terminal: Terminal): { stop(): void } {
  const timer = setInterval(() => terminal.stdout.write(`${summaryLine(traffic.rows)}\n`), 2_000);
  return { stop: () => clearInterval(timer) };
}

function nextCommands({ directory, ports, taken }: DemoPlace, terminal: Terminal): string {
  const { bold, cyan } = styleFor(terminal.stdout, terminal.environment);
  const bootstrap = join(directory, 'polywire.yaml');
  // In a checkout the command is a script of the workspace, and pnpm need not be installed.
  const { npm_lifecycle_event: script } = terminal.environment;
  const command = script === undefined ? 'polywire' : 'npx --yes pnpm@10 --silent polywire';
  const ask = `${command} explain -c ${bootstrap} --protocol dubbo --service ${DEMO_SERVICE} --method sayHello`;
  const why = taken.length === 0 ? [] : [`Something else listens on 127.0.0.1:${taken.join(', ')}, so files and ports are the demo's own.`];
  return [
    ...why,
    '',
    bold('Try, in another terminal:'),
    `  edit ${cyan(join(directory, 'mesh/routes.yaml'))}: change the weights and save`,
    `  ${cyan(`${ask} --attachment dubbo.tag=gray`)}`,
    `  ${cyan(`curl http://127.0.0.1:${ports.admin}/clusters`)}`,
    `  ${cyan(`curl http://127.0.0.1:${ports.admin}/stats/prometheus`)}`,
    '',
    '',
  ].join('\n');
}

function parseRate(text: string): number {
  const rate = Number(text);
  if (!Number.isInteger(rate) || rate < 50 || rate > 5_000) throw new CliError('--rate takes a whole number from 50 to 5000', EXIT.usage);
  return rate;
}

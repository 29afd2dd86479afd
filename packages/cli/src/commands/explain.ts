import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { InvalidArgumentError, Option } from 'commander';
import { builtInPlugins, reasonOf } from '../configuration.ts';
import { CliError, EXIT, type ExitCode } from '../exit.ts';
import { describeFrame, type FrameDescription } from '../frame-file.ts';
import type { CommandHost } from '../program.ts';
import { styleFor, type Terminal } from '../terminal.ts';
import { renderTree, type TreeNode } from '../tree.ts';

interface ExplainOptions {
  readonly config?: string;
  readonly protocol?: string;
  readonly service?: string;
  readonly method?: string;
  readonly attachment: ReadonlyMap<string, string>;
  readonly argument: ReadonlyMap<string, string>;
  readonly group?: string;
  readonly version?: string;
  readonly frame?: string;
  readonly output: string;
}

const EXAMPLES = `
Examples:
  polywire explain -c polywire.yaml --protocol dubbo --service com.acme.Users --method find --attachment dubbo.tag=gray
  polywire explain --service com.acme.Users --method find --group g --version 1.0.0 --argument 0=alice
  polywire explain --frame captured.bin                 what it is, and where ./polywire.yaml sends it
  polywire explain --frame captured.bin --output json

Exit 1: the request would be refused.`;

/** Registers `polywire explain`. */
export function addExplain({ program, terminal, finish }: CommandHost): void {
  program
    .command('explain')
    .description('tell which route, subset and endpoints a request would take, and why not the others')
    .option('-c, --config <file>', 'bootstrap file (default: polywire.yaml; with --frame only if there is one)')
    .option('--protocol <name>', 'protocol of the request (default: the only one there is, or what recognises the frame)')
    .option('--service <name>', 'interface, as on the wire')
    .option('--method <name>', 'method, as on the wire')
    .option('--group <name>', 'group of the service')
    .option('--version <version>', 'version of the service')
    .option('--attachment <name=value>', 'a header, attachment or baggage entry; may be repeated', pair, new Map())
    .option('--argument <index=value>', 'an argument, counted from 0; may be repeated', pair, new Map())
    .option('--frame <file>', 'a captured request in a file, instead of --service and --method')
    .addOption(new Option('-o, --output <format>', 'text or json').choices(['text', 'json']).default('text'))
    .addHelpText('after', EXAMPLES)
    .action(async (options: ExplainOptions) => finish(await explain(options, terminal)));
}

async function explain(options: ExplainOptions, terminal: Terminal): Promise<ExitCode> {
  if (options.frame === undefined) throw new CliError('name a request: --service and --method, or --frame', EXIT.usage);
  const frame = describeFrame(await readFrame(options.frame, terminal), [...builtInPlugins().protocols.values()]);
  terminal.stdout.write(renderTree(frameTree(frame), styleFor(terminal.stdout, terminal.environment)));
  return EXIT.ok;
}

async function readFrame(file: string, terminal: Terminal): Promise<Buffer> {
  return readFile(resolve(terminal.workingDirectory, file)).catch((cause: unknown) => {
    throw new CliError(`${file} cannot be read: ${reasonOf(cause)}`, EXIT.refused, cause);
  });
}

function frameTree({ protocol, kind, length, defect, fields, service, method, headers, outcome, rest }: FrameDescription): TreeNode {
  const children: TreeNode[] = [];
  if (defect !== undefined) children.push({ text: defect, mark: 'no' });
  for (const [name, value] of Object.entries(fields)) children.push({ text: `${name}: ${value}` });
  if (service !== undefined) children.push({ text: `service: ${service}` });
  if (method !== undefined) children.push({ text: `method: ${method}` });
  if (outcome !== undefined) children.push({ text: `outcome: ${outcome}` });
  if (headers.length > 0) children.push({ text: 'headers', children: headers.map(([name, value]) => ({ text: `${name}: ${value}` })) });
  if (rest > 0) children.push({ text: `${rest} more bytes in the file were not read`, mark: 'note' });
  return { text: `${protocol} ${kind}, ${length} bytes`, children };
}

function pair(text: string, before: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const mark = text.indexOf('=');
  if (mark < 1) throw new InvalidArgumentError('Write name=value.');
  return new Map([...before, [text.slice(0, mark), text.slice(mark + 1)]]);
}

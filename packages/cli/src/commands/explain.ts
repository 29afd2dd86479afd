import { access, readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { configured, type ExplainReport, type ExplainRequest, hasErrors, type ProxyServer, parseServiceKey } from '@polywire/core';
import type { FrameProtocol, Protocol } from '@polywire/core/spi';
import { InvalidArgumentError, Option } from 'commander';
import { builtInPlugins, type Configuration, loadConfiguration, reasonOf } from '../configuration.ts';
import { unknownProtocol } from '../configuration-checks.ts';
import { dryRun } from '../dry-run.ts';
import { parseDurationOption } from '../duration.ts';
import { CliError, EXIT, type ExitCode } from '../exit.ts';
import { frameTree, routeTree, wouldBeRefused } from '../explain-tree.ts';
import { describeFrame, type FrameDescription } from '../frame-file.ts';
import { writeProblems } from '../problem-output.ts';
import type { CommandHost } from '../program.ts';
import { styleFor, type Terminal } from '../terminal.ts';
import { renderTree } from '../tree.ts';
import { warningLog } from '../warning-log.ts';

interface ExplainOptions {
  readonly config?: string;
  readonly protocol?: string;
  readonly service?: string;
  readonly method?: string;
  readonly header: ReadonlyMap<string, string>;
  readonly attachment: ReadonlyMap<string, string>;
  readonly argument: ReadonlyMap<string, string>;
  readonly source?: string;
  readonly group?: string;
  readonly version?: string;
  readonly frame?: string;
  readonly timeout: number;
  readonly output: string;
}

const EXAMPLES = `
Examples:
  polywire explain -c polywire.yaml --protocol dubbo --service com.acme.Users --method find --attachment dubbo.tag=gray
  polywire explain --service com.acme.Users --method find --group g --version 1.0.0 --argument 0=alice
  polywire explain --protocol http2 --service users.acme.example --method /acme.Users/Get --header x-user=ann
  polywire explain --protocol bolt --service com.acme.Hello:1.0 --method sayHello --header tag=gray
  polywire explain --service com.acme.Users --method find --source 10.0.0.1
  polywire explain --frame captured.bin                 what it is, and where ./polywire.yaml sends it
  polywire explain --frame captured.bin --output json

Registries of the bootstrap are read once. Exit 1: the request would be refused; 3: a registry was not read in time.`;

/** Registers `polywire explain`. */
export function addExplain({ program, terminal, finish }: CommandHost): void {
  program
    .command('explain')
    .description('tell which route, subset and endpoints a request would take, and why not the others')
    .option('-c, --config <file>', 'bootstrap file (default: polywire.yaml; with --frame only if there is one)')
    .option('--protocol <name>', 'protocol of the request (default: the only one there is, or what recognises the frame)')
    .option('--service <name>', 'interface, as on the wire, or a service key: group/interface:version')
    .option('--method <name>', 'method, as on the wire')
    .option('--group <name>', 'group of the service')
    .option('--version <version>', 'version of the service')
    .option('--header <name=value>', 'a header, attachment or info; may be repeated', pair, new Map())
    .option('--attachment <name=value>', 'the same, in the words of Dubbo', pair, new Map())
    .option('--argument <index=value>', 'an argument, counted from 0, in Thrift its field id; may be repeated', indexedPair, new Map())
    .option('--source <address>', 'IP address that the call comes from, for rules that look at it', ipAddress)
    .option('--frame <file>', 'a captured request in a file, instead of --service and --method')
    .option('--timeout <duration>', 'how long a registry may take', parseDurationOption, 10_000)
    .addOption(new Option('-o, --output <format>', 'text or json').choices(['text', 'json']).default('text'))
    .addHelpText('after', EXAMPLES)
    .action(async (options: ExplainOptions) => finish(await explain(options, terminal)));
}

async function explain(options: ExplainOptions, terminal: Terminal): Promise<ExitCode> {
  const file = options.config ?? 'polywire.yaml';
  // A frame can be looked at without any configuration; a route cannot be found without one.
  const isNeeded = options.config !== undefined || options.frame === undefined || (await exists(resolve(terminal.workingDirectory, file)));
  const configuration = isNeeded ? await loadConfiguration(file, terminal) : undefined;
  const known = (configuration?.plugins ?? builtInPlugins()).protocols;
  const protocols = [...known.values()].map((codec) => asListened(codec, configuration));
  const wanted = protocols.filter(({ name }) => options.protocol === undefined || name === options.protocol);
  if (wanted.length === 0 && options.protocol === 'tcp') {
    throw new CliError(
      'connections that are passed on as they are cannot be explained: /clusters and the access log show where they go',
      EXIT.usage,
    );
  }
  if (wanted.length === 0) throw new CliError(unknownProtocol(String(options.protocol), known), EXIT.usage);
  const frame =
    options.frame === undefined
      ? undefined
      : describeFrame(await readFrame(options.frame, terminal), withFrames(wanted), headersOfRules(configuration));
  const asked = frame === undefined ? requestOf(options) : requestOfFrame(frame);
  const request = asked && { ...asked, source: options.source };
  const protocol = frame?.protocol ?? options.protocol;
  const routed =
    configuration === undefined || request === undefined ? undefined : await route({ configuration, protocol, request, options, terminal });
  if (options.output === 'json') {
    terminal.stdout.write(`${JSON.stringify({ frame: frame ?? null, route: routed?.report ?? null }, mapsAsObjects, 2)}\n`);
  } else {
    const style = styleFor(terminal.stdout, terminal.environment);
    if (frame !== undefined) terminal.stdout.write(renderTree(frameTree(frame), style));
    if (routed !== undefined) terminal.stdout.write(renderTree(routeTree(routed.report), style));
  }
  for (const name of routed?.unread ?? []) terminal.stderr.write(`${name} was not read in time; its services are missing here\n`);
  if (routed !== undefined && routed.unread.length > 0) return EXIT.unreachable;
  const refused = frame?.defect !== undefined || (routed !== undefined && wouldBeRefused(routed.report));
  return refused ? EXIT.refused : EXIT.ok;
}

/** Those whose requests are single frames. @throws CliError when none is */
function withFrames(protocols: readonly Protocol[]): FrameProtocol[] {
  const frames = protocols.filter((protocol) => 'connection' in protocol);
  const [first] = protocols;
  if (frames.length > 0 || first === undefined) return frames;
  throw new CliError(`a frame of ${first.name} is no request by itself: ask with --service, --method and --header`, EXIT.usage);
}

/** With the settings of the first listener that has it: they may say what its callers leave unsaid. */
function asListened(codec: Protocol, configuration: Configuration | undefined): Protocol {
  if (configuration === undefined || hasErrors(configuration.problems)) return codec;
  const listened = configuration.bootstrap?.listeners.flatMap(({ protocols }) => protocols).find(({ name }) => name === codec.name);
  return listened === undefined ? codec : configured(codec, listened.settings);
}

function headersOfRules(configuration: Configuration | undefined): string[] {
  const routes = configuration?.mesh?.resources.virtualServices.flatMap((service) => service.routes) ?? [];
  const matches = routes.flatMap((route) => route.matches);
  return matches.flatMap(({ headers, withoutHeaders }) => [...headers, ...withoutHeaders].map(({ name }) => name));
}

interface Question {
  readonly configuration: Configuration;
  readonly protocol: string | undefined;
  readonly request: ExplainRequest;
  readonly options: ExplainOptions;
  readonly terminal: Terminal;
}

interface Routed {
  readonly report: ExplainReport;
  /** Registries that did not answer. */
  readonly unread: readonly string[];
}

async function route({ configuration, protocol, request, options, terminal }: Question): Promise<Routed> {
  const { proxy, problems } = dryRun(configuration, warningLog(terminal));
  if (proxy === undefined) {
    writeProblems(terminal.stderr, problems, configuration.sources, styleFor(terminal.stderr, terminal.environment));
    throw new CliError(`${configuration.file} is not valid`, EXIT.refused);
  }
  try {
    const name = protocol ?? onlyProtocol(proxy, configuration.file);
    await proxy.readRegistries(options.timeout);
    const report = proxy.explain(name, request);
    if (report === undefined) throw new CliError(`no listener of ${configuration.file} routes ${name}`, EXIT.refused);
    const unread = proxy.store.sources().filter(({ state }) => state !== 'synced');
    return { report, unread: unread.map((source) => source.name) };
  } finally {
    await proxy.close();
  }
}

function onlyProtocol(proxy: ProxyServer, file: string): string {
  const [name, another] = [...new Set(proxy.listeners.flatMap(({ protocols }) => protocols.map((protocol) => protocol.name)))];
  if (name === undefined) throw new CliError(`no listener of ${file} routes requests: there are only bytes to pass on`, EXIT.refused);
  if (another !== undefined) {
    throw new CliError(`--protocol is needed: ${file} has listeners for ${[...proxy.protocols.keys()].join(', ')}`, EXIT.usage);
  }
  return name;
}

function requestOf(options: ExplainOptions): ExplainRequest {
  const { service, method, header, attachment, argument } = options;
  if (service === undefined) throw new CliError('name a request: --service and --method, or --frame', EXIT.usage);
  const headers = new Map([...header, ...attachment]);
  for (const [index, value] of argument) headers.set(`:argument[${index}]`, value);
  const key = parseServiceKey(service) ?? { name: service, group: undefined, version: undefined };
  return { service: key.name, method: method ?? '', group: options.group ?? key.group, version: options.version ?? key.version, headers };
}

/** undefined: this frame is not routed. */
function requestOfFrame({ service, method, headers, pseudoHeaders }: FrameDescription): ExplainRequest | undefined {
  if (service === undefined) return undefined;
  const all = new Map([...headers, ...pseudoHeaders]);
  return { service, method: method ?? '', group: all.get(':group'), version: all.get(':version'), headers: all };
}

async function readFrame(file: string, terminal: Terminal): Promise<Buffer> {
  const bytes = await readFile(resolve(terminal.workingDirectory, file)).catch((cause: unknown) => {
    throw new CliError(`${file} cannot be read: ${reasonOf(cause)}`, EXIT.refused, cause);
  });
  if (bytes.length === 0) throw new CliError(`${file} is empty`, EXIT.refused);
  return bytes;
}

function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

function mapsAsObjects(_name: string, value: unknown): unknown {
  return value instanceof Map ? Object.fromEntries(value) : value;
}

function pair(text: string, before: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const mark = text.indexOf('=');
  if (mark < 1) throw new InvalidArgumentError('Write name=value.');
  return new Map([...before, [text.slice(0, mark), text.slice(mark + 1)]]);
}

function ipAddress(text: string): string {
  if (isIP(text) === 0) throw new InvalidArgumentError('Write an IP address, without a port.');
  // As the proxy sees callers of a socket for both.
  const mapped = /^::ffff:(?=\d+\.)(.*)$/i.exec(text)?.[1];
  if (mapped !== undefined) return mapped;
  return isIP(text) === 6 ? new URL(`tcp://[${text}]`).hostname.slice(1, -1) : text;
}

function indexedPair(text: string, before: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  if (!/^\d+=/.test(text)) throw new InvalidArgumentError('Write index=value; the first argument is 0.');
  return pair(text, before);
}

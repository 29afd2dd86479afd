import type { z } from 'zod';
import type { Position, Problem } from '../errors/config-error.ts';
import type { Bootstrap } from './bootstrap-model.ts';
import { bootstrapSchema, knownKeys } from './bootstrap-schema.ts';
import type { Environment } from './environment.ts';
import { checkListener, toListenerConfig } from './listener-config.ts';
import { formatPath, hasErrors, type Path } from './problems.ts';
import { checkPublish, toPublishConfig } from './publish-config.ts';
import { checkRegistries, toRegistryConfig } from './registry-config.ts';
import { didYouMean } from './suggest.ts';
import type { SocketAddress } from './units.ts';
import { parseYaml, type SourceDocument } from './yaml-source.ts';

/** What became of a bootstrap file. */
export interface BootstrapResult {
  /** undefined when there are errors. */
  readonly bootstrap: Bootstrap | undefined;
  readonly problems: readonly Problem[];
  /** Where a value was written, e.g. `['registries', 0, 'servers']`, for what plugins find wrong with their part. */
  position(path: Path): Position;
}

/**
 * Reads polywire.yaml. Never throws on what the text says.
 * @param file as messages shall name it
 * @param environment fills `${NAME}` and `${NAME:-default}` in values
 */
export function parseBootstrap(text: string, file: string, environment: Environment): BootstrapResult {
  const { documents, problems: faults } = parseYaml(text, file, environment);
  const problems = [...faults];
  const [document, second] = documents;
  const wholeFile = { file, line: 0, column: 0 };
  if (second !== undefined) problems.push(error('the bootstrap file holds one YAML document, not several', second.position([])));
  if (document === undefined) {
    if (!hasErrors(problems)) problems.push(error('the file is empty: it needs at least `listeners`', wholeFile));
    return { bootstrap: undefined, problems, position: () => wholeFile };
  }
  const position = (path: Path) => document.position(path);
  const parsed = bootstrapSchema.safeParse(document.value);
  if (!parsed.success) {
    for (const issue of parsed.error.issues) problems.push(...describe(issue, document));
    return { bootstrap: undefined, problems, position };
  }
  problems.push(...checkTogether(parsed.data, document));
  return { bootstrap: hasErrors(problems) ? undefined : toBootstrap(parsed.data), problems, position };
}

type Parsed = z.output<typeof bootstrapSchema>;

function toBootstrap(parsed: Parsed): Bootstrap {
  const bootstrap: Bootstrap = {
    ...parsed,
    listeners: parsed.listeners.map(toListenerConfig),
    registries: parsed.registries.map(toRegistryConfig),
    publish: parsed.publish.map(toPublishConfig),
    admin: parsed.admin,
    accessLog: parsed.accessLog === undefined ? undefined : { format: parsed.accessLog.format, path: parsed.accessLog.path },
  };
  return deepFreeze(bootstrap);
}

/** Rules that join several options. */
function checkTogether(parsed: Parsed, document: SourceDocument): Problem[] {
  const { listeners, admin, limits } = parsed;
  const problems: Problem[] = [...checkPublish(parsed, document), ...checkRegistries(parsed, document)];
  const names = new Map<string, number>();
  const addresses = new Map<string, number>();
  for (const [index, listener] of listeners.entries()) {
    const { name, address } = listener;
    problems.push(...checkListener(listener, index, document));
    const former = names.get(name);
    if (former === undefined) names.set(name, index);
    else problems.push(error(`listeners[${former}] has the name "${name}" already`, document.position(['listeners', index, 'name'])));
    const bound = formatBound(address);
    const other = address.port === 0 ? undefined : addresses.get(bound);
    if (other === undefined) addresses.set(bound, index);
    else problems.push(error(`listeners[${other}] binds ${bound} already`, document.position(['listeners', index, 'address'])));
  }
  const taken = admin === undefined || admin.address.port === 0 ? undefined : addresses.get(formatBound(admin.address));
  if (taken !== undefined) {
    problems.push(error(`listeners[${taken}] binds the admin listener's address already`, document.position(['admin', 'address'])));
  }
  for (const key of ['relayThresholdBytes', 'maxBufferedFrontBytes'] as const) {
    if (limits[key] <= limits.maxFrameBytes) continue;
    const message = `limits.${key} (${limits[key]}) is more than limits.maxFrameBytes (${limits.maxFrameBytes})`;
    problems.push(error(message, document.position(['limits', key])));
  }
  return problems;
}

function formatBound({ host, port }: SocketAddress): string {
  return `${host}:${port}`;
}

function describe(issue: z.core.$ZodIssue, document: SourceDocument): Problem[] {
  const meant = issue.code === 'invalid_union' ? branchMeant(issue) : [];
  if (meant.length > 0) return meant.flatMap((inner) => describe({ ...inner, path: [...issue.path, ...inner.path] }, document));
  const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(path);
    const place = path.length === 0 ? '' : ` in ${formatPath(path)}`;
    return issue.keys.map((key) =>
      error(
        `unknown key "${key}"${place}.${didYouMean(key, known) || ` It takes: ${known.join(', ')}.`}`,
        document.keyPosition([...path, key]),
      ),
    );
  }
  return [error(`${formatPath(path)}: ${messageOf(issue)}`, document.position(path))];
}

/** Where a text or a mapping may stand, and a mapping does: what is wrong inside of it. */
function branchMeant({ errors }: z.core.$ZodIssueInvalidUnion): readonly z.core.$ZodIssue[] {
  return errors.find((branch) => branch.some(({ code, path }) => path.length > 0 || code === 'unrecognized_keys')) ?? [];
}

function messageOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type') {
    const [, received] = /received (\w+)$/.exec(issue.message) ?? [];
    if (received === undefined) return issue.message;
    return received === 'undefined' ? 'is required' : `must be ${inWords(issue.expected)}, not ${inWords(received)}`;
  }
  if (issue.code === 'invalid_value') return `must be one of ${issue.values.map((value) => `"${String(value)}"`).join(', ')}`;
  if (issue.code === 'too_small' && issue.origin === 'number') return `must be at least ${issue.minimum}`;
  return issue.message;
}

/** Types as YAML's users call them. */
const WORDS: Readonly<Record<string, string>> = {
  string: 'a text',
  int: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  null: 'empty',
};

function inWords(type: string): string {
  return WORDS[type] ?? type;
}

function error(message: string, position: Position): Problem {
  return { severity: 'error', message, position };
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(deepFreeze);
  }
  return value;
}

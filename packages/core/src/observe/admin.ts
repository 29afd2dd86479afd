import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { messageOf } from '../errors/message-of.ts';
import { formatAddress, listen } from '../transport/listen.ts';
import { renderClusters, renderJson, renderListeners, renderPublishers, renderRegistries, renderStats } from './admin-render.ts';
import { renderServices, renderUnread, serviceData } from './admin-services.ts';
import type { AdminSource } from './admin-source.ts';
import { isLogLevel, LOG_LEVELS } from './log.ts';
import { PROMETHEUS_CONTENT_TYPE, renderPrometheus } from './prometheus.ts';

/** Where the admin listener binds. */
export interface AdminOptions {
  /** Default: 127.0.0.1. Whoever reaches it sees the configuration and may change the log level. */
  readonly host?: string;
  /** 0 takes a free one. */
  readonly port: number;
}

/** A running admin listener. */
export interface AdminListener {
  /** `host:port` as bound. */
  readonly address: string;
  /** Idempotent; ends idle and busy connections. */
  close(): Promise<void>;
}

/**
 * Starts the admin listener.
 * @throws Error when the address cannot be bound
 */
export async function startAdmin(options: AdminOptions, source: AdminSource): Promise<AdminListener> {
  const server = createServer({ maxHeaderSize: 8 * 1024, requestTimeout: 10_000, headersTimeout: 5_000 }, (request, response) =>
    serve(source, request, response),
  );
  server.maxConnections = 64;
  const host = options.host ?? '127.0.0.1';
  const { port } = await listen(server, 'the admin listener', { host, port: options.port });
  return {
    address: formatAddress(host, port),
    close: () => close(server),
  };
}

interface Answer {
  readonly status?: number;
  readonly type?: string;
  readonly body: string;
}

interface Page {
  readonly path: string;
  readonly help: string;
  /** Whether POST is understood beside GET and HEAD. */
  readonly posts?: boolean;
  render(source: AdminSource, query: URLSearchParams, posted: boolean): Answer;
}

const JSON_TYPE = 'application/json; charset=utf-8';

const PAGES: readonly Page[] = [
  { path: '/', help: 'this list', render: () => ({ body: index() }) },
  {
    path: '/ready',
    help: '200 when traffic may come, else 503 and the reason',
    render: (source) => {
      const { ready, reason } = source.readiness();
      return { status: ready ? 200 : 503, body: `${reason}\n` };
    },
  },
  {
    path: '/stats',
    help: 'every metric, one per line; ?filter=text, ?format=json',
    render: (source, query) => {
      const filter = query.get('filter') ?? '';
      const metrics = [...source.metrics()].filter(({ family }) => family.name.includes(filter));
      if (wantsJson(query)) return json(metrics.map(({ family, labels, value }) => ({ ...family, labels, value })));
      return { body: renderStats(metrics) };
    },
  },
  {
    path: '/stats/prometheus',
    help: 'every metric in the Prometheus text format',
    render: renderForPrometheus,
  },
  { path: '/metrics', help: 'the same, where Prometheus looks by itself', render: renderForPrometheus },
  {
    path: '/listeners',
    help: 'listeners: address, protocols, what becomes of other connections; ?format=json',
    render: (source, query) => (wantsJson(query) ? json([...source.listeners()]) : { body: renderListeners(source.listeners()) }),
  },
  {
    path: '/clusters',
    help: 'clusters and their endpoints: weight, health, load, origin; ?format=json',
    render: (source, query) => (wantsJson(query) ? json([...source.clusters()]) : { body: renderClusters(source.clusters()) }),
  },
  {
    path: '/registry',
    help: 'sources of services: state, session, services; ?service=host or interface: its endpoints; ?format=json',
    render: renderRegistry,
  },
  {
    path: '/publish',
    help: 'where Polywire is registered as a provider, as what, and whether it stands; ?format=json',
    render: (source, query) => (wantsJson(query) ? json([...source.publishers()]) : { body: renderPublishers(source.publishers()) }),
  },
  { path: '/config_dump', help: 'the configuration in force, as JSON', render: (source) => json(source.configDump()) },
  { path: '/logging', help: 'the log level; POST /logging?level=debug sets it', posts: true, render: renderLogging },
];

function renderForPrometheus(source: AdminSource): Answer {
  return { type: PROMETHEUS_CONTENT_TYPE, body: renderPrometheus(source.metrics()) };
}

function renderRegistry(source: AdminSource, query: URLSearchParams): Answer {
  const name = query.get('service');
  if (name === null) return wantsJson(query) ? json([...source.registries()]) : { body: renderRegistries(source.registries()) };
  const found = source.services(name);
  const status = found.length === 0 ? 404 : 200;
  if (wantsJson(query)) return { ...json(serviceData(found)), status };
  const known = found.length === 0 ? `nobody announces ${name}: /registry lists the hosts\n` : renderServices(found);
  return { status, body: known + renderUnread(source.unread(name)) };
}

function renderLogging(source: AdminSource, query: URLSearchParams, posted: boolean): Answer {
  if (posted) {
    const level = query.get('level') ?? '';
    if (!isLogLevel(level)) return { status: 400, body: `level is one of ${LOG_LEVELS.join(', ')}\n` };
    source.log.level = level;
  }
  return { body: `level: ${source.log.level}\n` };
}

function serve(source: AdminSource, request: IncomingMessage, response: ServerResponse): void {
  // No page takes a body: whatever comes is read and thrown away, and the connection does not wait for it.
  request.resume();
  const { method } = request;
  let answer: Answer & { readonly allow?: string };
  try {
    answer = route(source, method ?? '', request.url ?? '/', request.headers.origin);
  } catch (error) {
    answer = { status: 500, body: `${messageOf(error)}\n` };
  }
  const body = Buffer.from(answer.body);
  response.writeHead(answer.status ?? 200, {
    'content-type': answer.type ?? 'text/plain; charset=utf-8',
    'content-length': body.length,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...(answer.allow === undefined ? {} : { allow: answer.allow }),
    ...(method === 'GET' || method === 'HEAD' ? {} : { connection: 'close' }),
  });
  response.end(method === 'HEAD' ? undefined : body);
}

function route(source: AdminSource, method: string, target: string, origin: string | undefined): Answer & { readonly allow?: string } {
  const mark = target.indexOf('?');
  const path = mark === -1 ? target : target.slice(0, mark);
  const page = PAGES.find((candidate) => candidate.path === path);
  if (page === undefined) return { status: 404, body: `there is no ${path} here; there is\n${index()}` };
  const posted = method === 'POST' && page.posts === true;
  // A web page in a browser of this machine may reach loopback, and says where it is from.
  if (posted && origin !== undefined) return { status: 403, body: 'pages of other sites may change nothing here\n' };
  if (method !== 'GET' && method !== 'HEAD' && !posted) {
    return { status: 405, body: `${path} does not understand ${method}\n`, allow: page.posts === true ? 'GET, HEAD, POST' : 'GET, HEAD' };
  }
  return page.render(source, new URLSearchParams(mark === -1 ? '' : target.slice(mark)), posted);
}

function index(): string {
  return PAGES.map((page) => `${page.path.padEnd(20)}${page.help}\n`).join('');
}

function wantsJson(query: URLSearchParams): boolean {
  return query.get('format') === 'json';
}

function json(value: unknown): Answer {
  return { type: JSON_TYPE, body: renderJson(value) };
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

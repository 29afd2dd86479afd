import type { Random } from './http2-random.ts';

export type Field = readonly [name: string, value: string];

/** One exchange: what is asked, and what is answered. */
export interface GeneratedExchange {
  readonly request: GeneratedMessage & { readonly method: string; readonly path: string; readonly scheme: string };
  /** Heads before the answer's own. */
  readonly interim: readonly (readonly Field[])[];
  readonly response: GeneratedMessage & { readonly status: number };
}

export interface GeneratedMessage {
  readonly fields: readonly Field[];
  /** Names of fields that are to be kept out of compression tables. */
  readonly sensitive: readonly string[];
  /** Sizes of the pieces that a body is written in; undefined: there is none. */
  readonly pieces: readonly number[] | undefined;
  readonly withLength: boolean;
  readonly trailers: readonly Field[] | undefined;
}

const TOKEN = "abcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~";
const LETTERS = 'abcdefghijklmnopqrstuvwxyz-';
const VALUE = ' !"#$%&\'()*+,-./0123456789:;<=>?@ABCXYZ[\\]^_`abcxyz{|}~\t';
const PATH = 'abcxyzABC0189-._~!$&\'()*+,;=:@/%[]{}|^"<>`\\';
const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'HEAD', 'PURGE', 'M-SEARCH', 'x'];
const STATUSES = [200, 200, 200, 201, 202, 203, 206, 207, 301, 400, 404, 418, 429, 500, 503, 599];
const BODILESS = [204, 205, 304];
/** With meanings of their own to proxies or compression. */
const KNOWN: readonly Field[] = [
  ['te', 'trailers'],
  ['accept-encoding', 'gzip, br'],
  ['authorization', 'Bearer secret'],
  ['x-forwarded-for', '10.0.0.1, 10.0.0.2'],
  ['forwarded', 'for=10.0.0.1;proto=http'],
  ['via', '1.1 somebody'],
  ['range', 'bytes=0-10'],
  ['if-none-match', '"a", W/"b"'],
  ['cache-control', 'no-store'],
  ['max-forwards', '3'],
  ['content-type', 'application/json; charset=utf-8'],
  ['content-encoding', 'identity'],
  ['user-agent', 'tests'],
  ['grpc-encoding', 'identity'],
  ['traceparent', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'],
];
const MOST_BODY = 150_000;

export function generateExchange(random: Random): GeneratedExchange {
  const method = random.of(METHODS);
  const noBody = method === 'HEAD';
  const status = random.chance(10) ? random.of(BODILESS) : random.of(STATUSES);
  const request = {
    ...message(random, random.chance(50)),
    method,
    path: path(random, method),
    scheme: random.chance(20) ? 'https' : 'http',
  };
  const cookies = random.chance(40)
    ? Array.from({ length: random.between(1, 4) }, (_, i): Field => ['cookie', `c${i}=${random.text(LETTERS, 0, 20)}`])
    : [];
  const answerable = !noBody && !BODILESS.includes(status);
  const setCookies = random.chance(30) ? [0, 1].map((i): Field => ['set-cookie', `s${i}=${random.text(LETTERS, 0, 20)}; Path=/`]) : [];
  const response = message(random, answerable && random.chance(80));
  return {
    request: { ...request, fields: [...request.fields, ...cookies] },
    interim: random.chance(25) ? Array.from({ length: random.between(1, 3) }, () => fields(random, 3)) : [],
    response: { ...response, fields: [...response.fields, ...setCookies], trailers: answerable ? response.trailers : undefined, status },
  };
}

function message(random: Random, hasBody: boolean): GeneratedMessage {
  const list = fields(random, random.chance(5) ? 80 : 8, KNOWN);
  const size = random.chance(30) ? random.between(0, 20) : random.between(0, random.chance(20) ? MOST_BODY : 5_000);
  return {
    fields: list,
    sensitive: random.chance(20) ? list.slice(0, 2).map(([name]) => name) : [],
    pieces: hasBody ? random.pieces(size, random.of([100, 5_000, 40_000])) : undefined,
    withLength: random.chance(50),
    trailers: hasBody && random.chance(30) ? fields(random, 4) : undefined,
  };
}

function fields(random: Random, most: number, known: readonly Field[] = []): Field[] {
  const list = Array.from({ length: random.below(most + 1) }, (): Field => {
    const name = random.chance(30) ? `x-${random.text(TOKEN, 1, 12)}` : `x-${random.text(LETTERS, 1, 6)}`;
    return [name, value(random)];
  });
  const [first] = list;
  const twice: Field[] = first !== undefined && random.chance(30) ? [[first[0], value(random)]] : [];
  return [...list, ...known.filter(() => random.chance(10)), ...twice];
}

/** No blank may be at either end of one. */
function value(random: Random): string {
  if (random.chance(10)) return '';
  return random.text(VALUE, 1, random.chance(5) ? 3_000 : 40).trim();
}

function path(random: Random, method: string): string {
  if (method === 'OPTIONS' && random.chance(30)) return '*';
  const query = random.chance(40) ? `?${random.text(`${PATH}?`, 0, 60)}` : '';
  return `/${random.text(PATH, 0, random.chance(5) ? 2_000 : 30)}${query}`;
}

// Calls what the test tells it to call.
import { once } from 'node:events';
import thrift from 'thrift';
import { describe, serve } from './lines.mjs';
import { Load } from './load.mjs';
import { compare, plain, SHAPES } from './shapes.mjs';
import { generated, options, writeHeadersFirst } from './wire.mjs';

const SERVICES = { Calls: generated('LaterCalls'), Others: generated('Others') };
const DEFAULT_TIMEOUT_MILLISECONDS = 10_000;

/** One connection; as this library's clients do, it sends a call without waiting for the answers to those before. */
export class Connection {
  #settings;
  #connection;
  #client;
  #failed;
  /** Headers of the last answer. */
  #headers = {};

  static async open(settings) {
    const opened = new Connection();
    await opened.#connect(settings);
    return opened;
  }

  async #connect(settings) {
    this.#settings = settings;
    this.#connection = thrift.createConnection('127.0.0.1', settings.port, options(settings));
    await once(this.#connection, 'connect');
    this.#failed = new Promise((_, reject) => {
      this.#connection.on('error', reject).on('close', () => reject(new Error('the connection was closed')));
    });
    this.#failed.catch(() => {});
    const { service = 'Calls', serviceName = service, multiplexed } = settings;
    this.#client = multiplexed
      ? new thrift.Multiplexer().createClient(serviceName, SERVICES[service], this.#connection)
      : thrift.createClient(SERVICES[service], this.#connection);
    if (settings.transport === 'header') this.#useHeaders();
  }

  async call(method, args, headers = {}) {
    if (this.#settings.transport === 'header') this.#writeHeaders(headers);
    const answered = this.#client[method](...args);
    if (method === 'note') return { value: null, headers: {} };
    const timeout = this.#settings.timeout ?? DEFAULT_TIMEOUT_MILLISECONDS;
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(Object.assign(new Error(`no answer in ${timeout} ms`), { name: 'Timeout' })), timeout);
    });
    try {
      const value = await Promise.race([answered, this.#failed, late]);
      return { value, headers: this.#headers };
    } finally {
      clearTimeout(timer);
    }
  }

  close() {
    this.#connection.end();
  }

  get settings() {
    return this.#settings;
  }

  #useHeaders() {
    writeHeadersFirst(this.#client.output, this.#settings);
    const client = this.#client;
    for (const name of Object.getOwnPropertyNames(SERVICES.Calls.Client.prototype).concat(
      Object.getOwnPropertyNames(Object.getPrototypeOf(SERVICES.Calls.Client.prototype)),
    )) {
      const receive = client[name];
      if (!name.startsWith('recv_') || receive === undefined) continue;
      client[name] = (input, ...rest) => {
        this.#headers = { ...input.trans.getReadHeaders() };
        return receive.call(client, input, ...rest);
      };
    }
  }

  #writeHeaders(headers) {
    const { output } = this.#client;
    output.clearWriteHeaders();
    for (const [key, value] of Object.entries(headers)) output.setWriteHeader(key, value);
  }
}

const connections = new Map();
const loads = new Map();

async function large(connection, { bytes, type }) {
  const binary = type === 'binary';
  const sent = binary ? Buffer.alloc(bytes, 'polywire') : '0123456789abcdef'.repeat(bytes / 16);
  const { value } = await connection.call(binary ? 'echoBinary' : 'echoString', [sent]);
  return { length: value.length, equal: binary ? value.equals(sent) : value === sent };
}

async function suite(on, only) {
  const results = {};
  for (const [name, method, value] of SHAPES) {
    if (only !== undefined && !only.includes(name)) continue;
    const connection = connections.get(on);
    try {
      results[name] = await compare(async (...args) => (await connection.call(...args)).value, method, value);
    } catch (failure) {
      const { class: kind, message } = describe(failure);
      results[name] = `${kind}: ${message}`;
      connection.close();
      connections.set(on, await Connection.open(connection.settings));
    }
  }
  return results;
}

async function handle(command) {
  const { op, on, name = 'load' } = command;
  if (op === 'stop') return loads.get(name).stop();
  if (op === 'open') {
    connections.set(on, await Connection.open(command));
    return;
  }
  const connection = connections.get(on);
  if (connection === undefined) throw new Error(`nothing is open as ${on}`);
  if (op === 'suite') return suite(on, command.only);
  if (op === 'large') return large(connection, command);
  if (op === 'call') {
    const { value, headers } = await connection.call(command.method, command.args ?? [], command.headers);
    return { value: plain(value) ?? null, headers };
  }
  if (op === 'load') {
    const load = new Load(() => Connection.open(connection.settings), command);
    loads.set(name, load);
    return load.run();
  }
  if (op !== 'close') throw new Error(`no such command: ${op}`);
  connections.delete(on);
  connection.close();
}

serve({}, handle);

import { createConnection, createServer } from 'mysql2';
import type { Owner } from './owner.ts';
import { freePort } from './ports.ts';

/** A MySQL server as mysql2 has it: it greets, takes every user, and answers every query with the query. */
export async function startMysqlServer(owner: Owner): Promise<number> {
  const port = await freePort();
  const server = createServer((connection) => {
    connection.on('error', () => undefined);
    connection.serverHandshake({
      protocolVersion: 10,
      serverVersion: '8.0.0-mysql2',
      connectionId: 1,
      statusFlags: 2,
      characterSet: 8,
      capabilityFlags: 0xffffff ^ 0x800 ^ 0x20,
    });
    connection.on('query', (asked: string) => {
      const column = { catalog: 'def', schema: '', table: '', orgTable: '', name: 'asked', orgName: 'asked' };
      // The packets of an answer are counted from 1; the server of mysql2 goes on counting.
      Reflect.set(connection, 'sequenceId', 1);
      connection.writeTextResult([{ asked }], [{ ...column, characterSet: 33, columnLength: 384, columnType: 253, flags: 0, decimals: 0 }]);
      Reflect.set(connection, 'sequenceId', 0);
    });
  });
  // It hands all arguments on to net.Server, though its types list one.
  await new Promise<void>((resolve) => void Reflect.apply(server.listen, server, [port, '127.0.0.1', resolve]));
  owner.after(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return port;
}

/** What the server at a port answers to a query, over a connection that is closed again. */
export function mysqlQuery(port: number, sql: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const connection = createConnection({ host: '127.0.0.1', port, user: 'nobody', connectTimeout: 5000 });
    connection.on('error', reject);
    connection.query(sql, (error, rows) => {
      connection.end();
      if (error === null) resolve(Array.isArray(rows) ? rows.map((row) => ({ ...row })) : rows);
      else reject(error);
    });
  });
}

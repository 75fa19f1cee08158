import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A server on a port of its own, before anything handles its requests: its address is known to what will. */
export async function listen(): Promise<{ server: Server; origin: string; close(): Promise<void> }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    server,
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

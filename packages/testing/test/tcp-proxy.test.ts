import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { startTcpProxy, type TcpAddress, type TcpProxy } from '@frameio-auth/testing';
import { expect, it, onTestFinished } from 'vitest';

/** Starts an echo server, and a proxy in front of it. */
async function startEcho(): Promise<TcpProxy> {
  const server = createServer((socket) => socket.on('error', () => {}).pipe(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy = await startTcpProxy({ to: { host: '127.0.0.1', port: (server.address() as AddressInfo).port } });
  onTestFinished(async () => {
    await proxy.close();
    server.close();
  });
  return proxy;
}

async function connected({ port, host }: TcpAddress): Promise<Socket> {
  const socket = connect(port, host);
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  socket.on('error', () => {}); // Its end may also be reported as an error.
  return socket;
}

function closing(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.on('close', () => resolve()));
}

async function echo(socket: Socket, text: string): Promise<string> {
  const answered = once(socket, 'data');
  socket.write(text);
  return String((await answered)[0]);
}

it('lets everything through in both directions', async () => {
  expect(await echo(await connected(await startEcho()), 'hello')).toBe('hello');
});

it('ends connections and refuses new ones while it is cut, and takes them on the same port again when it is healed', async () => {
  const proxy = await startEcho();
  const socket = await connected(proxy);
  expect(await echo(socket, 'hello')).toBe('hello');
  const closed = closing(socket);
  const { port } = proxy;
  await proxy.cut();
  await closed;
  await expect(connected(proxy)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await proxy.heal();
  expect(proxy.port).toBe(port);
  expect(await echo(await connected(proxy), 'again')).toBe('again');
});

it('swallows what is sent while it hangs, and ends those connections when it is healed', async () => {
  const proxy = await startEcho();
  const open = await connected(proxy);
  expect(await echo(open, 'hello')).toBe('hello');
  proxy.hang();
  const opened = await connected(proxy);
  const heard: string[] = [];
  for (const socket of [open, opened]) socket.on('data', (data) => heard.push(String(data)));
  const flushed = [open, opened].map((socket) => new Promise((resolve) => socket.write('lost', resolve)));
  await Promise.all(flushed);
  const closed = [open, opened].map(closing);
  await proxy.heal();
  await Promise.all(closed);
  expect(heard).toStrictEqual([]);
  expect(await echo(await connected(proxy), 'again')).toBe('again');
});

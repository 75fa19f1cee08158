import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { afterEach, describe, expect, it } from 'vitest';
import { type RedisServer, startRedis } from '../../redis/index.ts';
import { ask } from '../../redis/redis-admin.ts';
import { listens } from './client.ts';

const servers: RedisServer[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

async function start(options?: Parameters<typeof startRedis>[0]): Promise<RedisServer> {
  const server = await startRedis(options);
  servers.push(server);
  return server;
}

describe('a Redis server', () => {
  it('answers as soon as it is there, and says what it is', async () => {
    const server = await start();

    expect(await ask(server, 'PING')).toBe('PONG');
    expect(server.url).toBe(`redis://127.0.0.1:${server.port}`);
    const info = String(await ask(server, 'INFO', 'server'));
    expect(info).toContain(`${server.version.vendor}_version:${server.version.version}\r\n`);
    expect(info).toContain(`process_id:${server.pid}\r\n`);
  });

  it('leaves neither a process nor a directory when it is stopped, paused or not', async () => {
    const [running, paused] = await Promise.all([start(), start()]);
    paused.pause();

    await Promise.all([running.stop(), paused.stop()]);

    for (const server of [running, paused]) {
      expect(server.pid).toBeUndefined();
      expect(existsSync(server.directory)).toBe(false);
      expect(await listens(server)).toBe(false);
      await expect(server.start()).rejects.toThrow('was stopped');
    }
  });

  it('is stopped at the end of an `await using`', async () => {
    let directory: string;
    {
      await using server = await startRedis();
      directory = server.directory;
      expect(existsSync(directory)).toBe(true);
    }
    expect(existsSync(directory)).toBe(false);
  });

  it('shares nothing with another one', async () => {
    const [one, other] = await Promise.all([start(), start()]);

    await ask(one, 'SET', 'whose', 'mine');

    expect(await ask(other, 'GET', 'whose')).toBeNull();
  });

  it('keeps everything when it is killed, with persistence', async () => {
    const server = await start({ persistence: 'always' });
    await ask(server, 'SET', 'kept', 'yes');

    await server.kill();
    expect(server.pid).toBeUndefined();
    await server.start();

    expect(await ask(server, 'GET', 'kept')).toBe('yes');
  });

  it('has lost everything after a restart, without persistence', async () => {
    const server = await start();
    await ask(server, 'SET', 'kept', 'no');

    await server.restart();

    expect(await ask(server, 'GET', 'kept')).toBeNull();
  });

  it('refuses connections while it is down', async () => {
    const server = await start();

    const restarted = server.restart({ downtime: 100 });
    await expect.poll(() => server.pid).toBeUndefined();

    expect(await listens(server)).toBe(false);
    await restarted;
    expect(await ask(server, 'PING')).toBe('PONG');
  });

  it('answers nothing while it is paused, and everything afterwards', async () => {
    const server = await start();
    const client = new Redis(server.url);
    await client.ping();

    server.pause();
    let answered = false;
    const answer = client.ping().finally(() => {
      answered = true;
    });
    expect(await listens(server)).toBe(true);
    await start(); // Another server starts completely and responds meanwhile.
    expect(answered).toBe(false);
    server.resume();

    expect(await answer).toBe('PONG');
    client.disconnect();
  });

  it('takes further directives', async () => {
    const server = await start({
      config: { requirepass: 'fictional', user: ['reader on nopass ~* +get', 'writer on nopass ~* +set'] },
    });

    await expect(ask(server, 'PING')).rejects.toThrow('NOAUTH');
    const users = await ask({ host: server.host, port: server.port, password: 'fictional' }, 'ACL', 'USERS');
    expect(users).toEqual(['default', 'reader', 'writer']);
  });
});

describe('a Redis server that does not start', () => {
  it('gives the end of its log', async () => {
    await expect(startRedis({ config: { nonsense: 'yes' } })).rejects.toThrow(/did not start.*>>> 'nonsense yes'/s);
  });

  it('says so when the port that it shall have is taken', async () => {
    const { port } = await start();

    await expect(startRedis({ port })).rejects.toThrow(/did not start.*Address already in use/s);
  });
});

describe('a program that starts a Redis server', () => {
  const program = fileURLToPath(new URL('program.ts', import.meta.url));

  async function outlived(ending: string) {
    const child = spawn(process.execPath, [program, ending], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [output] = await Promise.all([text(child.stdout), once(child, 'exit')]);
    return JSON.parse(output) as { port: number; directory: string };
  }

  it.concurrent.for(['nothing left to do', 'process.exit', 'SIGTERM', 'SIGKILL'])(
    'leaves nothing when it ends by %s',
    async (ending, { expect }) => {
      const { port, directory } = await outlived(ending);

      await expect.poll(() => existsSync(directory)).toBe(false);
      await expect.poll(() => listens({ host: '127.0.0.1', port })).toBe(false);
    },
  );
});

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { WebAppAuth } from '@frameio-auth/core';
import { exactly, truly } from '../checks.ts';
import type { Demo } from '../demo.ts';
import { fingerprint } from '../fingerprint.ts';
import type { Message, Task } from '../instance-process.ts';
import { type SceneRedis, sceneRedis } from '../scene-redis.ts';

const PROGRAM = fileURLToPath(new URL('../instance-process.ts', import.meta.url));
const PROCESSES = 3;
const USER = 'ode@studio.example';

export async function sharedRedis(demo: Demo, env: NodeJS.ProcessEnv): Promise<void> {
  const { output } = demo;
  demo.scene(
    'Three processes, one Redis',
    "Three processes share a user's session in one Redis. The server revokes their access token, and all three " +
      'call the API at the same moment.',
  );
  const redis = await sceneRedis(env);
  if (typeof redis === 'string') return output.fact('Redis', redis);
  output.fact('Redis', redis.description);
  const instances = Array.from({ length: PROCESSES }, () => new Instance());
  try {
    await shareSession(demo, redis, instances);
    await Promise.all(instances.map(({ ended }) => ended));
  } finally {
    await Promise.all(instances.map((instance) => instance.kill()));
    await redis.end();
  }
}

async function shareSession({ output, server, common }: Demo, redis: SceneRedis, instances: Instance[]): Promise<void> {
  const { server: profile, transport } = common; // Without the clock of the other scenes, because Redis has its own.
  const { storage, url, keyPrefix } = redis;
  const client = server.clients.webApp;
  const auth = new WebAppAuth({ ...client, server: profile, transport, storage });
  const session = auth.session(USER);
  const { url: signInPage } = await session.getAuthorizationUrl();
  await session.handleCallback(await server.signIn(signInPage, { user: USER }));
  const token = await session.getToken();
  await auth.close();

  const task: Task = { origin: server.origin, redis: { url, keyPrefix }, client, user: USER };
  const restored = await Promise.all(instances.map((instance) => instance.send<{ token: string }>(task)));
  const all = truly(
    `all ${PROCESSES} serve it`,
    restored.every((one) => one.token === fingerprint(token)),
  );
  output.fact('token', `${fingerprint(token)} is in Redis, and ${all}`);

  server.revokeToken(token);
  const outcomes = await Promise.all(instances.map((instance) => instance.send<Outcome>('call the API')));
  const refreshing = outcomes.map(({ states }) => states).filter((states) => states.includes('requesting'));
  output.states(exactly('valid → refreshing (leasing, requesting, committing) → valid', refreshing[0] ?? ''), 'one');
  const newest = outcomes[0]?.token ?? '';
  const shared = truly(
    `adopt ${newest}`,
    outcomes.every((one) => one.token === newest && newest !== fingerprint(token)),
  );
  output.fact('others', `${exactly(PROCESSES - 1, outcomes.length - refreshing.length)} ${shared}`);
  const refreshes = exactly(1, server.count({ grantType: 'refresh_token' }));
  const statuses = outcomes.map(({ status }) => exactly(200, status)).join(', ');
  const rejected = exactly(0, server.count({ outcome: 'invalid_grant' }));
  output.fact('server', `${refreshes} refresh, ${rejected} rejected; GET /v4/me: ${statuses}`);
}

type Outcome = Extract<Message, { status: number }>;

/** One of the processes. */
class Instance {
  readonly #process: ChildProcess = fork(PROGRAM);
  /** Resolves when it has exited, which it does after it has called the API. */
  readonly ended = once(this.#process, 'exit');

  /** Resolves to its response. */
  async send<Response extends Message>(message: Task | string): Promise<Response> {
    const response = once(this.#process, 'message');
    this.#process.send(message);
    const exited = this.ended.then(([code]) => {
      throw new Error(`A process ended with ${code} and sent no message.`);
    });
    const [received] = await Promise.race([response, exited]);
    return received as Response;
  }

  async kill(): Promise<void> {
    this.#process.kill();
    await this.ended;
  }
}

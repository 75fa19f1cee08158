import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { WebAppAuth } from '@frameio-auth/core';
import { exactly, truly } from '../claims.ts';
import { fingerprint } from '../fingerprint.ts';
import type { Message, Task } from '../fleet-member.ts';
import { type SceneRedis, sceneRedis } from '../scene-redis.ts';
import type { World } from '../world.ts';

const PROGRAM = fileURLToPath(new URL('../fleet-member.ts', import.meta.url));
const PROCESSES = 3;
const USER = 'ode@studio.example';

export async function sharedRedis(world: World, env: NodeJS.ProcessEnv): Promise<void> {
  const { stage } = world;
  world.scene(
    'Three processes, one Redis',
    "Three processes share a user's session in one Redis. The server takes back their access token, and all three " +
      'call the API at the same moment.',
  );
  const redis = await sceneRedis(env);
  if (typeof redis === 'string') return stage.fact('Redis', redis);
  stage.fact('Redis', redis.description);
  const members = Array.from({ length: PROCESSES }, () => new Member());
  try {
    await shareSession(world, redis, members);
    await Promise.all(members.map(({ ended }) => ended));
  } finally {
    await Promise.all(members.map((member) => member.kill()));
    await redis.end();
  }
}

async function shareSession({ stage, server, common }: World, redis: SceneRedis, members: Member[]): Promise<void> {
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
  const restored = await Promise.all(members.map((member) => member.tell<{ token: string }>(task)));
  const all = truly(
    `all ${PROCESSES} serve it`,
    restored.every((one) => one.token === fingerprint(token)),
  );
  stage.fact('token', `${fingerprint(token)} is in Redis, and ${all}`);

  server.revokeToken(token);
  const outcomes = await Promise.all(members.map((member) => member.tell<Outcome>('call the API')));
  const asking = outcomes.map(({ states }) => states).filter((states) => states.includes('requesting'));
  stage.states(exactly('valid → refreshing (leasing, requesting, committing) → valid', asking[0] ?? ''), 'one');
  const newest = outcomes[0]?.token ?? '';
  const shared = truly(
    `adopt ${newest}`,
    outcomes.every((one) => one.token === newest && newest !== fingerprint(token)),
  );
  stage.fact('others', `${exactly(PROCESSES - 1, outcomes.length - asking.length)} ${shared}`);
  const refreshes = exactly(1, server.count({ grantType: 'refresh_token' }));
  const answers = outcomes.map(({ status }) => exactly(200, status)).join(', ');
  const refused = exactly(0, server.count({ outcome: 'invalid_grant' }));
  stage.fact('server', `${refreshes} refresh, ${refused} refused; GET /v4/me: ${answers}`);
}

type Outcome = Extract<Message, { status: number }>;

/** One of the processes. */
class Member {
  readonly #process: ChildProcess = fork(PROGRAM);
  /** Resolves when it has closed its session and exited, which it does after it has called the API. */
  readonly ended = once(this.#process, 'exit');

  /** Resolves to its response. */
  async tell<Answer extends Message>(what: Task | string): Promise<Answer> {
    const answer = once(this.#process, 'message');
    this.#process.send(what);
    const gone = this.ended.then(([code]) => {
      throw new Error(`A process ended with ${code} and without a word.`);
    });
    const [message] = await Promise.race([answer, gone]);
    return message as Answer;
  }

  async kill(): Promise<void> {
    this.#process.kill();
    await this.ended;
  }
}

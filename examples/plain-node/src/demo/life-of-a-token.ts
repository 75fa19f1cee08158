import { claimsChecked, truly } from './claims.ts';
import type { Stage } from './stage.ts';
import { backgroundRenewal } from './steps/background-renewal.ts';
import { exportAndImport } from './steps/export-and-import.ts';
import { firstToken } from './steps/first-token.ts';
import { forgedCallback } from './steps/forged-callback.ts';
import { outage } from './steps/outage.ts';
import { rejectedToken } from './steps/rejected-token.ts';
import { sharedRedis } from './steps/shared-redis.ts';
import { signOut } from './steps/sign-out.ts';
import { singleFlight } from './steps/single-flight.ts';
import { stopAndStart } from './steps/stop-and-start.ts';
import { twoInstances } from './steps/two-instances.ts';
import { userSignIn } from './steps/user-sign-in.ts';
import { duration } from './time.ts';
import { World } from './world.ts';

/** Shows the whole life of a token with a local server. Every line is checked before it is printed. */
export async function lifeOfAToken(stage: Stage, env: NodeJS.ProcessEnv): Promise<void> {
  const started = performance.now();
  const world = await World.begin(stage);
  const { server, clock } = world;
  const firstHour = clock.now();
  try {
    stage.title('The life of a Frame.io access token');
    stage.text(
      `A server that behaves like Adobe's runs at ${server.origin}, for this demo. The HTTP is real, the accounts are ` +
        'made up; where hours must pass, server and sessions share a clock that is moved by hand. Tokens are not ' +
        'printed: each goes by the first four digits of its SHA-256.',
    );

    const service = await firstToken(world);
    await backgroundRenewal(world, service);
    await singleFlight(world, service);

    const visitor = await userSignIn(world);
    await outage(world, visitor);
    await rejectedToken(world, visitor);
    await forgedCallback(world, visitor);
    await exportAndImport(world, visitor);
    await stopAndStart(world);
    const other = await twoInstances(world, visitor);
    await sharedRedis(world, env);
    await signOut(world, visitor, other);

    const secrets = server.secrets();
    const unseen = truly('none was printed', !secrets.some((secret) => stage.transcript.includes(secret)));
    stage.title('That was it');
    stage.text(
      `${stage.scenes} scenes, ${world.tokenRequests} token requests, ${duration(clock.now() - firstHour)} on the clock ` +
        `and ${duration(performance.now() - started)} on yours. ${claimsChecked()} claims were checked as they were made; ` +
        `of the ${secrets.length} secrets that the server knows, ${unseen}.`,
    );
    stage.text('Next: README.md, and examples/plain-node/src/index.ts, which is what you would write yourself.');
  } finally {
    await world.end();
  }
}

import { checkCount, truly } from './checks.ts';
import { Demo } from './demo.ts';
import type { Output } from './output.ts';
import { backgroundRefresh } from './scenes/background-refresh.ts';
import { exportAndImport } from './scenes/export-and-import.ts';
import { firstToken } from './scenes/first-token.ts';
import { forgedCallback } from './scenes/forged-callback.ts';
import { oneRequest } from './scenes/one-request.ts';
import { outage } from './scenes/outage.ts';
import { rejectedToken } from './scenes/rejected-token.ts';
import { sharedRedis } from './scenes/shared-redis.ts';
import { signOut } from './scenes/sign-out.ts';
import { stopAndStart } from './scenes/stop-and-start.ts';
import { twoInstances } from './scenes/two-instances.ts';
import { userSignIn } from './scenes/user-sign-in.ts';
import { duration } from './time.ts';

/** Shows the whole life of a token with a local server. Every fact is checked before it is printed. */
export async function lifeOfAToken(output: Output, env: NodeJS.ProcessEnv): Promise<void> {
  const started = performance.now();
  const demo = await Demo.begin(output);
  const { server, clock } = demo;
  const firstHour = clock.now();
  try {
    output.title('The life of a Frame.io access token');
    output.text(
      `A server that behaves like Adobe's runs at ${server.origin} for this demo. The HTTP is real, the accounts are ` +
        'fictional. Where hours must pass, the demo sets the clock that the server and the sessions share. Tokens ' +
        'are not printed: each is named by the first four digits of its SHA-256.',
    );

    const service = await firstToken(demo);
    await backgroundRefresh(demo, service);
    await oneRequest(demo, service);

    const user = await userSignIn(demo);
    await outage(demo, user);
    await rejectedToken(demo, user);
    await forgedCallback(demo, user);
    await exportAndImport(demo, user);
    await stopAndStart(demo);
    const other = await twoInstances(demo, user);
    await sharedRedis(demo, env);
    await signOut(demo, user, other);

    const secrets = server.secrets();
    const hidden = truly('none was printed', !secrets.some((secret) => output.transcript.includes(secret)));
    output.title('Summary');
    output.text(
      `${output.scenes} scenes, ${demo.tokenRequests} token requests, ${duration(clock.now() - firstHour)} on the ` +
        `demo's clock and ${duration(performance.now() - started)} on yours. ${checkCount()} facts were checked before ` +
        `they were printed. Of the ${secrets.length} secrets that the server knows, ${hidden}.`,
    );
    output.text('Next: README.md, and examples/plain-node/src/index.ts, which is what you would write.');
  } finally {
    await demo.end();
  }
}

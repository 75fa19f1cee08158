// Tests every recipe against local servers: `npm start`. With names, only those: `npm start got ky`.
import { claims } from './claims.ts';
import { type Trial, trials } from './trials.ts';
import { World } from './world.ts';

const names = process.argv.slice(2);
const world = await World.begin();
for (const trial of trials.filter(({ recipe }) => names.length === 0 || names.includes(recipe))) {
  try {
    console.log(`ok      ${trial.recipe.padEnd(16)} ${await attempt(trial)}`);
  } catch (error) {
    console.error(`FAILED  ${trial.recipe.padEnd(16)} ${error instanceof Error ? error.message : error}`);
    process.exitCode = 1;
  }
}
await world.end();

async function attempt({ makeClient, particular }: Trial): Promise<string> {
  for (const claim of claims) {
    await using auth = await world.signIn();
    await claim(world, makeClient(auth, world));
  }
  await using auth = await world.signIn();
  await particular?.prove(auth, world);
  return ['one repetition after a 401, none after a 403 or of a failed write, no token elsewhere', particular?.says]
    .filter((each) => each !== undefined)
    .join('; ');
}

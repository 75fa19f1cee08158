import { startRedis } from '@frameio-auth/testing';

/** Starts a server on the built package, says where it is, and ends in one of the ways in which programs end. */

const { port, directory } = await startRedis();
process.stdout.write(JSON.stringify({ port, directory }), () => {
  const ending = process.argv[2];
  if (ending === 'process.exit') process.exit();
  else if (ending === 'SIGTERM' || ending === 'SIGKILL') process.kill(process.pid, ending);
});

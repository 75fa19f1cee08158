// Not by the package's name, because four such programs would load everything else as well.
import { startRedis } from '../../redis/index.ts';

/** Starts a server on the built package, prints where it is, and ends in one of the possible ways. */

const { port, directory } = await startRedis();
process.stdout.write(JSON.stringify({ port, directory }), () => {
  const ending = process.argv[2];
  if (ending === 'process.exit') process.exit();
  else if (ending === 'SIGTERM' || ending === 'SIGKILL') process.kill(process.pid, ending);
});

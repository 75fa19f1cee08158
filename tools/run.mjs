// The door of every command in package.json. It is plain JavaScript for any Node that npm can start, and looks at
// the version before it loads a line that an older one could not read.
const [major = 0] = process.versions.node.split('.').map(Number);

if (major < 20) {
  console.error(`Node ${process.versions.node} is too old to start from: install Node 20 or newer and run it again.`);
  process.exitCode = 1;
} else {
  const { main } = await import('./jobs.mjs');
  process.exitCode = await main(process.argv.slice(2));
}

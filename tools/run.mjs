// Every command of package.json starts here, on any Node that npm has. The version is checked before a file is loaded that
// an older Node cannot parse.
const [major = 0] = process.versions.node.split('.').map(Number);

if (major < 20) {
  console.error(`Node ${process.versions.node} is too old. Install Node 20 or newer, and run the command again.`);
  process.exitCode = 1;
} else {
  const { main } = await import('./main.mjs');
  process.exitCode = await main(process.argv.slice(2));
}

import { Command } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };

/** Each sub-command's own file, loaded when it is asked for, so that a client does not wait for the server's parts. */
const commands: ReadonlyMap<string, () => Promise<Command>> = new Map([
  ['serve', async () => (await import('./serve.ts')).serveCommand()],
  ['account', async () => (await import('./account.ts')).accountCommand()],
  ['alias', async () => (await import('./alias.ts')).aliasCommand()],
  ['domain', async () => (await import('./domain.ts')).domainCommand()],
  ['undelete', async () => (await import('./undelete.ts')).undeleteCommand()],
  ['backup', async () => (await import('./backup.ts')).backupCommand()],
  ['restore', async () => (await import('./backup.ts')).restoreCommand()],
  ['import', async () => (await import('./import.ts')).importCommand()],
  ['export', async () => (await import('./export.ts')).exportCommand()],
  ['check', async () => (await import('./check.ts')).checkCommand()],
  ['config', async () => (await import('./config.ts')).configCommand()],
  ['send', async () => (await import('./send.ts')).sendCommand()],
  ['demo', async () => (await import('./demo.ts')).demoCommand()],
  ['proof', async () => (await import('./proof.ts')).proofCommand()],
  ['smtp', async () => (await import('./smtp-replies.ts')).smtpCommand()],
  ['senderserver', async () => (await import('./classic-servers.ts')).senderServerCommand()],
  ['senderclient', async () => (await import('./sender-client.ts')).senderClientCommand()],
  ['receiverserver', async () => (await import('./classic-servers.ts')).receiverServerCommand()],
  ['receiverclient', async () => (await import('./receiver-client.ts')).receiverClientCommand()],
]);

/** A reader of the output who has had enough (`| head`) ends the program without a word; a full disk with one line. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  process.stderr.write(`letterlock: standard output cannot be written: ${error.message}\n`);
  process.exit(1);
});

async function main(): Promise<void> {
  const program = new Command('letterlock')
    .description(
      'A mail server for the protected connection: TLS 1.3 on every door, and proof of it with each letter.',
    )
    .version(packageJson.version)
    .showHelpAfterError('(letterlock --help lists the commands)');
  const named = commands.get(process.argv[2] ?? '');
  const wanted = named === undefined ? [...commands.values()] : [named];
  for (const load of wanted) program.addCommand(await load());
  await program.parseAsync();
}

await main();

import { Command, CommanderError } from 'commander'
import { answer } from './commands/answer.ts'
import { approve } from './commands/approve.ts'
import { cancel } from './commands/cancel.ts'
import { config } from './commands/config.ts'
import { cost } from './commands/cost.ts'
import { doctor } from './commands/doctor.ts'
import { edit } from './commands/edit.ts'
import { graph } from './commands/graph.ts'
import { inbox } from './commands/inbox.ts'
import { logs } from './commands/logs.ts'
import { ls } from './commands/ls.ts'
import { pause } from './commands/pause.ts'
import { reject } from './commands/reject.ts'
import { resume } from './commands/resume.ts'
import { run } from './commands/run.ts'
import { schema } from './commands/schema.ts'
import { show } from './commands/show.ts'
import { tell } from './commands/tell.ts'
import { trust } from './commands/trust.ts'
import { validate } from './commands/validate.ts'
import { EXIT, type ExitCode, toCrewError } from './errors.ts'
import { version } from './version.ts'

/** Every command. Their files load nothing heavy before they are called. */
const COMMANDS = [
  run,
  resume,
  ls,
  show,
  logs,
  cost,
  inbox,
  answer,
  approve,
  reject,
  edit,
  validate,
  graph,
  schema,
  config,
  doctor,
  pause,
  cancel,
  tell,
  trust,
]

/** Runs one command line. The only place that decides an exit code. */
async function main(argv: readonly string[]): Promise<ExitCode> {
  let exit: ExitCode = EXIT.succeeded
  const program = new Command('crew')
    .description('Run a team of AI agents described in a file.')
    .version(version)
    .exitOverride()
    .showSuggestionAfterError()
    .addHelpText('after', '\nStart with: crew run TEAM --rehearse (needs no key and costs nothing)')
  for (const create of COMMANDS) {
    const command = create(code => {
      exit = code
    })
    program.addCommand(command.exitOverride().copyInheritedSettings(program))
  }
  try {
    await program.parseAsync(flagsLast(argv, new Set(program.commands.map(command => command.name()))), {
      from: 'user',
    })
    return exit
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? EXIT.succeeded : EXIT.usage
    return report(thrown)
  }
}

/** Flags are accepted anywhere, also before the name of the command that they belong to. */
function flagsLast(argv: readonly string[], names: ReadonlySet<string>): string[] {
  const at = argv.findIndex(word => names.has(word))
  const name = argv[at]
  return name === undefined ? [...argv] : [name, ...argv.slice(0, at), ...argv.slice(at + 1)]
}

async function report(thrown: unknown): Promise<ExitCode> {
  const error = toCrewError(thrown)
  const { describeError } = await import('./ui/error.ts')
  process.stderr.write(`${describeError(error)}\n`)
  return error.exit
}

/** A reader that has seen enough (`| head`) is no error: what is left to say is simply not said. */
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', error => {
    if (!('code' in error && error.code === 'EPIPE')) throw error
  })
}

/** What nobody has caught is a defect of crew, whatever it was thrown in. What is committed is safe. */
process.on('uncaughtException', thrown => {
  const leave = () => process.exit(EXIT.defect)
  report(thrown).then(leave, leave)
})

process.exitCode = await main(process.argv.slice(2))

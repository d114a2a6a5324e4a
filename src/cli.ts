import { CommanderError } from 'commander'
import { createProgram, flagsLast } from './cli/program.ts'
import { answerShell, COMPLETE } from './commands/completion.ts'
import { EXIT, type ExitCode, toCrewError } from './errors.ts'

/** Runs one command line. The only place that decides an exit code. */
async function main(argv: readonly string[]): Promise<ExitCode> {
  let exit: ExitCode = EXIT.succeeded
  const program = (word?: string) =>
    createProgram(code => {
      exit = code
    }, word)
  if (argv[0] === COMPLETE) {
    process.stdout.write(await answerShell(program(), argv.slice(1)))
    return exit
  }
  try {
    const line = flagsLast(argv)
    await program(line[0]).parseAsync(line, { from: 'user' })
    return exit
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) return report(thrown)
    if (thrown.exitCode === 0) return EXIT.succeeded
    // Where a command is missing, the help that lists them has been printed.
    if (thrown.code === 'commander.help') return EXIT.usage
    const { misused } = await import('./cli/misuse.ts')
    return report(misused(thrown, argv, program()))
  }
}

async function report(thrown: unknown): Promise<ExitCode> {
  const error = toCrewError(thrown)
  const { describeError } = await import('./ui/error.ts')
  process.stderr.write(`${describeError(error)}\n`)
  return error.exit
}

/** A reader that has seen enough (`| head`), or a terminal that is gone, is no error: what is left to say is simply not said. */
const GONE = new Set(['EPIPE', 'EIO', 'ENXIO'])
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', error => {
    if (!('code' in error && GONE.has(String(error.code)))) throw error
  })
}

/** What nobody has caught is a defect of crew, whatever it was thrown in. What is committed is safe. */
process.on('uncaughtException', thrown => {
  const leave = () => process.exit(EXIT.defect)
  report(thrown).then(leave, leave)
})

void main(process.argv.slice(2)).then(code => {
  process.exitCode = code
})

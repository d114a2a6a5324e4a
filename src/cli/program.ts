import { Command, CommanderError } from 'commander'
import { answer } from '../commands/answer.ts'
import { approve } from '../commands/approve.ts'
import { attach } from '../commands/attach.ts'
import { backup } from '../commands/backup.ts'
import { cancel } from '../commands/cancel.ts'
import type { CreateCommand } from '../commands/command.ts'
import { completion } from '../commands/completion.ts'
import { config } from '../commands/config.ts'
import { cost } from '../commands/cost.ts'
import { diff } from '../commands/diff.ts'
import { doctor } from '../commands/doctor.ts'
import { edit } from '../commands/edit.ts'
import { exporting } from '../commands/export.ts'
import { fork } from '../commands/fork.ts'
import { gc } from '../commands/gc.ts'
import { graph } from '../commands/graph.ts'
import { history } from '../commands/history.ts'
import { importing } from '../commands/import.ts'
import { inbox } from '../commands/inbox.ts'
import { logs } from '../commands/logs.ts'
import { ls } from '../commands/ls.ts'
import { pause } from '../commands/pause.ts'
import { reject } from '../commands/reject.ts'
import { replay } from '../commands/replay.ts'
import { resume } from '../commands/resume.ts'
import { run } from '../commands/run.ts'
import { schema } from '../commands/schema.ts'
import { show } from '../commands/show.ts'
import { tag } from '../commands/tag.ts'
import { tell } from '../commands/tell.ts'
import { top } from '../commands/top.ts'
import { trust } from '../commands/trust.ts'
import { validate } from '../commands/validate.ts'
import { version } from '../version.ts'
import { formatHelp, optionDescription } from './help.ts'

/**
 * Every command, in the groups of `crew --help`, with the few words that it has there: at most 24 columns, since two commands stand on a line. Their files
 * load nothing heavy before they are called.
 */
const COMMANDS: readonly [
  group: string,
  commands: Readonly<Record<string, readonly [create: CreateCommand, summary: string]>>,
][] = [
  [
    'Run',
    {
      run: [run, 'run a team'],
      resume: [resume, 'go on with a run'],
      fork: [fork, 'go back, change, run'],
      history: [history, 'moments to go back to'],
      pause: [pause, 'stop, to go on later'],
      cancel: [cancel, 'end a run for good'],
    },
  ],
  [
    'Watch',
    {
      attach: [attach, 'the screen of a run'],
      top: [top, 'all runs, live'],
    },
  ],
  [
    'Read',
    {
      ls: [ls, 'list runs'],
      show: [show, 'one run, and its result'],
      logs: [logs, 'what happened in it'],
      cost: [cost, 'what was spent'],
      diff: [diff, 'where two runs parted'],
      replay: [replay, 'a run once more'],
    },
  ],
  [
    'Decide',
    {
      inbox: [inbox, 'what waits for you'],
      answer: [answer, 'answer a question'],
      approve: [approve, 'let something happen'],
      reject: [reject, 'refuse it'],
      edit: [edit, 'change it, and approve'],
      tell: [tell, 'give an agent guidance'],
    },
  ],
  [
    'Teams',
    {
      validate: [validate, 'check a team file'],
      graph: [graph, 'draw a team'],
      trust: [trust, 'see what it could do'],
      schema: [schema, 'JSON Schema for editors'],
    },
  ],
  [
    'Keep',
    {
      tag: [tag, 'which runs are to stay'],
      gc: [gc, 'remove old runs'],
      export: [exporting, 'a run as a file'],
      import: [importing, 'take in a run'],
      backup: [backup, 'copy the store'],
      doctor: [doctor, 'what is missing or wrong'],
    },
  ],
  [
    'Set up',
    {
      config: [config, 'settings for all runs'],
      completion: [completion, 'completion for shells'],
    },
  ],
]

/** Words that may stand first. */
const NAMES = new Set(['help', ...COMMANDS.flatMap(([, commands]) => Object.keys(commands))])

/**
 * The whole command line, or as much of it as reads a line that begins with `word`: to make all commands takes longer than
 * most of them do. `exit` is told the exit code of the command that was called, when it is not 0.
 */
export function createProgram(exit: Parameters<CreateCommand>[0], word = 'help'): Command {
  const program = new Command('crew')
    .description('Run a team of AI agents described in a file.')
    .usage('<command> [options]')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this, or what a command does and takes')
    .helpCommand('help [command]', 'what a command does and takes')
    .configureHelp({ formatHelp, optionDescription })
    .configureOutput({ outputError: () => {} })
    .exitOverride()
    .addHelpText('after', 'Start with: crew run TEAM --rehearse (needs no key and costs nothing)')
  const isOne = word !== 'help' && NAMES.has(word)
  for (const [group, commands] of COMMANDS) {
    for (const [name, [create, summary]] of Object.entries(commands)) {
      if (isOne && name !== word) continue
      const command = create(exit).summary(summary).helpGroup(group)
      inherit(command, program)
      program.addCommand(command)
    }
  }
  return program
}

/** Also those that stand below: they were made before their command had anything to hand on. */
function inherit(command: Command, from: Command): void {
  command.copyInheritedSettings(from).helpOption('-h, --help', 'print this')
  for (const inner of command.commands) inherit(inner, from)
}

/**
 * Flags are accepted anywhere, also before the name of the command that they belong to. A first word that is no flag has
 * to be a command.
 */
export function flagsLast(argv: readonly string[]): string[] {
  const [first = ''] = argv
  if (first !== '' && !first.startsWith('-') && !NAMES.has(first)) {
    throw new CommanderError(2, 'commander.unknownCommand', `error: unknown command '${first}'`)
  }
  const at = argv.findIndex(word => NAMES.has(word))
  const name = argv[at]
  return name === undefined ? [...argv] : [name, ...argv.slice(0, at), ...argv.slice(at + 1)]
}

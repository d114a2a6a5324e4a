import { Argument, Command } from 'commander'
import type { CreateCommand } from './command.ts'
import type { Completion } from './completion/candidates.ts'
import { INSTALL, SCRIPTS, SHELLS, type Shell } from './completion/scripts.ts'

export const completion: CreateCommand = () =>
  new Command('completion')
    .description('Print a script that has a shell complete commands, options, runs, agents and gates')
    .addArgument(new Argument('<shell>', 'which shell').choices(SHELLS))
    .addHelpText(
      'after',
      `
To have it whenever a shell starts:
${SHELLS.map(shell => `  ${shell.padEnd(4)}  ${INSTALL[shell]}`).join('\n')}

Examples:
  $ eval "$(crew completion bash)"
  $ crew completion fish > ~/.config/fish/completions/crew.fish`,
    )
    .action((shell: Shell) => {
      process.stdout.write(SCRIPTS[shell])
    })

/** The word by which the scripts ask; no person types it. */
export const COMPLETE = '__complete'

/** Columns of what a word is. */
const ABOUT = 60

/**
 * Answers a script: `words` are its shell, and the words behind `crew`, or in bash the whole line. What goes wrong gives
 * nothing: whoever presses TAB is in the middle of something else.
 */
export async function answerShell(program: Command, [shell, ...words]: readonly string[]): Promise<string> {
  try {
    const [{ complete }, { splitLine }] = await Promise.all([
      import('./completion/candidates.ts'),
      import('./completion/line.ts'),
    ])
    if (shell !== 'bash') return await format(await complete(program, words), '')
    const { words: all, last } = splitLine(words.join(' '))
    // Bash completes what stands behind the last of these, and gives the rest back unasked.
    const kept = /^["']/.test(last) ? '' : (/^.*[=:]/s.exec(last)?.[0] ?? '')
    return await format(await complete(program, all.slice(1)), kept)
  } catch {
    return ''
  }
}

async function format({ offer, candidates }: Completion, kept: string): Promise<string> {
  const isPlain = candidates.every(({ value, about }) => PLAIN.test(value) && PLAIN.test(about))
  // What is only ASCII is harmless as it is, and need not wait for what knows all about the rest.
  const cut = isPlain ? (text: string) => text.slice(0, ABOUT) : await oneLine()
  // A value that would have to be changed to be harmless would not be what is meant any more.
  const lines = candidates
    .filter(({ value }) => value.startsWith(kept) && (PLAIN.test(value) || value === cut(value)))
    .map(({ value, about }) => `${value.slice(kept.length)}\t${cut(about)}\n`)
  const isOpen = candidates.length > 0 && candidates.every(({ value }) => value.endsWith('='))
  return `${offer}${isOpen ? ' nospace' : ''}\n${lines.join('')}`
}

const PLAIN = /^[ -~]*$/

async function oneLine(): Promise<(text: string) => string> {
  const { oneLine } = await import('../ui/text.ts')
  return text => oneLine(text, ABOUT)
}

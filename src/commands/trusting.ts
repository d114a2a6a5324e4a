import { createInterface } from 'node:readline/promises'
import { CrewError } from '../errors.ts'
import type { Team } from '../team/load.ts'
import type { Standing } from '../team/standing.ts'

export interface TrustOptions {
  /** `--trust`: whoever typed it says yes. */
  readonly trust?: boolean
  readonly quiet?: boolean
}

export const TRUST_OPTION = [
  '--trust',
  'let the team do what it could do (crew trust TEAM lists it), now and from now on',
] as const

/** What is to be done with the team, and how one says yes without a terminal. */
interface Plan {
  readonly rehearsal: boolean
  readonly hint: string
}

/** Who is asked, if that is a person. */
export type Person = Pick<NodeJS.Process, 'stdin' | 'stderr'>

/**
 * Whether the team may do what it could do, before anything of it is done: by an earlier answer, by `--trust`, or by
 * asking. Throws `untrusted` when it may not. A rehearsal needs nobody's leave: without it, the answer is no, and
 * the rehearsal has to execute nothing at all.
 */
export async function obtainTrust(
  team: Team,
  { trust = false, quiet = false }: TrustOptions,
  { rehearsal, hint }: Plan,
  person: Person = process,
): Promise<boolean> {
  const { standingOf, trustTeam } = await import('../team/standing.ts')
  const standing = await standingOf(team)
  if (standing.state !== 'unknown') return true
  if (!trust && rehearsal) {
    if (!quiet && standing.capabilities.some(({ isPure }) => isPure)) person.stderr.write(invented(hint))
    return false
  }
  if (!trust && !(await ask(team, standing, hint, person))) {
    throw new CrewError('untrusted', 'nothing was run: nobody trusts this team', { hint })
  }
  const { systemClock } = await import('../clock.ts')
  await trustTeam(team, standing, systemClock)
  return true
}

function invented(hint: string): string {
  return `crew: nobody trusts this team yet: its programs do not run, and their answers are invented (${hint})\n`
}

/** Asks whoever sits at the terminal. Throws `untrusted` when nobody does. */
async function ask(team: Team, standing: Standing, hint: string, person: Person): Promise<boolean> {
  const { stdin, stderr } = person
  if (stdin.isTTY && stderr.isTTY) {
    const changed = await changeIn(team, standing)
    if (changed !== undefined) stderr.write(`crew: ${changed}\n`)
    const isCut = await show(team, standing, stderr)
    return agreed('Run it?', person, isCut ? () => show(team, standing, stderr, true) : undefined)
  }
  const { summarizeCapabilities } = await import('../ui/capabilities.ts')
  const could = `it could ${summarizeCapabilities(standing.capabilities)}`
  const changed = await changeIn(team, standing)
  const why = changed === undefined ? `nobody trusts this team yet: ${could}` : `${changed}; ${could}`
  throw new CrewError('untrusted', why, { hint })
}

/** That the team was trusted once, and is another now, if it is so. */
async function changeIn(team: Team, standing: Standing): Promise<string | undefined> {
  const [{ changeSince }, { reveal }] = await Promise.all([
    import('../team/standing.ts'),
    import('../ui/text.ts'),
  ])
  const change = await changeSince(team, standing)
  if (change === undefined) return undefined
  return `this team is not what was trusted: ${reveal(change.length > MOST ? `${change.slice(0, MOST)}…` : change)}`
}

/** Characters of a change; the list says the rest. */
const MOST = 300

/** Lists what the team could do; whether something had to be left out. */
export async function show(
  { path, root }: Pick<Team, 'path' | 'root'>,
  { capabilities }: Standing,
  stream: NodeJS.WriteStream,
  all = false,
): Promise<boolean> {
  const [{ formatCapabilities }, { styleFor }, { reveal }] = await Promise.all([
    import('../ui/capabilities.ts'),
    import('../ui/style.ts'),
    import('../ui/text.ts'),
  ])
  const { lines, isCut } = formatCapabilities(capabilities, styleFor(stream), { all })
  const name = path === '-' ? 'the team from stdin' : path
  const head = `${reveal(name)}, working in ${reveal(root)}, could:`
  stream.write(`${[head, ...lines].join('\n')}\n`)
  return isCut
}

/** Asks a question that only a clear yes answers with yes; `a` shows what was left out, if anything, and asks again. */
export async function agreed(
  question: string,
  { stdin, stderr }: Person,
  showAll?: () => Promise<unknown>,
): Promise<boolean> {
  const lines = createInterface({ input: stdin, output: stderr })
  const over = new AbortController()
  // Who closes the terminal, or presses Ctrl-C or Ctrl-D, has not said yes.
  lines.once('close', () => over.abort())
  try {
    for (;;) {
      const choices = showAll ? '[y/N/a: show all]' : '[y/N]'
      const answer = await lines.question(`${question} ${choices} `, { signal: over.signal })
      const word = answer.trim().toLowerCase()
      if (word !== 'a' || !showAll) return word === 'y' || word === 'yes'
      await showAll()
    }
  } catch (thrown) {
    if (!over.signal.aborted) throw thrown
    stderr.write('\n')
    return false
  } finally {
    lines.close()
  }
}

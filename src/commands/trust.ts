import { Command } from 'commander'
import { CrewError, EXIT } from '../errors.ts'
import type { Answer } from '../trust.ts'
import type { CreateCommand } from './command.ts'
import { agreed, show } from './trusting.ts'

interface Options {
  readonly list?: boolean
  readonly revoke?: string
  readonly json?: boolean
}

export const trust: CreateCommand = exit =>
  new Command('trust')
    .description('Show all that a team could do outside of its run, and let it')
    .argument('[team]', 'the team file: .yaml, .yml or .json')
    .option('--list', 'list the teams that are trusted, and whether they are still what they were')
    .option('--revoke <team>', 'trust a team no more: its file, the beginning of its hash, or all')
    .option('--json', 'one JSON document on stdout; with a team: what it could do, without trusting it')
    .addHelpText(
      'after',
      `
Examples:
  $ crew trust team.yaml
  $ crew trust --list
  $ crew trust --revoke team.yaml`,
    )
    .action(async (file: string | undefined, options: Options) => {
      const { list, revoke: whom, json = false } = options
      if ([file, list, whom].filter(each => each !== undefined).length !== 1) {
        throw new CrewError('usage', 'crew trust takes a team file, --list, or --revoke', {
          hint: 'see how with: crew trust --help',
        })
      }
      if (whom !== undefined) return revokeTrust(whom)
      if (file === undefined) return listTrusted(json)
      if (!(await trustFile(file, json))) exit(EXIT.failed)
    })

/** Shows what a team could do, and keeps the answer: that of the person at the terminal, or the command itself. */
async function trustFile(file: string, json: boolean): Promise<boolean> {
  const [{ loadTeam }, { standingOf, trustTeam }, { systemClock }] = await Promise.all([
    import('../team/load.ts'),
    import('../team/standing.ts'),
    import('../clock.ts'),
  ])
  const team = await loadTeam(file)
  const standing = await standingOf(team)
  const { capabilities, hash, state } = standing
  if (json) {
    const could = capabilities.map(({ kind, at, says, data }) => ({ kind, at, says, data }))
    process.stdout.write(
      `${JSON.stringify({ team: file, folder: team.root, hash, state, could }, null, 2)}\n`,
    )
    return true
  }
  if (state === 'harmless') {
    say(
      'crew: this team needs no trust: it runs nothing, and talks to nobody but the providers of its models',
    )
    return true
  }
  await show(team, standing, process.stderr, true)
  if (state === 'trusted') {
    say('crew: it is trusted already')
    return true
  }
  const isAsked = process.stdin.isTTY && process.stderr.isTTY
  if (isAsked && !(await agreed('Trust it?', process))) {
    say('crew: it is not trusted')
    return false
  }
  await trustTeam(team, standing, systemClock)
  say('crew: it is trusted from now on, until one of these changes')
  return true
}

async function listTrusted(json: boolean): Promise<void> {
  const [{ answers }, { stateOf }, { formatTable, terminalWidth }, { whileWaiting }] = await Promise.all([
    import('../trust.ts'),
    import('../team/standing.ts'),
    import('../ui/table.ts'),
    import('../ui/wait.ts'),
  ])
  const kept = await answers()
  const states = await whileWaiting('looking at what is trusted', () => Promise.all(kept.map(stateOf)))
  if (json) {
    const rows = kept.map((answer, index) => ({ ...answer, state: states[index] ?? '' }))
    process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`)
    return
  }
  if (kept.length === 0) return say('crew: no team is trusted yet')
  const { formatDay } = await import('../ui/format.ts')
  const rows = kept.map(({ at, hash, file, shown }, index) => [
    formatDay(at),
    hash.slice(0, 8),
    states[index] ?? '',
    file === '-' ? 'from stdin' : file,
    `${shown.length} ${shown.length === 1 ? 'thing' : 'things'}`,
  ])
  const table = formatTable([{}, {}, {}, { shrinks: true }, {}], rows, terminalWidth(process.stdout))
  process.stdout.write(`${table.join('\n')}\n`)
}

/** A hash is as good as its beginning. */
const SHORTEST = 6

async function revokeTrust(whom: string): Promise<void> {
  const [{ revoke }, { about }] = await Promise.all([import('../trust.ts'), import('../team/standing.ts')])
  const isFile = await about(whom)
  const isMeant = (answer: Answer) =>
    whom === 'all' || isFile(answer) || (whom.length >= SHORTEST && answer.hash.startsWith(whom))
  const revoked = await revoke(isMeant)
  if (revoked.length === 0 && whom !== 'all') {
    throw new CrewError('usage', `${whom} is not trusted`, { hint: 'see what is with: crew trust --list' })
  }
  const { sanitize } = await import('../ui/text.ts')
  for (const { file, hash } of revoked)
    say(sanitize(`crew: ${file} (${hash.slice(0, 8)}) is trusted no more`))
  if (revoked.length === 0) say('crew: no team was trusted')
}

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}

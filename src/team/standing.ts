import { existsSync } from 'node:fs'
import { realpath } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import type { Clock } from '../clock.ts'
import { toCrewError } from '../errors.ts'
import { thisPerson } from '../person.ts'
import { type Answer, answers, isTrusted, keep } from '../trust.ts'
import { loadTeam, type Nest, type Team } from './load.ts'
import { type Capability, capabilitiesOf, fingerprintOf, needsTrust } from './trust.ts'

/** How far a team is trusted. */
export interface Standing {
  readonly capabilities: readonly Capability[]
  /** Of all of them. */
  readonly hash: string
  /** `harmless`: it can do nothing that anybody would have to be asked about. */
  readonly state: 'harmless' | 'trusted' | 'unknown'
}

/** Looks at what a team could do and at the answers that are kept; does nothing of it. */
export async function standingOf(team: Nest): Promise<Standing> {
  const capabilities = capabilitiesOf(team)
  const hash = await fingerprintOf(team, capabilities)
  if (!needsTrust(capabilities)) return { capabilities, hash, state: 'harmless' }
  return { capabilities, hash, state: (await isTrusted(hash)) ? 'trusted' : 'unknown' }
}

/** Keeps the answer of whoever runs this process: the team may do what it could do. */
export async function trustTeam(
  { root, path }: Pick<Team, 'root' | 'path'>,
  { capabilities, hash }: Standing,
  clock: Clock,
): Promise<void> {
  const file = fileOf({ root, path })
  await keep({ hash, folder: root, file, at: clock.now(), by: thisPerson(), shown: shownOf(capabilities) })
}

/** What is another since somebody trusted the team file last, in words; undefined where nobody ever did. */
export async function changeSince(
  team: Pick<Team, 'root' | 'path'>,
  { capabilities }: Pick<Standing, 'capabilities'>,
): Promise<string | undefined> {
  if (team.path === '-') return undefined
  const file = fileOf(team)
  const last = (await answers()).findLast(answer => answer.file === file)
  if (!last) return undefined
  const shown = shownOf(capabilities)
  const [first, ...more] = shown.filter(line => !last.shown.includes(line))
  if (first !== undefined) return `new is ${first}${more.length > 0 ? `, and ${more.length} more` : ''}`
  const gone = last.shown.find(line => !shown.includes(line))
  return gone === undefined ? 'what it names, like a script, is not the same' : `without ${gone}`
}

function fileOf({ root, path }: Pick<Team, 'root' | 'path'>): string {
  return path === '-' ? path : join(root, basename(path))
}

function shownOf(capabilities: readonly Capability[]): string[] {
  return capabilities.map(({ at, says }) => `${at}: ${says}`)
}

/** Whether what was allowed is still what the team file says: `gone` when there is none, `broken` when it cannot be read. */
export async function stateOf({
  file,
  hash,
  folder,
}: Answer): Promise<'as it was' | 'changed' | 'gone' | 'broken' | ''> {
  // What came on stdin is nowhere.
  if (file === '-') return ''
  if (!existsSync(file)) return 'gone'
  try {
    const team = await loadTeam(file)
    const standing = await standingOf(team)
    return standing.hash === hash && team.root === folder ? 'as it was' : 'changed'
  } catch (thrown) {
    if (toCrewError(thrown).code === 'defect') throw thrown
    return 'broken'
  }
}

/** Tells the answers about the team file at `path`, whether it is still there or not. */
export async function about(path: string): Promise<(answer: Answer) => boolean> {
  const folder = await realpath(dirname(path)).catch(() => resolve(dirname(path)))
  const file = join(folder, basename(path))
  return answer => answer.file === file
}

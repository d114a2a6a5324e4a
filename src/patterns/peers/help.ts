import type { Steps, TeamContext } from '../../coordination/ask.ts'
import { pathOf } from '../../coordination/ask-for.ts'
import { assemble } from '../../coordination/assemble.ts'
import { attempt } from '../../coordination/attempt.ts'
import { quoted } from '../../coordination/sameness.ts'
import { CrewError } from '../../errors.ts'
import type { Packet } from '../../exchange/packet.ts'
import type { Json, JsonObject } from '../../json.ts'
import { type Assessment, assess, availableTo, type Need, type Request } from './assess.ts'
import { type Addressed, type Asking, type Letters, lettersOf } from './letters.ts'

/** Peers, and how far they may go. */
export interface Circle {
  readonly peers: readonly string[]
  /** How many requests one of them takes in a run. */
  readonly capacity: number
  /** How many requests may hang on each other in a chain. */
  readonly depth: number
  /** Key of the step in which all of it happens. */
  readonly root: string
}

export interface Solved {
  readonly output: Json
  /** What each gave last, those who helped included. */
  readonly steps: Steps
}

/** Has the last one on the path do a task that it has assessed: alone, with help, or by passing it on whole. */
export async function solve(
  team: TeamContext,
  circle: Circle,
  request: Request,
  { can, needs, why }: Assessment,
): Promise<Solved> {
  const { path, packet } = request
  const peer = path.at(-1) ?? ''
  if (can === 'all') {
    const output = await team.ask(peer, { key: 'work', packet })
    return { output, steps: { [peer]: { output } } }
  }
  if (path.length > circle.depth) throw tooDeep(path, circle, why)
  if (can === 'none') {
    const whole = { what: packet.current ?? packet.task, from: needs[0]?.from ?? null }
    const progress = [packet.progress, `${peer} had this, did nothing of it, and passes it on whole.`]
    const asked = { ...packet, progress: progress.filter(Boolean).join('\n') }
    const [given] = await getHelp(team, circle, path, [{ ...whole, packet: asked }])
    const output = given?.output ?? null
    return { output, steps: { ...given?.steps, [peer]: { output } } }
  }
  const mine = packet.current ?? packet.task
  const progress = `${peer} has this task, does the rest of it, and asks for help:\n${mine}`
  const parts = needs.map(need => ({ ...need, packet: { task: packet.task, progress, current: need.what } }))
  const given = await getHelp(team, circle, path, parts)
  const output = await assemble(team, {
    ...{ key: 'work', by: peer, results: byPeer(given) },
    task: `${[packet.task, packet.current].filter(Boolean).join('\n\n')}\n\nOthers have helped you with it; what is left of it, you do.`,
  })
  return { output, steps: { ...Object.assign({}, ...given.map(({ steps }) => steps)), [peer]: { output } } }
}

type Help = Solved & { readonly by: string }

/** Something that is asked for, and what the peers said to it. */
interface Case extends Asking {
  readonly packet: Packet
  readonly from: string | null
  readonly accepted: Map<string, Assessment>
  readonly refused: Map<string, Refusal>
  given?: Help
}

/** Why a peer does not do it, and the failure if there was one. */
interface Refusal {
  readonly why: string
  readonly error?: CrewError
}

/**
 * Has other peers do what one of them needs: they are asked in parallel, the best of those who accept does it, and
 * another one when that one fails. All needs go from round to round together, so that who gets what follows from
 * their order, and not from who is faster. Throws `nobody-willing` when all declined.
 */
async function getHelp(
  team: TeamContext,
  circle: Circle,
  path: readonly string[],
  needs: readonly (Need & { readonly packet: Packet })[],
): Promise<Help[]> {
  const cases = needs.map((need, index): Case => {
    const correlationId = pathOf(team, `need-${index + 1}`)
    return { ...need, number: index + 1, correlationId, accepted: new Map(), refused: new Map() }
  })
  const others = availableTo(circle.peers, path)
  const letters = lettersOf(team, circle, path)
  for (let round = 1; ; round += 1) {
    const open = cases.filter(({ given }) => !given)
    if (open.length === 0) return cases.flatMap(({ given }) => given ?? [])
    const hopeless = open.find(each => each.accepted.size === 0 && candidatesFor(each, others).length === 0)
    if (hopeless) throw nobodyWilling(path, hopeless, others)
    const asked = { team, circle, letters, path, others, key: `help-${round}` }
    const declined = await inquire(asked, open)
    await assign(asked, open, declined)
  }
}

/** One round of asking. */
interface Round {
  readonly team: TeamContext
  readonly circle: Circle
  readonly letters: Letters
  readonly path: readonly string[]
  /** Who may be asked, in the order of the file. */
  readonly others: readonly string[]
  readonly key: string
}

type Declined = Addressed & Refusal

/** Asks those who come next about everything that nobody has accepted yet; gives those who will not. */
async function inquire(round: Round, open: readonly Case[]): Promise<Declined[]> {
  const { team, circle, letters, path, others, key } = round
  const wanted = open.flatMap(each => candidatesFor(each, others).map(peer => ({ each, peer })))
  if (wanted.length === 0) return []
  const full = await letters.request(`${key}/request`, wanted)
  const ask = async ({ each, peer }: { readonly each: Case; readonly peer: string }) => {
    if (full.includes(`${each.number}/${peer}`)) {
      refuse(each, peer, { why: letters.atCapacity })
      return []
    }
    const request = { path: [...path, peer], packet: each.packet }
    const step = `${key}/assess/${each.number}/${peer}`
    const asked = await attempt(team, assess(team, circle.peers, request, step))
    if ('output' in asked && asked.output.can !== 'decline') {
      each.accepted.set(peer, asked.output)
      return []
    }
    const refusal = 'error' in asked ? failed(asked.error) : { why: asked.output.why }
    refuse(each, peer, refusal)
    return { each, peer, ...refusal }
  }
  return (await Promise.all(wanted.map(ask))).flat()
}

/** Whoever was asked for by name, or else all who have not refused. */
function candidatesFor({ from, accepted, refused }: Case, others: readonly string[]): string[] {
  if (accepted.size > 0) return []
  const left = others.filter(peer => !refused.has(peer))
  return from !== null && left.includes(from) ? [from] : left
}

/** Has the best of those who accepted do each thing that is asked for. */
async function assign(round: Round, open: readonly Case[], declined: readonly Declined[]): Promise<void> {
  const { letters, others, key } = round
  const ranked = open.map(each => ({ each, peers: byFitness(each, others) }))
  const { chosen, full } = await letters.choose(`${key}/choose`, declined, ranked)
  const working = open.map(async each => {
    for (const peer of byFitness(each, others))
      if (full.includes(`${each.number}/${peer}`)) refuse(each, peer, { why: letters.atCapacity })
    const peer = chosen[each.number]
    const assessment = each.accepted.get(peer ?? '')
    return peer === undefined || !assessment ? [] : work(round, each, peer, assessment)
  })
  const ended = (await Promise.all(working)).flat()
  if (ended.length > 0) await letters.reply(`${key}/reply`, ended)
  // A chain that is too long is not the fault of its last link: nobody else is asked.
  const failures = open.flatMap(({ refused }) => [...refused.values()].flatMap(({ error }) => error ?? []))
  const limit = failures.find(({ code }) => code === 'limit-depth')
  if (limit) throw limit
}

/** Those who accepted: who can do all of it before who needs help, and these before who passes it on. */
function byFitness({ accepted }: Case, others: readonly string[]): string[] {
  const fitness = (peer: string) => ['all', 'part', 'none'].indexOf(accepted.get(peer)?.can ?? '')
  return others.filter(peer => accepted.has(peer)).sort((a, b) => fitness(a) - fitness(b))
}

async function work({ team, circle, path, key }: Round, each: Case, peer: string, assessment: Assessment) {
  const { number, what, accepted, refused, packet } = each
  const { can, why } = assessment
  const step = `${key}/${number}/${peer}`
  const told = {
    accepted: Object.fromEntries([...accepted].map(([name, { can }]) => [name, can])),
    declined: Object.fromEntries([...refused].map(([name, { why }]) => [name, why])),
  }
  const decide = (decision: string, reason: string, values: JsonObject) =>
    team.ctx.emit({ type: 'decision', key: pathOf(team, `${key}/choose`), what: decision, reason, values })
  decide('assign', `${peer} takes ${quoted(what)}: ${why}`, { peer, path: [...path, peer], can, ...told })
  const request = { path: [...path, peer], packet }
  const body = (inner: TeamContext) => solve(inner, circle, request, assessment)
  const ended = await attempt(team, team.group(step, body))
  if ('output' in ended) {
    each.given = { by: peer, ...ended.output }
    return [{ each, peer, result: { output: ended.output.output } }]
  }
  const { error } = ended
  refuse(each, peer, failed(error))
  decide('peer-failed', `${peer} took ${quoted(what)} and failed: ${error.message}`, {
    peer,
    error: error.code,
  })
  return [{ each, peer, result: { error: error.message } }]
}

function refuse({ accepted, refused }: Case, peer: string, refusal: Refusal): void {
  accepted.delete(peer)
  refused.set(peer, refusal)
}

function failed(error: CrewError): Refusal {
  return { why: `it failed: ${error.message}`, error }
}

/** What each gave, by its name, with the number of the need where one gave several things. */
function byPeer(given: readonly Help[]): Record<string, Json> {
  const named = given.map(({ by, output }, index) => {
    const isRepeated = given.some((other, place) => other.by === by && place < index)
    return [isRepeated ? `${by} (${index + 1})` : by, output]
  })
  return Object.fromEntries(named)
}

function tooDeep(path: readonly string[], { depth }: Circle, why: string): CrewError {
  const asker = path.at(-1)
  return new CrewError(
    'limit-depth',
    `${path.join(' → ')}: ${asker} needs help too (${why}), but no more than ${depth} may hang on each other`,
    { hint: 'give pattern.depth a higher number, or say in the roles who can do what alone' },
  )
}

function nobodyWilling(
  path: readonly string[],
  { what, refused }: Case,
  others: readonly string[],
): CrewError {
  const refusals = others.flatMap(peer => {
    const refusal = refused.get(peer)
    return refusal ? [{ peer, ...refusal }] : []
  })
  const reasons = refusals.map(({ peer, why }) => `\n  ${peer}: ${why}`)
  const errors = refusals.flatMap(({ error }) => error ?? [])
  return new CrewError(
    'nobody-willing',
    `nobody takes ${quoted(what)}, which ${path.join(' → ')} asked for${reasons.join('')}`,
    {
      hint: 'name a peer who can do it, or raise pattern.capacity where that was the reason',
      because: errors.flatMap(({ details: { step, because = [] } }) => (step ? [step, ...because] : because)),
    },
  )
}

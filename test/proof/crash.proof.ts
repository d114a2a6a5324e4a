import { availableParallelism } from 'node:os'
import { describe, expect, it } from 'vitest'
import { everyTrial } from '../helpers/every-trial.ts'
import { seeded } from '../helpers/faults.ts'
import { type Calm, type Chain, type Kill, killAgainAndAgain, runCalmly } from '../helpers/kills.ts'
import { proofSeed } from '../helpers/proof.ts'

const KILLS = Number(process.env.CREW_KILLS ?? 2_000)

describe(`${KILLS} processes of crew that are killed with -9`, () => {
  it('at every named point and at random, in every pattern: each run ends as if nothing had happened', async () => {
    const seed = proofSeed()
    const calm: Calm[] = []
    for (const trial of await everyTrial()) calm.push(await runCalmly(trial, seeded(seed)))
    // A point is sure to be passed by a run from its beginning.
    const firsts = calm.flatMap(pointsOf(new Set()))
    const chains: Chain[] = []
    const missed: string[] = []
    let left = KILLS
    let begunChains = 0
    const lane = async () => {
      while (left > 0 || firsts.length > 0) {
        const number = begunChains
        begunChains += 1
        // What is done to a run does not depend on how fast the others are.
        const random = seeded(seed + number)
        const first = firsts.pop()
        const begun = first?.begun ?? (calm[number % calm.length] as Calm)
        const more = Array.from({ length: left > 0 ? 1 + Math.floor(random() * (first ? 4 : 12)) : 0 }, () =>
          killOf(begun, random),
        )
        const chain = await killAgainAndAgain(begun, [...(first ? [first.kill] : []), ...more], random)
        const before = left
        left -= chain.kills.length
        chains.push(chain)
        if (first && chain.kills[0] !== first.kill)
          missed.push(`${begun.named.name}: ${JSON.stringify(first.kill)}`)
        for (const problem of chain.problems)
          console.log(`${chain.named.pattern}, ${chain.named.name}: ${problem}`)
        // It takes minutes.
        if (Math.floor((KILLS - before) / 200) < Math.floor((KILLS - left) / 200))
          console.log(`${KILLS - left} kills`)
      }
    }
    await Promise.all(Array.from({ length: availableParallelism() + 1 }, lane))
    report(chains)
    const problems = chains.flatMap(({ named, kills, problems }) =>
      problems.map(
        problem => `${named.pattern}, ${named.name}: ${problem}\n  after ${JSON.stringify(kills)}`,
      ),
    )
    expect({ problems, missed }, `seed ${seed}`).toEqual({ problems: [], missed: [] })
  })
})

/** The points that a run passes, less those that its pattern has been put to in another one. */
function pointsOf(taken: Set<string>) {
  return (begun: Calm): { begun: Calm; kill: Kill }[] => {
    const { named, events } = begun
    // The beginning is written by the store itself.
    const types = [...new Set(events.map(({ type }) => type))].filter(type => type !== 'run.started')
    const acts = events.some(event => event.type === 'step.started' && event.effects)
    const points = types.flatMap(type => [`before:${type}`, `after:${type}`])
    return [...points, ...(acts ? ['act:before', 'act:after'] : [])].flatMap(point => {
      const name = `${named.pattern} ${point}`
      if (taken.has(name)) return []
      taken.add(name)
      return [{ begun, kill: { by: 'point', point } as const }]
    })
  }
}

function killOf({ events, milliseconds }: Calm, random: () => number): Kill {
  const pick = (count: number) => Math.floor(random() * count)
  const dice = random()
  if (dice < 0.2) return { by: 'time', delay: random() * milliseconds }
  if (dice < 0.4) {
    const { type } = events[pick(events.length)] ?? { type: 'run.resumed' }
    const name = ['act:before', 'act:after', `before:${type}`, `after:${type}`][pick(4)]
    return { by: 'point', point: `${name}:${1 + pick(3)}` }
  }
  return { by: 'event', count: 1 + pick(6), delay: random() * 25 }
}

function report(chains: readonly Chain[]): void {
  const sum = (of: (chain: Chain) => number, among = chains) =>
    among.reduce((total, chain) => total + of(chain), 0)
  const rows = [...new Set(chains.map(({ named }) => named.pattern))].map(pattern => {
    const those = chains.filter(({ named }) => named.pattern === pattern)
    const struck = those.flatMap(({ kills }) => kills)
    const by = (what: Kill['by']) => struck.filter(kill => kill.by === what).length
    return {
      pattern,
      runs: those.length,
      kills: struck.length,
      'at a point': by('point'),
      'behind an event': by('event'),
      'in time': by('time'),
      'before the run': sum(({ early }) => early, those),
      'acts in flight': sum(({ inFlight }) => inFlight, those),
      'calls resent': sum(({ resent }) => resent, those),
      'most kills of a run': Math.max(...those.map(({ kills }) => kills.length)),
      wrong: those.filter(({ problems }) => problems.length > 0).length,
    }
  })
  console.table(rows)
  const kills = sum(({ kills }) => kills.length)
  console.log(`${kills} kills of ${chains.length} runs; ${sum(({ resent }) => resent)} calls were sent again`)
}

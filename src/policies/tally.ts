import { type Amount, amountOf, NOTHING, plus } from '../spend.ts'
import { pathTo, type RunView } from '../store/view.ts'

/**
 * What an agent of the team that works in the step `team` has spent in a run: by itself, without what others spent
 * that it asked; or with all that was done inside of it.
 */
export type Tally = (team: string, agent: string, what: 'own' | 'inside') => Amount

/** Of a run as it is recorded: read once, however many agents there are. */
export function tallyOf(view: RunView): Tally {
  const own = new Map<string, Amount>()
  const inside = new Map<string, Amount>()
  for (const step of view.steps.values()) {
    if (step.agent === undefined || step.spent.calls === 0) continue
    const around = pathTo(view, step.key).slice(0, -1)
    const spent = amountOf(step.spent)
    const name = nameOf(teamOf(around), step.agent)
    add(inside, name, spent, 1)
    add(own, name, spent, 1)
    const asking = around.findLastIndex(({ agent }) => agent !== undefined)
    const { agent = '' } = around[asking] ?? {}
    if (asking >= 0) add(own, nameOf(teamOf(around.slice(0, asking)), agent), spent, -1)
  }
  return (team, agent, what) => (what === 'own' ? own : inside).get(nameOf(team, agent)) ?? NOTHING
}

/** The step in which a team works whose member has these steps around it. */
function teamOf(around: readonly { readonly kind: string; readonly key: string }[]): string {
  return around.findLast(({ kind }) => kind === 'team')?.key ?? ''
}

function nameOf(team: string, agent: string): string {
  return JSON.stringify([team, agent])
}

function add(amounts: Map<string, Amount>, name: string, spent: Amount, sign: number): void {
  amounts.set(name, plus(amounts.get(name) ?? NOTHING, spent, sign))
}

import * as z from 'zod'
import { template } from '../agents/agent.ts'
import type { Steps, TeamContext } from '../coordination/ask.ts'
import { assemble } from '../coordination/assemble.ts'
import { render, renderList } from '../expressions/template.ts'
import { asText, type Json } from '../json.ts'
import { awardAll, type Done, type Lot } from './auction/award.ts'
import { askForBid, offerOf } from './auction/bids.ts'
import type { Node, Pattern } from './pattern.ts'

const declared = z
  .strictObject({
    score: z.number().gt(0).max(1).optional().describe('How well it does such tasks, up to 1'),
    cost: z.number().min(0).optional().describe('What one task costs, in US dollars'),
    time: z.number().min(0).optional().describe('Seconds that one takes; 0 by default'),
  })
  .refine(
    ({ score, cost, time }) => (score === undefined ? (cost ?? time) === undefined : cost !== undefined),
    'a declared bid needs a score and a cost; without any of it the agent is asked for its bid',
  )

const schema = z.strictObject({
  kind: z.literal('auction'),
  tasks: z
    .union([z.array(template).min(1), template])
    .describe('What is to be done, or a template that gives a list of it'),
  bidders: z
    .union([
      z.array(z.string()).min(1),
      z.record(z.string(), declared).refine(map => Object.keys(map).length > 0, 'name at least one bidder'),
    ])
    .describe(
      'Agents that are asked for a bid on every task; or a map of them, with the bids of some declared',
    ),
  capacity: z.int().min(1).optional().describe('How many tasks one bidder works on at once; 1 by default'),
  minScore: z.number().gt(0).max(1).optional().describe('The lowest score of a valid bid; 0.5 by default'),
  rounds: z
    .int()
    .min(1)
    .optional()
    .describe('How often one task is awarded at the most: again when a winner fails; 3 by default'),
  assemble: z
    .string()
    .optional()
    .describe('An agent that makes one result out of all, or concat, or json (default): a list'),
  onFailure: z
    .enum(['fail', 'continue'])
    .optional()
    .describe('fail (default): a task that nobody does ends it; continue: go on with the others'),
})

type Spec = z.infer<typeof schema>

/** Tasks go to the agents that bid best for them: at the lowest cost for what the work is worth. */
export const auction = {
  kind: 'auction',
  schema,

  async run(team, spec) {
    const tasks = tasksOf(team, spec)
    // Whatever comes first: bids do not depend on each other, nor on what is done for others.
    const lots = await Promise.all(tasks.map((task, index) => announce(team, spec, task, index + 1)))
    const { capacity = 1, rounds = 3, onFailure = 'fail' } = spec
    const terms = { capacity, rounds, onFailure }
    const done = await team.group('tasks', group => awardAll(group, lots, terms))
    return combine(team, spec, done)
  },

  graph({ bidders, assemble }) {
    const nodes = Object.entries(bidders).map(([name, bidder]): Node => {
      const [step, path] = typeof bidder === 'string' ? [bidder, Number(name)] : [name, name]
      return { step, agent: step, path: ['bidders', path], after: [], optional: true, variables: ['item'] }
    })
    if (!isAgent(assemble)) return { nodes }
    const after = nodes.map(({ step }) => step)
    return { nodes: [...nodes, { step: assemble, agent: assemble, path: ['assemble'], after }] }
  },
} satisfies Pattern<Spec>

function tasksOf({ scope }: TeamContext, { tasks }: Spec): readonly Json[] {
  if (typeof tasks === 'string') return renderList('tasks', tasks, scope)
  return tasks.map(task => render(task, scope))
}

/** Asks everybody at once for a bid, except those whose bid is declared. */
async function announce(
  team: TeamContext,
  { bidders, minScore = 0.5 }: Spec,
  task: Json,
  number: number,
): Promise<Lot> {
  const request = handed(team, task)
  const known: Readonly<Record<string, z.infer<typeof declared>>> = Array.isArray(bidders)
    ? Object.fromEntries(bidders.map(name => [name, {}]))
    : bidders
  const offers = Object.entries(known).map(([bidder, { score, cost, time = 0 }]) => {
    if (score === undefined || cost === undefined)
      return askForBid(team, bidder, { key: `bids/${number}/${bidder}`, ...request }, minScore)
    const bid = { willing: true, capable: true, score, cost, time, why: 'declared in the team file' }
    return offerOf(bidder, bid, minScore)
  })
  return { number, task, request, offers: await Promise.all(offers), failed: new Map() }
}

/** Each bidder is handed the one task, not the list that it comes from, nor others as large. */
function handed(team: TeamContext, item: Json): Lot['request'] {
  const given = Object.entries(team.input)
  const short = given.filter(([, value]) => typeof value !== 'object')
  const inWords = short.map(([name, value]) => `${name}: ${value}`).join('\n')
  const task = short.length === given.length ? team.task : inWords
  const packet = task ? { task, current: asText(item) } : { task: asText(item) }
  return { packet, scope: { ...team.scope, item } }
}

function isAgent(assemble: string | undefined): assemble is string {
  return assemble !== undefined && assemble !== 'json' && assemble !== 'concat'
}

async function combine(team: TeamContext, { assemble: by }: Spec, { results, failures }: Done) {
  const missing = Object.keys(failures)
  if (missing.length > 0) {
    const reason = `went on without task ${missing.join(', ')}`
    team.ctx.emit({ type: 'decision', key: team.ctx.key, what: 'partial', reason, values: failures })
  }
  const done = results.flatMap((result, index) => (result ? { ...result, number: index + 1 } : []))
  const steps: Steps = Object.fromEntries(done.map(({ by, output }) => [by, { output }]))
  if (isAgent(by)) {
    const output = await assemble(team, {
      ...{ key: by, by, task: team.task },
      results: Object.fromEntries(done.map(({ number, by, output }) => [`task ${number} (${by})`, output])),
      failures: Object.fromEntries(Object.entries(failures).map(([number, why]) => [`task ${number}`, why])),
      scope: { ...team.scope, steps },
    })
    return { output, steps: { ...steps, [by]: { output } } }
  }
  const outputs = results.map(result => result?.output ?? null)
  return { output: by === 'concat' ? done.map(({ output }) => asText(output)).join('\n\n') : outputs, steps }
}

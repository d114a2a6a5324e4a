import * as z from 'zod'
import { pathOf } from '../coordination/ask-for.ts'
import type { Pattern } from './pattern.ts'
import { assess } from './peers/assess.ts'
import { solve } from './peers/help.ts'

const schema = z
  .strictObject({
    kind: z.literal('peers'),
    start: z.string().describe('The peer that gets the task first, and answers for it in the end'),
    peers: z.array(z.string()).min(1).describe('All who can be asked for help, the first one included'),
    capacity: z
      .int()
      .min(1)
      .optional()
      .describe('How many requests of others one peer takes on in a run; 2 by default'),
    depth: z
      .int()
      .min(1)
      .optional()
      .describe('How many requests may hang on each other in a chain; 4 by default'),
  })
  .superRefine(({ start, peers }, context) => {
    if (peers.includes(start)) return
    context.addIssue({ code: 'custom', path: ['start'], message: `"${start}" is not among the peers` })
  })

type Spec = z.infer<typeof schema>

/** No centre: whoever has the task does it, asks others for parts of it, or passes it on whole. */
export const peers = {
  kind: 'peers',
  schema,

  async run(team, { start, peers, capacity = 2, depth = 4 }) {
    const request = { path: [start], packet: { task: team.task } }
    const assessment = await assess(team, peers, request, `assess/${start}`)
    const circle = { peers, capacity, depth, root: pathOf(team, start) }
    return team.group(start, group => solve(group, circle, request, assessment))
  },

  graph({ start, peers }) {
    const nodes = peers.map((step, index) => ({
      ...{ step, agent: step, path: ['peers', index], after: [], output: {} },
      ...(step !== start && { optional: true }),
    }))
    // Nobody asks the first one: it waits for the answer of all the others.
    const edges = peers.flatMap(from =>
      peers.filter(to => to !== from && to !== start).map(to => ({ from, to, label: 'asks' })),
    )
    return { nodes, edges }
  },
} satisfies Pattern<Spec>

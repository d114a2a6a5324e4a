import { describe, expect, it } from 'vitest'
import { graphOf } from '../../src/team/graph.ts'
import { draw } from '../../src/ui/graph/draw.ts'
import { PLAIN } from '../../src/ui/style.ts'
import { team } from '../helpers/teams.ts'

const INNER = {
  name: 'diggers',
  agents: { dig: { role: 'You dig.' }, sum: { role: 'You sum up.' } },
  pattern: { kind: 'parallel', branches: ['dig'], aggregate: 'sum' },
}

const NESTED = {
  name: 'demo',
  agents: { plan: { role: 'You plan.' }, lead: { kind: 'team', team: INNER }, write: { role: 'You write.' } },
  pattern: {
    kind: 'pipeline',
    stages: ['plan', 'lead', { agent: 'write', name: 'final', when: 'input.task == "a <b> \\"c\\""' }],
  },
}

const MACHINE = {
  name: 'order',
  agents: { pay: { role: 'You take money.' } },
  pattern: {
    kind: 'graph',
    start: 'payment',
    nodes: { payment: { agent: 'pay' }, done: { end: 'succeeded' } },
    edges: [
      { from: 'payment', to: 'done', when: 'steps.payment.output != "<no> # \\"way\\""' },
      { from: 'payment', to: 'payment' },
    ],
  },
}

async function drawn(definition: object, format: 'tree' | 'mermaid' | 'dot' | 'svg'): Promise<string> {
  return draw(graphOf(await team(definition)), format, PLAIN)
}

describe('a drawing of a team', () => {
  it('is a tree in a terminal, with nested teams below the agents that they are', async () => {
    expect(await drawn(NESTED, 'tree')).toBe(
      [
        'demo (pipeline)',
        '├─ plan (llm) → lead',
        '├─ lead (team) → final',
        '│     diggers (parallel)',
        '│     ├─ dig (llm) → sum',
        '│     └─ sum (llm)',
        '└─ final write (llm, optional)',
      ].join('\n'),
    )
  })

  it('says on each way when it is taken, and shows the ways back', async () => {
    const tree = await drawn(MACHINE, 'tree')
    expect(tree).toMatch(
      /payment pay \(llm\)\n│ +→ done steps\.payment\.output != .*\n│ +→ payment otherwise/,
    )
    expect(tree).toMatch(/└─ done \(end\)$/)
  })

  it('is a Mermaid flowchart, whatever the labels contain', async () => {
    const nested = await drawn(NESTED, 'mermaid')
    expect(nested).toMatch(
      /^flowchart TD\n {2}n1\["plan"\]\n {2}subgraph n2 \["lead \(parallel\)"\]\n {4}n2_n1\["dig"\]/,
    )
    expect(nested).toMatch(/n1 --> n2\n {2}n2 --> n3$/)
    const machine = await drawn(MACHINE, 'mermaid')
    expect(machine).toContain('#quot;#lt;no#gt; #35; \\#quot;way\\#quot;#quot;')
    expect(machine).toContain('n2(["done"])')
  })

  it.each([NESTED, MACHINE])('is a graph that Graphviz can lay out', async definition => {
    expect(await drawn(definition, 'dot')).toMatch(/^digraph team \{/)
    const svg = await drawn(definition, 'svg')
    expect(svg).toMatch(/<svg /)
    for (const { name } of graphOf(await team(definition)).nodes) expect(svg).toContain(`>${name}`)
  })

  it('is refused as svg when it is too large to be laid out in this life', async () => {
    const names = Array.from({ length: 201 }, (_, index) => `a${index}`)
    const agents = Object.fromEntries(names.map(name => [name, { role: `You are ${name}.` }]))
    const huge = { agents, pattern: { kind: 'pipeline', stages: names } }
    await expect(drawn(huge, 'svg')).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringMatching(/201 nodes/),
    })
    expect(await drawn(huge, 'dot')).toMatch(/^digraph/)
  })
})

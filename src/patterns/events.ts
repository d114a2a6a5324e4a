import * as z from 'zod'
import { parseExpression } from '../expressions/cel.ts'
import { type Flow, followEvents, type Subscription } from './events/event-flow.ts'
import type { Edge, Node, Pattern } from './pattern.ts'

const topic = z.string().regex(/^[\w.:-]+$/, 'a topic has letters, digits and . _ : -')

const publication = z.union([
  topic,
  z.strictObject({
    topic,
    when: z.string().optional().describe('CEL condition that also sees its `output`'),
  }),
])

const subscriber = z.union([
  z.string(),
  z.strictObject({
    agent: z.string(),
    when: z
      .string()
      .optional()
      .describe('CEL condition over `event`, `state` and `topics`: whether it reacts'),
    publish: z
      .union([topic, z.array(publication)])
      .optional()
      .describe('Topics under which its output is published; without this it may publish by itself'),
  }),
])

const schema = z
  .strictObject({
    kind: z.literal('events'),
    start: z
      .union([
        topic,
        z.strictObject({
          topic,
          payload: z
            .json()
            .optional()
            .describe('Its payload, with templates; by default the input of the team'),
        }),
      ])
      .describe('The first event'),
    on: z.record(topic, z.array(subscriber).min(1)).describe('Who reacts to the events of each topic'),
    topics: z.array(topic).optional().describe('Further topics, which need no subscriber'),
    until: z
      .string()
      .optional()
      .describe(
        'CEL condition over `state` and `topics` that ends it; by default it ends when nothing is left to do',
      ),
    events: z.int().min(1).optional().describe('How many events there may be; 100 by default'),
    concurrency: z.int().min(1).optional().describe('Reactions at once; never more than the team allows'),
  })
  .superRefine((spec, context) => {
    const problem = (path: (string | number)[], message: string) =>
      context.addIssue({ code: 'custom', path, message })
    const { start, on } = flowOf(spec)
    if (!on.has(start.topic)) problem(['start'], `nobody subscribes to "${start.topic}" under "on"`)
    for (const [topic, subscriptions] of on) {
      for (const [index, { agent, when }] of subscriptions.entries()) {
        const path = ['on', topic, index]
        if (subscriptions.findIndex(other => other.agent === agent) < index)
          problem(path, `"${agent}" subscribes twice to "${topic}"`)
        if (when !== undefined && readsOutput(when)) {
          const better = `publish: [{ topic: …, when: ${JSON.stringify(when)} }]`
          problem([...path, 'when'], `there is no output before "${agent}" has reacted; write ${better}`)
        }
      }
    }
  })

type Spec = z.infer<typeof schema>
type Subscriber = z.infer<typeof subscriber>

const EVENTS = 100
const VARIABLES = ['event', 'state', 'topics']

/** Agents react to what happens, and make other things happen, until all is quiet. */
export const events = {
  kind: 'events',
  schema,
  run: (team, spec) => team.group('events', group => followEvents(group, flowOf(spec))),

  graph(spec) {
    const { on, topics } = flowOf(spec)
    const subscriptions = [...on].flatMap(([topic, all]) =>
      all.map((subscription, index) => {
        const path = ['on', topic, index, ...(typeof spec.on[topic]?.[index] === 'string' ? [] : ['agent'])]
        return { ...subscription, topic, path }
      }),
    )
    const after = [...new Set(subscriptions.map(({ agent }) => agent))]
    const seen = { after, optional: true, variables: VARIABLES }
    // An agent may subscribe to several topics, and is one node.
    const agents = after.map((agent): Node => {
      const path = subscriptions.find(each => each.agent === agent)?.path ?? []
      return { step: agent, agent, path, ...seen }
    })
    const told = topics.map((step): Node => ({ step, is: 'topic', path: ['on'], ...seen, output: {} }))
    const dead: Node = { step: 'dead-letters', is: 'end', path: ['on'], after, output: {} }
    const edges = subscriptions.flatMap(({ topic, agent, when, publish = [] }) => [
      labelled(topic, agent, when),
      ...publish.map(({ topic, when }) => labelled(agent, topic, when)),
    ])
    return { nodes: [...agents, ...told, dead], edges, variables: [...VARIABLES, 'output'] }
  },
} satisfies Pattern<Spec>

/** The same with all its short forms written out. */
function flowOf({
  start,
  on,
  topics = [],
  until,
  events = EVENTS,
  concurrency = Number.POSITIVE_INFINITY,
}: Spec): Flow {
  const subscriptions = Object.entries(on).map(([topic, all]): [string, Subscription[]] => [
    topic,
    all.map(subscriptionOf),
  ])
  const published = subscriptions.flatMap(([, all]) => all.flatMap(({ publish = [] }) => publish))
  const known = [...Object.keys(on), ...published.map(({ topic }) => topic), ...topics]
  return {
    start: typeof start === 'string' ? { topic: start } : start,
    on: new Map(subscriptions),
    topics: [...new Set(known)],
    open: topics,
    ...{ until, events, concurrency },
  }
}

function subscriptionOf(subscriber: Subscriber): Subscription {
  if (typeof subscriber === 'string') return { agent: subscriber }
  const { publish, ...more } = subscriber
  if (publish === undefined) return more
  return {
    ...more,
    publish: [publish].flat().map(each => (typeof each === 'string' ? { topic: each } : each)),
  }
}

/** A condition that cannot be read is complained about elsewhere. */
function readsOutput(condition: string): boolean {
  try {
    return parseExpression(condition).references.some(({ path }) => path[0] === 'output')
  } catch {
    return false
  }
}

function labelled(from: string, to: string, label: string | undefined): Edge {
  return { from, to, ...(label !== undefined && { label }) }
}

import * as z from 'zod'
import { auction } from './auction.ts'
import { blackboard } from './blackboard.ts'
import { chat } from './chat.ts'
import { events } from './events.ts'
import { graph } from './graph.ts'
import { handoff } from './handoff.ts'
import { parallel } from './parallel.ts'
import type { Pattern } from './pattern.ts'
import { peers } from './peers.ts'
import { pipeline } from './pipeline.ts'
import { refine } from './refine.ts'
import { route } from './route.ts'
import { supervisor } from './supervisor.ts'
import { tasks } from './tasks.ts'

/** Every pattern that there is. */
const PATTERNS = {
  pipeline,
  parallel,
  blackboard,
  events,
  tasks,
  graph,
  refine,
  handoff,
  route,
  chat,
  peers,
  auction,
  supervisor,
}

export const pattern = z.discriminatedUnion('kind', [
  pipeline.schema,
  parallel.schema,
  blackboard.schema,
  events.schema,
  tasks.schema,
  graph.schema,
  refine.schema,
  handoff.schema,
  route.schema,
  chat.schema,
  peers.schema,
  auction.schema,
  supervisor.schema,
])

export type PatternSpec = z.infer<typeof pattern>

export function patternOf(spec: PatternSpec): Pattern<PatternSpec> {
  // A spec is of the kind that it names: the schema above has seen to that.
  return PATTERNS[spec.kind] as Pattern<PatternSpec>
}

import type * as z from 'zod'
import { oneOf } from '../kinds.ts'
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

/** Every pattern that there is, loaded when a team uses it. */
const PATTERNS = {
  pipeline: () => pipeline,
  parallel: () => parallel,
  blackboard: () => blackboard,
  events: () => events,
  tasks: () => tasks,
  graph: () => graph,
  refine: () => refine,
  handoff: () => handoff,
  route: () => route,
  chat: () => chat,
  peers: () => peers,
  auction: () => auction,
  supervisor: () => supervisor,
}

export const pattern = oneOf(PATTERNS)

export type PatternSpec = z.infer<typeof pattern>

export function patternOf(spec: PatternSpec): Pattern<PatternSpec> {
  // A spec is of the kind that it names: the schema above has seen to that.
  return PATTERNS[spec.kind]() as Pattern<PatternSpec>
}

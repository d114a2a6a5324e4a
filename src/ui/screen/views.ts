import type { View } from './view.ts'
import { agent } from './views/agent.tsx'
import { board } from './views/board.tsx'
import { cost } from './views/cost.tsx'
import { graph } from './views/graph.tsx'
import { log } from './views/log.tsx'
import { messages } from './views/messages.tsx'
import { overview } from './views/overview.tsx'
import { timeline } from './views/timeline.tsx'

/** The views of a screen, in the order in which they are offered; and the page of an agent. */
export const VIEWS: readonly View[] = [overview, timeline, graph, messages, board, cost, log]
export const PAGE: View = agent

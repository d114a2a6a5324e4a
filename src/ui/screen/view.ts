import type { ChalkInstance } from 'chalk'
import type { ReactNode } from 'react'
import type { TeamGraph } from '../../team/graph.ts'

import type { Controls } from './controls.ts'
import type { Feed } from './feed.ts'

/** What every view of the screen is drawn from. */
export interface Scene {
  readonly id: string
  readonly feed: Feed
  /** The team as it is drawn; nested teams inside. */
  readonly graph: TeamGraph
  /** No colours where NO_COLOR is set. */
  readonly style: ChalkInstance
  /** Absent where nothing can be done any more: in a replay. */
  readonly controls?: Controls
  /** The agent that is chosen, by the key of its row. */
  readonly chosen: string | undefined
  /** What views remember while another one is shown, by their names. */
  readonly kept: Map<string, unknown>
  choose(key: string): void
  /** Opens the page of the agent that is chosen. */
  open(): void
  /**
   * A view that reads a line of text, as for a search, says so with `true`, and with `false` when it is done: all keys
   * are its own meanwhile, also Esc. Keys come through Ink's `useInput`; those in `View.keys` go to the view first.
   */
  typing?(isTyping: boolean): void
}

/** A way to look at a run. It fills exactly `rows` lines of `columns` columns, drawn with `Lines` (pane.tsx), and never more. */
export interface View {
  /** The key that leads there. */
  readonly key: string
  readonly title: string
  /** Keys that work while it is shown, besides those that always do: what is pressed, and what it does. */
  readonly keys: readonly (readonly [key: string, does: string])[]
  draw(props: { readonly scene: Scene; readonly columns: number; readonly rows: number }): ReactNode
}
